"""Makes many tickets out of fewer, for measuring at size: copies of whole tickets inside the database.

    .venv/bin/python -m bench.grow --data-dir FOLDER --tickets 1000000

`manage.py seed` folds every ticket's clocks from its events, some hundred tickets a second. Here the tickets that there are
(seeded first where there are none: a tenth of what is wanted) are copied with all that belongs to them, under numbers of
their own: messages, events, clocks, measurements, due times, tags. Copies keep their instants, so every clock stays what
its events say (`manage.py rebuild_clocks --verify`). Tickets that something else speaks of (deliveries, surveys) are left out.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from bench.bundled import bundled, fill

SHIFTED = {
    "tickets_ticket": {"id": "ticket"},
    "tickets_message": {"id": "message", "ticket_id": "ticket"},
    "tickets_event": {"id": "event", "ticket_id": "ticket", "subject_id": "", "data": ""},
    "sla_clock": {"id": "clock", "ticket_id": "ticket", "stopped_by_message_id": "message"},
    "sla_measurement": {
        "id": "measurement", "clock_id": "clock", "message_id": "message", "ticket_id": "ticket",
    },
    "sla_ticketdue": {"ticket_id": "ticket"},
    "tickets_course": {"ticket_id": "ticket"},
    "tickets_ticket_tags": {"id": "tag", "ticket_id": "ticket"},
}  # fmt: skip
"""Columns that hold numbers which a copy gets anew, and by whose step; "" is in `SPECIAL`."""
SPECIAL = {
    "subject_id": "subject_id + CASE subject_kind WHEN 'tickets.message' THEN {message} * n"
    " WHEN 'tickets.ticket' THEN {ticket} * n ELSE 0 END",
    "data": "CASE WHEN data ? 'message' THEN"
    " jsonb_set(data, '{{message}}', to_jsonb((data->>'message')::bigint + {message} * n)) ELSE data END",
}
STEPS = {
    "ticket": "tickets_ticket", "message": "tickets_message", "event": "tickets_event", "clock": "sla_clock",
    "measurement": "sla_measurement", "tag": "tickets_ticket_tags",
}  # fmt: skip
BASE = """
CREATE TEMP TABLE base ON COMMIT DROP AS SELECT id FROM tickets_ticket t
WHERE follows_id IS NULL AND merged_into_id IS NULL AND NOT EXISTS (
  SELECT 1 FROM tickets_event e WHERE e.ticket_id = t.id
  AND e.kind !~ '^ticket[.](opened|replied|assigned|set_|resolved|closed)' AND e.kind <> 'sla.applied')
AND NOT EXISTS (SELECT 1 FROM helpdesk_delivery d JOIN tickets_message m ON m.id = d.message_id
  WHERE m.ticket_id = t.id)
"""

TALLIED = """
DELETE FROM tickets_opentally;
INSERT INTO tickets_opentally (team_id, assignee_id, status, is_snoozed, number)
SELECT team_id, assignee_id, status, snoozed_until IS NOT NULL, count(*) FROM tickets_ticket
WHERE status IN ('new', 'open', 'waiting', 'on_hold') AND deleted_at IS NULL GROUP BY 1, 2, 3, 4
"""
"""The triggers do not see the copies."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=1_000_000, help="how many there are to be")
    parser.add_argument("--data-dir", required=True)
    options = parser.parse_args()
    with bundled(options.data_dir, DB_TIMEOUT="0"):
        fill(max(1, options.tickets // 10))
        start = time.perf_counter()
        number = grow(options.tickets)
        print(f"{number} tickets after {time.perf_counter() - start:.0f} s")


def grow(tickets: int) -> int:
    """Copy tickets until there are about that many. Returns how many there are now."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        with transaction.atomic():
            # Superuser's right, and whole: what the copied rows point at is copied with them.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
            cursor.execute(BASE)
            cursor.execute("SELECT count(*) FROM tickets_ticket")
            there = _one(cursor)
            cursor.execute("SELECT count(*) FROM base")
            base = _one(cursor)
            if not base:
                raise SystemExit("There is no ticket to copy: seed some first.")
            rounds, rest = divmod(max(0, tickets - there), base)
            indexes = _without_indexes(cursor)
            _copy(cursor, rounds, rest)
            for definition in indexes:
                cursor.execute(definition)
            cursor.execute(TALLIED)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM tickets_ticket")
        return _one(cursor)


def _one(cursor: Any) -> int:
    return int(cursor.fetchone()[0])


def _without_indexes(cursor: Any) -> list[str]:
    """Drop the indexes that no constraint needs: to make them again is quicker than to fill them."""
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
        "WHERE i.indrelid::regclass::text = ANY(%s) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [list(SHIFTED)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def _copy(cursor: Any, rounds: int, rest: int) -> None:
    """`rounds` copies of every ticket of `base`, and one more of the first `rest`."""
    steps = {}
    for name, table in STEPS.items():
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        steps[name] = _one(cursor)
    cursor.execute(
        "CREATE TEMP TABLE copies ON COMMIT DROP AS "
        "SELECT id AS base, n FROM base, generate_series(1, %s) n "
        "UNION ALL SELECT id, %s FROM (SELECT id FROM base ORDER BY id LIMIT %s) AS rest",
        [rounds, rounds + 1, rest],
    )
    cursor.execute("ANALYZE copies")
    for table, shifted in SHIFTED.items():
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND table_name = %s AND is_generated = 'NEVER'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall()]
        values = [
            SPECIAL[name].format(**steps) if shifted.get(name) == "" else
            f't."{name}" + {steps[shifted[name]]} * n' if name in shifted else f't."{name}"'
            for name in columns
        ]  # fmt: skip
        own = "id" if table == "tickets_ticket" else "ticket_id"
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
            f"FROM copies JOIN {table} t ON t.{own} = copies.base"
        )
        print(f"{cursor.rowcount:>9} rows more in {table}", flush=True)
    for table in STEPS.values():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


if __name__ == "__main__":
    main()
