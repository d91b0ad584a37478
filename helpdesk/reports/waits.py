"""Rows of promises: one per ticket and promise, kept, broken or still open; and plain rows of tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk.reports.filters import Filters
from helpdesk.reports.periods import Period
from helpdesk.reports.waiting import waited_so_far
from sla.models import OPEN_STATES, Clock, ClockState, Measurement, MetricName
from tickets.models import Event, Speaker, Ticket

MET, MISSED, PENDING, UNPROMISED = "met", "missed", "pending", "unpromised"
VERDICT_WORDS = {
    MET: _("met"),
    MISSED: _("missed"),
    PENDING: _("not due yet"),
    UNPROMISED: _("no target"),
}
Slices = dict[str, tuple[Any, Callable[[Any], bool]]]
"""Name in the address → words, and whether a row belongs to it."""


class Wait(NamedTuple):
    """One promise on one ticket: `value` is the seconds until it was kept (`done`) or, so far, until now."""

    ticket: int
    value: float
    done: bool
    verdict: str
    at: datetime
    team: int | None
    agent: int | None
    priority: int
    channel: str
    target: timedelta | None
    target_working: bool


def first_response_rows(filters: Filters) -> list[Wait]:
    """First replies in the period, and by opening date also the tickets that still wait for theirs."""
    return promise_rows(filters, MetricName.FIRST_RESPONSE)


def promise_rows(filters: Filters, metric: str, by: str = "") -> list[Wait]:
    """Kept and broken promises of one metric, by opening or by answering date, and those still open."""
    by = by or filters.by or "opened"
    rows = _measured(filters, metric, "opened_at" if by == "opened" else "stopped_at")
    if by == "opened":
        rows += _open(filters, metric)
    return rows


def _measured(filters: Filters, metric: str, instant: str) -> list[Wait]:
    found = Measurement.objects.filter(
        filters.condition(team="team", agent="agent", priority="priority", channel="channel"),
        metric=metric,
        **within(filters.period, instant),
    ).values_list(
        "ticket_id",
        "working" if filters.is_working else "calendar",
        "verdict",
        instant,
        "team_id",
        "agent_id",
        "priority",
        "channel",
        "target",
        "target_working",
    )
    return [
        Wait(ticket, took.total_seconds(), True, verdict, at, *rest)
        for ticket, took, verdict, at, *rest in found.iterator(chunk_size=5000)
    ]


def _open(filters: Filters, metric: str) -> list[Wait]:
    clocks = Clock.objects.filter(
        filters.condition(
            team="ticket__team",
            agent="ticket__assignee",
            priority="ticket__priority",
            channel="ticket__channel",
        ),
        metric=metric,
        state__in=OPEN_STATES,
        **within(filters.period, "ticket__opened_at"),
    ).select_related("ticket")
    waited = waited_so_far(clocks, filters.now, working=filters.is_working)
    return [
        Wait(
            clock.ticket_id,
            seconds,
            False,
            _verdict_so_far(clock, filters.now),
            clock.ticket.opened_at,
            clock.ticket.team_id,
            clock.ticket.assignee_id,
            clock.ticket.priority,
            clock.ticket.channel,
            clock.target,
            clock.target_working,
        )
        for clock, seconds in waited
    ]


def _verdict_so_far(clock: Clock, now: datetime) -> str:
    if clock.target is None:
        return UNPROMISED
    return MISSED if clock.is_late(now) else PENDING


def within(period: Period, column: str) -> dict[str, datetime]:
    """The lookups that keep an instant inside a period."""
    return {f"{column}__gte": period.since, f"{column}__lt": period.until}


WAIT_SLICES: Slices = {
    "all": (_("all counted"), lambda row: True),
    "answered": (_("answered"), lambda row: row.done),
    "waiting": (_("still waiting"), lambda row: not row.done),
    "met": (_("within target"), lambda row: row.verdict == MET),
    "missed": (_("past target"), lambda row: row.verdict == MISSED),
    "judged": (_("with a verdict"), lambda row: row.verdict in (MET, MISSED)),
    "pending": (_("waiting, not due yet"), lambda row: row.verdict == PENDING),
    "unpromised": (_("without a target"), lambda row: row.verdict == UNPROMISED),
}


def resolution_rows(filters: Filters) -> list[Wait]:
    """Resolutions in the period, and by opening date the tickets that are still to be resolved."""
    return promise_rows(filters, MetricName.RESOLUTION)


def next_response_rows(filters: Filters) -> list[Wait]:
    """Replies to later messages, and by opening date the messages that still wait for one."""
    return promise_rows(filters, MetricName.NEXT_RESPONSE)


def opened_rows(filters: Filters) -> list[Wait]:
    """Tickets by the day they were opened."""
    return _plain_rows(filters, "opened_at")


def resolved_rows(filters: Filters) -> list[Wait]:
    """Resolutions (a reopened ticket may have several) by the day of each."""
    events = Event.objects.filter(
        filters.condition(
            team="ticket__team",
            agent="ticket__assignee",
            priority="ticket__priority",
            channel="ticket__channel",
        ),
        kind="ticket.resolved",
        **within(filters.period, "at"),
    )
    return _as_rows(
        events.values_list(
            "ticket_id",
            "at",
            "ticket__team_id",
            "ticket__assignee_id",
            "ticket__priority",
            "ticket__channel",
        )
    )


def _plain_rows(filters: Filters, instant: str, *conditions: Q) -> list[Wait]:
    tickets = Ticket.objects.filter(
        filters.condition(team="team", agent="assignee", priority="priority", channel="channel"),
        *conditions,
        **within(filters.period, instant),
    )
    return _as_rows(tickets.values_list("pk", instant, "team_id", "assignee_id", "priority", "channel"))


def _as_rows(found: Iterable[tuple[Any, ...]]) -> list[Wait]:
    return [
        Wait(ticket, 0, True, "", at, team, agent, priority, channel, None, True)
        for ticket, at, team, agent, priority, channel in found
    ]


def unanswered_rows(filters: Filters) -> list[Wait]:
    """Not counted in first response: resolved although nobody had answered."""
    clocks = Clock.objects.filter(metric=MetricName.FIRST_RESPONSE, state=ClockState.CANCELLED).values(
        "ticket"
    )
    return _plain_rows(filters, "opened_at", Q(pk__in=clocks))


def outgoing_rows(filters: Filters) -> list[Wait]:
    """Not counted in first response: we wrote first, so nobody waited for an answer."""
    promised = Clock.objects.filter(metric=MetricName.FIRST_RESPONSE).values("ticket")
    return _plain_rows(filters, "opened_at", Q(spoke_first=Speaker.AGENT) & ~Q(pk__in=promised))


def shared_target(rows: Iterable[Wait], *, working: bool) -> float | None:
    """The target in seconds where all rows that have one share it, counted in the time that is shown."""
    targets = {(row.target, row.target_working) for row in rows if row.target is not None}
    if len(targets) != 1:
        return None
    target, is_working = targets.pop()
    return target.total_seconds() if target and is_working == working else None


def not_measured_yet(filters: Filters) -> int:
    """Answers of the period that a worker is still to measure: they are in no figure for some seconds."""
    return Clock.objects.filter(
        metric=MetricName.FIRST_RESPONSE,
        needs_measuring=True,
        **within(filters.period, "ticket__opened_at"),
    ).count()
