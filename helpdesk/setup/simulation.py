"""The result of a simulation as its page shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.scores import wilson
from helpdesk.shades import shade
from helpdesk.times import zone_named
from helpdesk.words import number
from sla.models import MetricName
from sla.tally import MET, MISSED, PENDING, UNPROMISED
from tickets import access
from tickets.models import Job, Priority, Team, Ticket

ENOUGH = 10
"""Below so many verdicts, counts are given and no share."""


@dataclass(frozen=True)
class Share:
    """Met of those with a verdict."""

    met: int
    judged: int

    @property
    def is_enough(self) -> bool:
        return self.judged >= ENOUGH

    @property
    def percent(self) -> int:
        return round(100 * self.met / self.judged)

    @property
    def interval(self) -> tuple[int, int]:
        low, high = wilson(self.met, self.judged)
        return round(100 * low), round(100 * high)


@dataclass(frozen=True)
class Line:
    """One row of a table: a metric, or a metric at a priority or in a team, before and after."""

    name: str
    before: Share
    after: Share
    missed: tuple[int, int]
    pending: tuple[int, int]
    unpromised: tuple[int, int]

    @property
    def difference(self) -> str:
        """In percentage points, where both shares mean something."""
        if not (self.before.is_enough and self.after.is_enough):
            return "–"
        points = self.after.percent - self.before.percent
        return f"{points:+d}".replace("-", "−") if points else "0"


@dataclass(frozen=True)
class Flip:
    """A promise that would have come out otherwise. `ticket` is None where the reader may not see it."""

    number: int
    ticket: Ticket | None
    metric: str
    old_due_at: datetime | None
    new_due_at: datetime | None


@dataclass(frozen=True)
class Heat:
    """Misses by weekday and hour: (name of the day, [(count, shade), …24])."""

    title: str
    days: list[tuple[str, list[tuple[int, int]]]]
    total: int


@dataclass(frozen=True)
class Simulation:
    """All that the page says."""

    first_day: datetime
    last_day: datetime
    zone: str
    tickets: int
    finding: str
    by_metric: list[Line]
    by_priority: list[Line]
    by_team: list[Line]
    worse: list[Flip]
    better: list[Flip]
    worse_count: int
    better_count: int
    heats: list[Heat]
    faults: list[int]


def simulation(job: Job, reader: Any) -> Simulation:
    """The page of a finished job; four queries, whatever it found."""
    asked, found = job.arguments, job.result or {}
    metrics = {value: str(word) for value, word in MetricName.choices}
    priorities = {value: str(word) for value, word in Priority.choices}
    teams = {0: _("no team"), **dict(Team.objects.values_list("pk", "name"))}
    flips = {name: found[name]["rows"] for name in ("worse", "better")}
    tickets = access.visible_to(reader).in_bulk([row[0] for rows in flips.values() for row in rows])
    shown = {name: [_flip(row, metrics, tickets) for row in rows] for name, rows in flips.items()}
    zone = zone_named(asked["zone"])
    order = list(metrics)

    def lines(rows: Iterable[dict[str, Any]], name: Callable[[dict[str, Any]], str]) -> list[Line]:
        ranked = sorted(rows, key=lambda row: (order.index(row["metric"]), -row.get("priority", 0)))
        return [_line(name(row), row) for row in ranked]

    return Simulation(
        first_day=datetime.fromisoformat(asked["since"]).astimezone(zone),
        last_day=(datetime.fromisoformat(asked["until"]) - timedelta(seconds=1)).astimezone(zone),
        zone=asked["zone"].replace("_", " "),
        tickets=found["tickets"],
        finding=_finding(found["worse"]["count"], found["better"]["count"]),
        by_metric=lines(found["by_metric"], lambda row: metrics[row["metric"]]),
        by_priority=lines(
            found["by_priority"], lambda row: f"{metrics[row['metric']]}, {priorities[row['priority']]}"
        ),
        by_team=lines(
            found["by_team"], lambda row: f"{metrics[row['metric']]}, {teams.get(row['team'], row['team'])}"
        ),
        worse=shown["worse"],
        better=shown["better"],
        worse_count=found["worse"]["count"],
        better_count=found["better"]["count"],
        heats=_heats(found["hours"]),
        faults=found["faults"],
    )


def _finding(worse: int, better: int) -> str:
    if not worse and not better:
        return _("No promise would have come out otherwise.")
    parts = []
    if worse:
        text = ngettext(
            "%(num)s more promise would have been missed",
            "%(num)s more promises would have been missed",
            worse,
        )
        parts.append(text % {"num": number(worse)})
    if better:
        text = ngettext("%(num)s kept after all", "%(num)s kept after all", better)
        parts.append(text % {"num": number(better)})
    return (
        _("%(first)s, %(second)s.") % dict(zip(("first", "second"), parts, strict=False))
        if len(parts) == 2
        else f"{parts[0]}."
    )


def _line(name: str, row: dict[str, Any]) -> Line:
    before, after = row["before"], row["after"]
    return Line(
        name,
        Share(before[MET], before[MET] + before[MISSED]),
        Share(after[MET], after[MET] + after[MISSED]),
        (before[MISSED], after[MISSED]),
        (before[PENDING], after[PENDING]),
        (before[UNPROMISED], after[UNPROMISED]),
    )


def _flip(row: list[Any], metrics: dict[str, str], tickets: dict[int, Ticket]) -> Flip:
    number, metric, _instance, _was, _would, old, new = row
    at = [datetime.fromisoformat(text) if text else None for text in (old, new)]
    return Flip(number, tickets.get(number), metrics[metric], *at)


def _heats(hours: dict[str, list[int]]) -> list[Heat]:
    """Both weeks in the same shades, so that they can be compared."""
    weeks = [[[0] * 24 for _day in range(7)] for _side in range(2)]
    for key, counts in hours.items():
        _metric, day, hour = key.split(" ")
        for side, count in enumerate(counts):
            weeks[side][int(day)][int(hour)] += count
    most = max((count for week in weeks for day in week for count in day), default=0)

    return [
        Heat(
            title,
            [
                (str(WEEKDAYS_ABBR[number]), [(count, shade(count, most)) for count in day])
                for number, day in enumerate(week)
            ],
            sum(map(sum, week)),
        )
        for title, week in zip((_("As it was"), _("With these rules")), weeks, strict=True)
    ]
