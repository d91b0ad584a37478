"""Rows of promises: one per ticket and promise, kept, broken or still open; and plain rows of tickets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DurationField,
    Exists,
    F,
    FloatField,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from helpdesk.reports.filters import Filters
from helpdesk.reports.periods import Period
from helpdesk.reports.relation import Slices
from sla.elapsed import Seconds, seconds_run
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
Parts = list[Any]
"""Querysets that give the fields of a kind of rows in their order: see `helpdesk.reports.relation`."""
LOOKED_UP = {"organization": "ticket__organization", "tag": "ticket__tags"}
"""Columns of what has a ticket."""
YES, NO = Value(True, BooleanField()), Value(False, BooleanField())
NO_TARGET = Cast(Value(None), DurationField())


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


def words(value: Any) -> Cast:
    """A text or a choice of texts, of the type that columns of texts have."""
    return Cast(Value(value) if isinstance(value, str) else value, CharField())


def promises(filters: Filters, metrics: Sequence[str], more: tuple[str, ...] = ()) -> Parts:
    """Kept and broken promises of some metrics, by opening or by answering date, and those still open.

    A clock is open, or stopped and still to be measured, or measured, so that each counts once. One that a
    worker is still to measure counts by what it shows itself. `more` are columns of both that follow.
    """
    if filters.by == "answered":
        return [
            _measured(filters, metrics, more, "stopped_at"),
            _stopped(filters, metrics, more, "stopped_at"),
        ]
    return [
        _measured(filters, metrics, more, "opened_at"),
        _stopped(filters, metrics, more, "ticket__opened_at"),
        _open(filters, metrics, more),
    ]


def _measured(filters: Filters, metrics: Sequence[str], more: tuple[str, ...], instant: str) -> Any:
    found = Measurement.objects.filter(
        filters.condition(team="team", agent="agent", priority="priority", channel="channel", **LOOKED_UP),
        metric__in=metrics,
        **within(filters.period, instant),
    )
    return found.values_list(
        "ticket_id",
        Seconds(F("working" if filters.is_working else "calendar")),
        YES,
        "verdict",
        instant,
        "team_id",
        "agent_id",
        "priority",
        "channel",
        "target",
        "target_working",
        *more,
    )


def _stopped(filters: Filters, metrics: Sequence[str], more: tuple[str, ...], instant: str) -> Any:
    """Clocks that stopped and wait for their measurement, as the measurement will say it."""
    clocks = Clock.objects.filter(
        of_ticket(filters, agent="stopped_by"),
        metric__in=metrics,
        state=ClockState.FULFILLED,
        needs_measuring=True,
        **within(filters.period, instant),
    )
    run = Seconds(F("elapsed_working" if filters.is_working else "elapsed_calendar"))
    return _of_clocks(clocks, run, YES, Q(breached_at__isnull=False), MET, instant, "stopped_by_id", more)


def _open(filters: Filters, metrics: Sequence[str], more: tuple[str, ...]) -> Any:
    clocks = Clock.objects.filter(
        of_ticket(filters, agent="ticket__assignee"),
        metric__in=metrics,
        state__in=OPEN_STATES,
        **within(filters.period, "ticket__opened_at"),
    )
    run = seconds_run(metrics, filters.now, working=filters.is_working)
    is_late = Q(breached_at__isnull=False) | Q(state=ClockState.RUNNING, due_at__lt=filters.now)
    return _of_clocks(clocks, run, NO, is_late, PENDING, "ticket__opened_at", "ticket__assignee_id", more)


def _of_clocks(
    clocks: Any,
    run: Any,
    done: Value,
    is_late: Q,
    else_: str,
    instant: str,
    agent: str,
    more: tuple[str, ...],
) -> Any:
    verdict = Case(
        When(target=None, then=Value(UNPROMISED)), When(is_late, then=Value(MISSED)), default=Value(else_)
    )
    return clocks.values_list(
        "ticket_id",
        run,
        done,
        words(verdict),
        instant,
        "ticket__team_id",
        agent,
        "ticket__priority",
        "ticket__channel",
        "target",
        "target_working",
        *more,
    )


def of_ticket(filters: Filters, *, agent: str) -> Q:
    """The dimensions as a condition on rows that have a ticket; `agent` is the column of whom they credit."""
    return filters.condition(
        team="ticket__team",
        agent=agent,
        priority="ticket__priority",
        channel="ticket__channel",
        **LOOKED_UP,
    )


def of_ticket_itself(filters: Filters) -> Q:
    """The dimensions as a condition on tickets."""
    return filters.condition(
        team="team",
        agent="assignee",
        priority="priority",
        channel="channel",
        organization="organization",
        tag="tags",
    )


def within(period: Period, column: str) -> dict[str, datetime]:
    """The lookups that keep an instant inside a period."""
    return {f"{column}__gte": period.since, f"{column}__lt": period.until}


EVERY = "true"
FACTS = ("done", "verdict")
WAIT_SLICES: Slices = {
    "all": (_("all counted"), EVERY),
    "answered": (_("answered"), "done"),
    "waiting": (_("still waiting"), "NOT done"),
    "met": (_("within target"), f"verdict = '{MET}'"),
    "missed": (_("past target"), f"verdict = '{MISSED}'"),
    "judged": (_("with a verdict"), f"verdict IN ('{MET}', '{MISSED}')"),
    "pending": (_("waiting, not due yet"), f"verdict = '{PENDING}'"),
    "unpromised": (_("without a target"), f"verdict = '{UNPROMISED}'"),
}

# --- plain rows -----------------------------------------------------------------------------------------


def opened(filters: Filters) -> Parts:
    """Tickets by the day they were opened."""
    return [as_waits(_opened(filters))]


def resolved(filters: Filters) -> Parts:
    """Resolutions (a reopened ticket may have several) by the day of each."""
    events = Event.objects.filter(
        of_ticket(filters, agent="ticket__assignee"),
        kind="ticket.resolved",
        ticket__spam_at=None,
        ticket__deleted_at=None,
        **within(filters.period, "at"),
    )
    return [as_waits(events, "at", prefix="ticket__")]


def of_tickets(filters: Filters) -> Any:
    """Tickets that count, of whatever day, as narrowed."""
    return Ticket.objects.filter(
        of_ticket_itself(filters),
        spam_at=None,
    )


def _opened(filters: Filters) -> Any:
    return of_tickets(filters).filter(**within(filters.period, "opened_at"))


def as_waits(
    rows: Any,
    at: Any = "opened_at",
    value: Any = None,
    done: Value = YES,
    *more: str,
    prefix: str = "",
) -> Any:
    """Tickets (or what has one behind `prefix`) as rows with an instant and, if any, a number of seconds;
    `more` are columns that follow."""
    return rows.values_list(
        f"{prefix}pk",
        Value(0.0, FloatField()) if value is None else value,
        done,
        words(""),
        at,
        f"{prefix}team_id",
        f"{prefix}assignee_id",
        f"{prefix}priority",
        f"{prefix}channel",
        NO_TARGET,
        YES,
        *more,
    )


def _first_clocks(**more: Any) -> Exists:
    return Exists(Clock.objects.filter(ticket=OuterRef("pk"), metric=MetricName.FIRST_RESPONSE, **more))


def unanswered(filters: Filters) -> Parts:
    """Not counted in first response: resolved although nobody had answered."""
    return [as_waits(_opened(filters).filter(_first_clocks(state=ClockState.CANCELLED)))]


def unmatched(filters: Filters) -> Parts:
    """Tickets by the day they were opened that no policy matched."""
    return [as_waits(without_policy(_opened(filters)))]


def outgoing(filters: Filters) -> Parts:
    """Not counted in first response: we wrote first, so nobody waited for an answer."""
    return [as_waits(_opened(filters).filter(~_first_clocks(), spoke_first=Speaker.AGENT))]


def shared_target(targets: Iterable[tuple[timedelta | None, bool]], *, working: bool) -> float | None:
    """The target in seconds where all rows that have one share it, counted in the time that is shown;
    `targets` are pairs of a target and whether it counts in working time."""
    found = {(target, is_working) for target, is_working in targets if target is not None}
    if len(found) != 1:
        return None
    target, is_working = found.pop()
    return target.total_seconds() if target and is_working == working else None
