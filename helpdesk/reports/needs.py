"""What needs somebody now: five numbers, each the size of the list that it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from helpdesk.reports.base import opens
from helpdesk.reports.filters import DIMENSIONS, LINKED, Filters
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.times import clock_time, duration

NEEDS = ("late", "due-soon", "unassigned", "undelivered", "overdue-cases")


@dataclass(frozen=True)
class Need:
    """A number with its list and the one that presses most; `tone` is "late", "warn", "fault" or ""."""

    key: str
    name: str
    glyph: str
    count: int
    note: str
    opens: str
    tone: str


def needs_now(reader: Any, filters: Filters) -> list[Need]:
    """The numbers of “Needs you now”."""
    found = {key: DEFINITIONS[key].relation(filters).count_and_ends() for key in NEEDS}
    counts = {key: count for key, (count, _least, _most) in found.items()}

    def since(key: str) -> str:
        return clock_time(filters.now - timedelta(seconds=found[key][2]), filters.now)

    return [
        Need(
            "late",
            _("Late"),
            "alert",
            counts["late"],
            _("oldest due %(time)s") % {"time": since("late")} if counts["late"] else _("nothing is late"),
            opens(filters, "late"),
            "late" if counts["late"] else "",
        ),
        Need(
            "due-soon",
            _("Due within 1 h"),
            "clock",
            counts["due-soon"],
            _("next in %(time)s") % {"time": duration(timedelta(seconds=found["due-soon"][1]))}
            if counts["due-soon"]
            else _("nothing is due"),
            opens(filters, "due-soon"),
            "warn" if counts["due-soon"] else "",
        ),
        Need(
            "unassigned",
            _("Unassigned"),
            "unassigned",
            counts["unassigned"],
            _("oldest %(time)s") % {"time": duration(timedelta(seconds=found["unassigned"][2]))}
            if counts["unassigned"]
            else _("everything has an owner"),
            _queue("unassigned", filters) or opens(filters, "unassigned"),
            "",
        ),
        Need(
            "undelivered",
            _("Not delivered"),
            "mail",
            counts["undelivered"],
            _("replies that did not arrive") if counts["undelivered"] else _("every reply arrived"),
            opens(filters, "undelivered"),
            "fault" if counts["undelivered"] else "",
        ),
        _overdue_cases(filters, counts["overdue-cases"], since),
    ]


def _overdue_cases(filters: Filters, count: int, since: Callable[[str], str]) -> Need:
    note = _("nobody waits for a word")
    if count:
        note = _("oldest due %(time)s") % {"time": since("overdue-cases")}
    narrowed = any(getattr(filters, dimension) for dimension in (*DIMENSIONS, *LINKED, "weekday", "hour"))
    path = opens(filters, "overdue-cases") if narrowed else f"{reverse('reports:cases')}?show=overdue"
    tone = "fault" if count else ""
    return Need("overdue-cases", _("Overdue cases"), "flag", count, note, path, tone)


def _queue(view: str, filters: Filters) -> str:
    """The desk's own view, where it holds exactly the same tickets (a view knows no team)."""
    if filters.team:
        return ""
    try:
        return f"{reverse('desk:queue')}?view={view}"
    except NoReverseMatch:
        return ""
