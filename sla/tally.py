"""What two ways of counting the same tickets come to, side by side. Pure; kept as JSON and added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sla.measure import CANCELLED, Reading

MET, MISSED, PENDING, UNPROMISED = "met", "missed", "pending", "unpromised"
VERDICTS = (MET, MISSED, PENDING, UNPROMISED)
MOST_ROWS = 200
"""Tickets listed in each direction; all are counted."""

Cell = dict[str, int]


def verdict_of(reading: Reading) -> str | None:
    """Whether a promise was kept; None for a clock that does not count."""
    if reading.state == CANCELLED:
        return None
    if reading.breached_at is not None:
        return MISSED
    if reading.target is None and reading.by_hand is None:
        return UNPROMISED
    return PENDING if reading.is_open else MET


@dataclass
class Tally:
    """Verdicts before and after by metric, priority and team; the promises that flip; the hours of misses.

    `cells` are counts by "metric priority team" (0 is no team), four verdicts before and four after. `worse`
    are promises that would be missed although they were not, `better` the other way round, each [ticket,
    metric, instance, verdict before, verdict after, due before, due after]. `hours` count misses by "metric
    weekday hour" in the given zone (Monday is 0), before and after, each at the instant that passed.
    """

    tickets: int = 0
    cells: dict[str, list[int]] = field(default_factory=dict)
    worse: int = 0
    better: int = 0
    worse_rows: list[list[Any]] = field(default_factory=list)
    better_rows: list[list[Any]] = field(default_factory=list)
    hours: dict[str, list[int]] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)

    def add(self, ticket: int, before: Iterable[Reading], after: Iterable[Reading], zone: ZoneInfo) -> None:
        """Count one ticket."""
        self.tickets += 1
        old = {(reading.metric, reading.instance): reading for reading in before}
        new = {(reading.metric, reading.instance): reading for reading in after}
        for key in sorted(old.keys() | new.keys()):
            self._count(old.get(key), 0, zone)
            self._count(new.get(key), 1, zone)
            self._compare(ticket, key, old.get(key), new.get(key))

    def _count(self, reading: Reading | None, side: int, zone: ZoneInfo) -> None:
        verdict = verdict_of(reading) if reading else None
        if reading is None or verdict is None:
            return
        key = f"{reading.metric} {reading.priority} {reading.team or 0}"
        self.cells.setdefault(key, [0] * 8)[side * 4 + VERDICTS.index(verdict)] += 1
        if verdict == MISSED and reading.breached_at is not None:
            local = reading.breached_at.astimezone(zone)
            hour = f"{reading.metric} {local.weekday()} {local.hour}"
            self.hours.setdefault(hour, [0, 0])[side] += 1

    def _compare(self, ticket: int, key: tuple[str, int], old: Reading | None, new: Reading | None) -> None:
        was, would = (verdict_of(each) if each else None for each in (old, new))
        if (was == MISSED) == (would == MISSED):
            return
        row = [ticket, *key, was, would, _iso(old), _iso(new)]
        if would == MISSED:
            self.worse += 1
            self.worse_rows = [*self.worse_rows, row][:MOST_ROWS]
        else:
            self.better += 1
            self.better_rows = [*self.better_rows, row][:MOST_ROWS]

    def merge(self, other: Tally) -> None:
        """Add what somebody else counted."""
        self.tickets += other.tickets
        self.worse += other.worse
        self.better += other.better
        self.worse_rows = [*self.worse_rows, *other.worse_rows][:MOST_ROWS]
        self.better_rows = [*self.better_rows, *other.better_rows][:MOST_ROWS]
        self.faults = [*self.faults, *other.faults][:MOST_ROWS]
        for mine, theirs in ((self.cells, other.cells), (self.hours, other.hours)):
            for key, counts in theirs.items():
                known = mine.get(key, [0] * len(counts))
                mine[key] = [a + b for a, b in zip(known, counts, strict=True)]

    def as_json(self) -> dict[str, Any]:
        """For a job's memory; `Tally(**memory)` takes it up again."""
        return asdict(self)

    def result(self) -> dict[str, Any]:
        """What pages and commands show."""
        return {
            "tickets": self.tickets,
            "by_metric": self._table(1),
            "by_priority": self._table(2),
            "by_team": self._table_by_team(),
            "worse": {"count": self.worse, "rows": self.worse_rows},
            "better": {"count": self.better, "rows": self.better_rows},
            "hours": self.hours,
            "faults": self.faults,
        }

    def _table(self, depth: int) -> list[dict[str, Any]]:
        """Lines by metric, or by metric and priority, in their orders."""
        return [
            _line(counts) | dict(zip(("metric", "priority"), key, strict=False))
            for key, counts in sorted(self._sums(lambda parts: parts[:depth]).items())
        ]

    def _table_by_team(self) -> list[dict[str, Any]]:
        sums = self._sums(lambda parts: (parts[0], parts[2]))
        return [_line(counts) | {"metric": key[0], "team": key[1]} for key, counts in sorted(sums.items())]

    def _sums(self, part: Any) -> dict[tuple[Any, ...], list[int]]:
        sums: dict[tuple[Any, ...], list[int]] = {}
        for key, counts in self.cells.items():
            metric, priority, team = key.split(" ")
            group = part((metric, int(priority), int(team)))
            known = sums.get(group, [0] * 8)
            sums[group] = [a + b for a, b in zip(known, counts, strict=True)]
        return sums


def _line(counts: list[int]) -> dict[str, Any]:
    return {
        "before": dict(zip(VERDICTS, counts[:4], strict=True)),
        "after": dict(zip(VERDICTS, counts[4:], strict=True)),
    }


def _iso(reading: Reading | None) -> str | None:
    due: datetime | None = reading.breached_at or reading.due_at if reading else None
    return due.isoformat() if due else None


def attainment(cell: Cell) -> float | None:
    """Per cent met of those with a verdict; None where there are none."""
    judged = cell[MET] + cell[MISSED]
    return 100 * cell[MET] / judged if judged else None
