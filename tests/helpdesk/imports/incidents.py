"""The real log of incidents, and its totals counted from the file alone: no code of the product is asked."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import ceil
from pathlib import Path

LOG = (
    Path(__file__).resolve().parents[4]
    / "shared"
    / "corpora"
    / "tickets"
    / "uci_incident_event_log"
    / "uci_incident_event_log.csv.gz"
)
PRIORITY = {"1": 4, "2": 3, "3": 2, "4": 1}
"""The log's priorities and what they are here: docs/import.md."""
OVER = ("Resolved", "Closed")

Rows = list[dict[str, str]]


def incidents(path: Path = LOG) -> Iterator[tuple[str, Rows]]:
    """Each incident with its lines, in the order of the file."""
    with gzip.open(path, "rt", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        header[len(header) - 1 - header[::-1].index("category")] = "subcategory"
        for key, lines in groupby(reader, key=lambda fields: fields[0]):
            yield key, [dict(zip(header, fields, strict=True)) for fields in lines]


def some(wanted: Mapping[str, int], longest: int = 7) -> dict[str, Rows]:
    """The first short incidents of the file: so many of each of its priorities, and "reopened" ones."""
    found: dict[str, Rows] = {}
    left = Counter(wanted)
    for key, rows in incidents():
        kind = "reopened" if is_reopened(rows) else rows[-1]["priority"]
        if len(rows) <= longest and left[kind]:
            left[kind] -= 1
            found[key] = rows
            if not left.total():
                break
    return found


def is_reopened(rows: Rows) -> bool:
    return rows[-1]["reopen_count"] != "0"


@dataclass(frozen=True)
class Totals:
    """What a report is to say: seconds from opening to the last resolution by our priority, in their order,
    and how many were reopened."""

    took: dict[int, list[float]]
    reopened: int

    @property
    def tickets(self) -> int:
        return sum(map(len, self.took.values()))

    def nearest(self, priority: int, share: float) -> float:
        """The smallest time that at least `share` of the tickets did not exceed."""
        took = self.took[priority]
        return took[ceil(share * len(took)) - 1]


def totals(found: Iterable[Rows]) -> Totals:
    took: dict[int, list[float]] = {priority: [] for priority in PRIORITY.values()}
    reopened = 0
    for rows in found:
        took[PRIORITY[rows[-1]["priority"]]].append(seconds_of(rows))
        reopened += is_reopened(rows)
    return Totals({priority: sorted(times) for priority, times in took.items() if times}, reopened)


def seconds_of(rows: Rows) -> float:
    """From opening to resolution; where the log does not date that, to the line that first says it."""
    settled = rows[-1]["resolved_at"]
    if settled == "?":
        last_open = max((nth for nth, row in enumerate(rows) if row["ident_state"] not in OVER), default=-1)
        settled = rows[last_open + 1]["sys_updated_at"]
    return (instant(settled) - instant(rows[0]["opened_at"])).total_seconds()


def instant(words: str) -> datetime:
    return datetime.strptime(words, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
