"""Rows of work: what was settled and how, what is left, and in which status the time went by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from helpdesk.reports.filters import Filters
from helpdesk.reports.waits import Slices, Wait, within
from tickets.events import STATUS_KINDS
from tickets.models import UNRESOLVED_STATUSES, Event, Speaker, Status, Ticket

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

    @property
    def is_one_touch(self) -> bool:
        return self.replies == 1 and not self.reopened

    @property
    def is_handed_over(self) -> bool:
        return self.moves > 0 or self.owners > 1


def settled(filters: Filters) -> QuerySet[Ticket]:
    """Tickets that are settled now and whose last resolution falls into the period."""
    return Ticket.objects.filter(
        filters.condition(team="team", agent="assignee", priority="priority", channel="channel", tag="tags"),
        status__in=(Status.RESOLVED, Status.CLOSED),
        spam_at=None,
        merged_into=None,
        **within(filters.period, "resolved_at"),
    )


def work_rows(filters: Filters) -> list[Work]:
    """Every settled ticket once, with what it took. Two queries."""
    tickets = settled(filters)
    taken = _taken(tickets)
    columns = ("pk", "opened_at", "resolved_at", "team_id", "assignee_id", "priority", "channel")
    return [
        Work(
            pk,
            (resolved_at - opened_at).total_seconds(),
            True,
            "",
            resolved_at,
            team,
            agent,
            priority,
            channel,
            None,
            False,
            *taken.get(pk, (0, 0, 0, 0)),
        )
        for pk, opened_at, resolved_at, team, agent, priority, channel in tickets.values_list(*columns)
    ]


def _taken(tickets: QuerySet[Ticket]) -> dict[int, tuple[int, int, int, int]]:
    """Answers, owners, changes of team and reopenings of each ticket, from its events."""
    answered = Q(kind="ticket.replied", data__by=Speaker.AGENT, data__human=True)
    owned = Q(kind="ticket.assigned") & ~Q(data__assignee__1=None)
    owned |= Q(kind="ticket.opened") & ~Q(data__assignee=None)
    kinds = (
        "ticket.opened",
        "ticket.replied",
        "message.withdrawn",
        "ticket.assigned",
        "ticket.moved",
        "ticket.reopened",
    )
    found = (
        Event.objects.filter(ticket__in=tickets.values("pk"), kind__in=kinds)
        .values("ticket_id")
        .annotate(
            replies=Count("pk", filter=answered) - Count("pk", filter=Q(kind="message.withdrawn")),
            owners=Count("pk", filter=owned),
            moves=Count("pk", filter=Q(kind="ticket.moved")),
            reopened=Count("pk", filter=Q(kind="ticket.reopened")),
        )
        .order_by()
        .values_list("ticket_id", "replies", "owners", "moves", "reopened")
    )
    return {pk: tuple(counts) for pk, *counts in found.iterator(chunk_size=5000)}


def backlog_rows(filters: Filters) -> list[Wait]:
    """Tickets that are not settled at this moment, with their age in seconds. The period plays no part."""
    found = Ticket.objects.filter(
        filters.condition(team="team", agent="assignee", priority="priority", channel="channel", tag="tags"),
        status__in=UNRESOLVED_STATUSES,
        spam_at=None,
    ).values_list("pk", "opened_at", "team_id", "assignee_id", "priority", "channel")
    return [
        Wait(
            pk, (filters.now - at).total_seconds(), False, "", at, team, agent, priority, channel, None, False
        )
        for pk, at, team, agent, priority, channel in found
    ]


def time_by_status(filters: Filters) -> dict[str, timedelta]:
    """How long the settled tickets of the period stood in each status until their last resolution."""
    spent: defaultdict[str, timedelta] = defaultdict(timedelta)
    events = (
        Event.objects.filter(
            ticket__in=settled(filters).values("pk"), kind__in=(*STATUS_KINDS, "ticket.opened")
        )
        .order_by("ticket_id", "seq")
        .values_list("ticket_id", "at", "data__status")
    )
    last: tuple[int, datetime, str] | None = None
    for ticket, at, status in events.iterator(chunk_size=5000):
        if last and last[0] == ticket:
            spent[last[2]] += at - last[1]
        last = (ticket, at, status[1] if isinstance(status, list) else status)
    return {status: spent[status] for status in UNRESOLVED_STATUSES}


def _aged(since: timedelta, until: timedelta) -> Callable[[Any], bool]:
    return lambda row: since.total_seconds() <= row.value < until.total_seconds()


WORK_SLICES: Slices = {
    "all": (_("settled"), lambda row: True),
    "one-touch": (_("settled by one answer"), lambda row: row.is_one_touch),
    "reopened": (_("reopened on the way"), lambda row: row.reopened > 0),
    "handed-over": (_("handed over"), lambda row: row.is_handed_over),
}
AGE_SLICES: Slices = {
    "all": (_("not settled"), lambda row: True),
    **{f"age-{key}": (words, _aged(since, until)) for key, (words, since, until) in AGES.items()},
}
