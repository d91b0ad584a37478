"""What a statement costs in rows and buffers, as PostgreSQL counts them: exact, and the same on any machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction


@dataclass(frozen=True)
class Cost:
    """Rows that were read from tables and indexes (also those that a condition then dropped), and buffers of
    8 kB that were touched, in memory or on disk."""

    rows: int = 0
    buffers: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.rows + other.rows, self.buffers + other.buffers)


def cost_of(statement: str) -> Cost:
    """Run a statement by EXPLAIN (ANALYZE, BUFFERS), and take back what it wrote. Nothing for BEGIN and the like."""
    if statement.split(None, 1)[0].upper() not in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
        return Cost()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.replace('%', '%%')}", []
        )
        (answer,) = cursor.fetchone()
        transaction.set_rollback(True)
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return Cost(_rows(plan), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _rows(plan: dict[str, Any]) -> int:
    own = 0
    if plan["Node Type"].endswith("Scan") and plan["Node Type"] != "Bitmap Index Scan":
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        own = round((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    return own + sum(_rows(part) for part in plan.get("Plans", []))
