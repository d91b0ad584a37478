"""Rows of work: what was settled and how, what is left, and in which status the time went by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from helpdesk.reports.filters import Filters
from helpdesk.reports.relation import Slices
from helpdesk.reports.waits import EVERY, NO, YES, Parts, as_waits, of_tickets, within
from sla.elapsed import seconds_between
from tickets.models import UNRESOLVED_STATUSES, Status, Ticket

AGES = {
    "day": (_("less than 1 day"), timedelta(0), timedelta(days=1)),
    "days": (_("1 to 3 days"), timedelta(days=1), timedelta(days=3)),
    "week": (_("3 to 7 days"), timedelta(days=3), timedelta(days=7)),
    "month": (_("7 to 30 days"), timedelta(days=7), timedelta(days=30)),
    "more": (_("more than 30 days"), timedelta(days=30), timedelta.max),
}
"""How old an unresolved ticket is: words, from, and up to (not included)."""


class Work(NamedTuple):
    """A settled ticket: `value` is the seconds from opening to its last resolution, by the clock on the wall.

    `replies` counts the public answers of people on our side, `owners` the people who had it, `moves` the
    changes of team, `reopened` how often it came back. The other fields are those of `Wait`.
    """

    ticket: int
    value: float
    done: bool
    verdict: str
    at: datetime
    team: int | None
    agent: int | None
    priority: int
    channel: str
    target: None
    target_working: bool
    replies: int
    owners: int
    moves: int
    reopened: int


def settled(filters: Filters) -> QuerySet[Ticket]:
    """Tickets that are settled now and whose last resolution falls into the period."""
    found: QuerySet[Ticket] = of_tickets(filters).filter(
        status__in=(Status.RESOLVED, Status.CLOSED),
        merged_into=None,
        **within(filters.period, "resolved_at"),
    )
    return found


def work(filters: Filters) -> Parts:
    """Every settled ticket once, with what its events say it took (`tickets.models.Course`)."""
    took = seconds_between("opened_at", "resolved_at")
    tickets: Any = settled(filters).annotate(**{name: _counted(name) for name in WORK_FACTS})
    return [as_waits(tickets, "resolved_at", took, YES, *WORK_FACTS)]


def _counted(name: str) -> Coalesce:
    return Coalesce(f"course__{name}", Value(0))


def backlog(filters: Filters) -> Parts:
    """Tickets that are not settled at this moment, with their age in seconds. The period plays no part."""
    left = of_tickets(filters).filter(status__in=UNRESOLVED_STATUSES)
    return [as_waits(left, value=seconds_between("opened_at", filters.now), done=NO)]


def time_by_status(filters: Filters) -> dict[str, timedelta]:
    """How long the settled tickets of the period stood in each status until their last resolution."""
    times: Any = {status: Sum(f"course__in_{status}") for status in UNRESOLVED_STATUSES}
    spent = settled(filters).order_by().aggregate(**times)
    return {status: spent[status] or timedelta() for status in UNRESOLVED_STATUSES}


def _aged(since: timedelta, until: timedelta) -> str:
    return f"value >= {since.total_seconds()} AND value < {until.total_seconds()}"


WORK_FACTS = ("replies", "owners", "moves", "reopened")
WORK_SLICES: Slices = {
    "all": (_("settled"), EVERY),
    "one-touch": (_("settled by one answer"), "replies = 1 AND reopened = 0"),
    "reopened": (_("reopened on the way"), "reopened > 0"),
    "handed-over": (_("handed over"), "moves > 0 OR owners > 1"),
}
AGE_FACTS = ("value",)
AGE_SLICES: Slices = {
    "all": (_("not settled"), EVERY),
    **{f"age-{key}": (said, _aged(since, until)) for key, (said, since, until) in AGES.items()},
}
