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
from sla.queries import without_policy
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
    """Kept and broken promises of one metric, by opening or by answering date, and those still open.

    Read in the order in which a clock goes on (open, stopped, measured), later rows winning, so that one that
    stops meanwhile is counted once. A clock that a worker is still to measure counts by what it shows itself.
    """
    by = by or filters.by or "opened"
    rows = _open(filters, metric) if by == "opened" else {}
    rows |= _stopped(filters, metric, "ticket__opened_at" if by == "opened" else "stopped_at")
    rows |= _measured(filters, metric, "opened_at" if by == "opened" else "stopped_at")
    return list(rows.values())


def _measured(filters: Filters, metric: str, instant: str) -> dict[int, Wait]:
    found = Measurement.objects.filter(
        filters.condition(
            team="team", agent="agent", priority="priority", channel="channel", tag="ticket__tags"
        ),
        metric=metric,
        **within(filters.period, instant),
    ).values_list(
        "clock_id",
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
    return {
        clock: Wait(ticket, took.total_seconds(), True, verdict, at, *rest)
        for clock, ticket, took, verdict, at, *rest in found.iterator(chunk_size=5000)
    }


def _stopped(filters: Filters, metric: str, instant: str) -> dict[int, Wait]:
    """Clocks that stopped and wait for their measurement, as the measurement will say it."""
    clocks = Clock.objects.filter(
        _of_ticket(filters, agent="stopped_by"),
        metric=metric,
        state=ClockState.FULFILLED,
        measurement=None,
        **within(filters.period, instant),
    ).select_related("ticket")
    return {
        clock.pk: _row(
            clock,
            (clock.elapsed_working if filters.is_working else clock.elapsed_calendar).total_seconds(),
            True,
            _verdict(clock, filters.now),
            clock.ticket.opened_at if instant != "stopped_at" else clock.stopped_at or filters.now,
            clock.stopped_by_id,
        )
        for clock in clocks
    }


def _open(filters: Filters, metric: str) -> dict[int, Wait]:
    clocks = Clock.objects.filter(
        _of_ticket(filters, agent="ticket__assignee"),
        metric=metric,
        state__in=OPEN_STATES,
        **within(filters.period, "ticket__opened_at"),
    ).select_related("ticket")
    waited = waited_so_far(clocks, filters.now, working=filters.is_working)
    return {
        clock.pk: _row(
            clock,
            seconds,
            False,
            _verdict(clock, filters.now),
            clock.ticket.opened_at,
            clock.ticket.assignee_id,
        )
        for clock, seconds in waited
    }


def _of_ticket(filters: Filters, *, agent: str) -> Q:
    return filters.condition(
        team="ticket__team",
        agent=agent,
        priority="ticket__priority",
        channel="ticket__channel",
        tag="ticket__tags",
    )


def _row(clock: Clock, seconds: float, done: bool, verdict: str, at: datetime, agent: int | None) -> Wait:
    ticket = clock.ticket
    return Wait(
        clock.ticket_id,
        seconds,
        done,
        verdict,
        at,
        ticket.team_id,
        agent,
        ticket.priority,
        ticket.channel,
        clock.target,
        clock.target_working,
    )


def _verdict(clock: Clock, now: datetime) -> str:
    if clock.target is None:
        return UNPROMISED
    if clock.is_late(now):
        return MISSED
    return PENDING if clock.is_open else MET


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


def update_rows(filters: Filters) -> list[Wait]:
    """Stretches between two public messages of ours, by opening date also those that go on."""
    return promise_rows(filters, MetricName.PERIODIC_UPDATE)


def requester_wait_rows(filters: Filters) -> list[Wait]:
    """Waiting in all of settled tickets, by opening date also of those that are still open."""
    return promise_rows(filters, MetricName.REQUESTER_WAIT)


def agent_work_rows(filters: Filters) -> list[Wait]:
    """Time in our hands of settled tickets, by opening date also of those that are still open."""
    return promise_rows(filters, MetricName.AGENT_WORK)


def total_resolution_rows(filters: Filters) -> list[Wait]:
    """Openings to the last resolution, by opening date also the tickets that are still to be resolved."""
    return promise_rows(filters, MetricName.TOTAL_RESOLUTION)


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
            tag="ticket__tags",
        ),
        kind="ticket.resolved",
        ticket__spam_at=None,
        ticket__deleted_at=None,
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
        filters.condition(team="team", agent="assignee", priority="priority", channel="channel", tag="tags"),
        *conditions,
        spam_at=None,
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


def without_policy_rows(filters: Filters) -> list[Wait]:
    """Tickets by the day they were opened that no policy matched."""
    return _plain_rows(filters, "opened_at", Q(pk__in=without_policy(Ticket.objects.all()).values("pk")))


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
