"""Recovery cases as rows: for the list, for “Needs you now” and for the figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models import Recovery
from feedback.questions import is_low
from helpdesk.reports.filters import Filters
from helpdesk.reports.waits import MET, MISSED, PENDING, Slices, within
from sla.models import NEVER, Clock, ClockState, MetricName


class CaseRow(NamedTuple):
    """One case, by the date on which it was opened: `value` is the seconds until the customer was contacted
    (`done`) or, so far, until now; `score` what they gave when they were asked again."""

    ticket: int
    value: float
    done: bool
    verdict: str
    at: datetime
    team: int | None
    agent: int | None
    priority: int
    channel: str
    is_closed: bool
    score: int | None
    is_recovered: bool


def with_clock(cases: QuerySet[Recovery]) -> Any:
    """Cases with what their clock says: `due_at`, `stopped_at`, `breached_at`, `clock_state`, and `place_at`,
    the place in a list by due time, never None."""
    clocks = Clock.objects.filter(
        ticket=OuterRef("ticket"), metric=MetricName.RECOVERY_CONTACT, instance=OuterRef("instance")
    )

    def of(column: str) -> Subquery:
        return Subquery(clocks.values(column)[:1])

    found = cases.annotate(
        due_at=of("due_at"),
        breached_at=of("breached_at"),
        clock_state=of("state"),
        used=of("elapsed_working"),
    )
    return found.annotate(place_at=Coalesce(F("due_at"), NEVER))


def overdue(cases: Any, now: datetime) -> Any:
    """Those `with_clock` whose customer should have been contacted by now."""
    return cases.filter(closed_at=None, contacted_at=None, due_at__lt=now)


def _asked_about(filters: Filters) -> Any:
    cases = Recovery.objects.filter(
        filters.condition(
            team="ticket__team",
            agent="owner",
            priority="ticket__priority",
            channel="ticket__channel",
            tag="ticket__tags",
        ),
        ticket__deleted_at=None,
    )
    return with_clock(cases)


def overdue_rows(filters: Filters) -> list[CaseRow]:
    """The cases that are overdue now, the longest first."""
    rows = overdue(_asked_about(filters), filters.now).order_by("place_at", "pk")
    return [_row(one, filters.now, late=True) for one in _values(rows)]


def case_rows(filters: Filters) -> list[CaseRow]:
    """The cases opened in the period. Those that fell away by themselves are left out."""
    rows = _asked_about(filters).filter(reason="", **within(filters.period, "opened_at"))
    return [_row(one, filters.now) for one in _values(rows)]


def asked_again_rows(filters: Filters) -> list[CaseRow]:
    """Of the cases opened in the period those whose customer answered when asked again."""
    return [row for row in case_rows(filters) if row.score is not None]


def _values(rows: Any) -> Any:
    return rows.values(
        "ticket_id",
        "opened_at",
        "contacted_at",
        "closed_at",
        "owner_id",
        "due_at",
        "breached_at",
        "clock_state",
        "used",
        team=F("ticket__team_id"),
        priority=F("ticket__priority"),
        channel=F("ticket__channel"),
        kind=F("survey__kind"),
        score=F("asked_again__answer__score"),
    ).iterator(chunk_size=5000)


def _row(one: dict[str, Any], now: datetime, *, late: bool = False) -> CaseRow:
    done = one["clock_state"] == ClockState.FULFILLED
    if late:
        spent = now - one["due_at"]
    elif done:
        spent = one["used"]
    else:
        spent = (one["closed_at"] or now) - one["opened_at"]
    is_missed = one["breached_at"] is not None or (not done and one["due_at"] and one["due_at"] < now)
    return CaseRow(
        ticket=one["ticket_id"],
        value=max(spent or timedelta(0), timedelta(0)).total_seconds(),
        done=done,
        verdict=MISSED if is_missed else MET if done else PENDING,
        at=one["opened_at"],
        team=one["team"],
        agent=one["owner_id"],
        priority=one["priority"],
        channel=one["channel"],
        is_closed=one["closed_at"] is not None,
        score=one["score"],
        is_recovered=one["score"] is not None and not is_low(one["kind"], one["score"]),
    )


def is_loop_closed(row: CaseRow) -> bool:
    """The case is closed, and its customer was contacted within the target."""
    return row.is_closed and row.done and row.verdict == MET


def _having(name: str) -> Callable[[CaseRow], bool]:
    return lambda row: bool(getattr(row, name))


CASE_SLICES: Slices = {
    "all": (_("opened"), lambda row: True),
    "loop-closed": (_("closed, contacted within target"), is_loop_closed),
    "open": (_("still open"), lambda row: not row.is_closed),
    "missed": (_("contacted late or not at all"), lambda row: row.verdict == MISSED),
}
AGAIN_SLICES: Slices = {
    "all": (_("answered again"), lambda row: True),
    "recovered": (_("no longer a low score"), _having("is_recovered")),
}

# --- the list -------------------------------------------------------------------------------------------

SHOWN: dict[str, tuple[Any, Q]] = {
    "open": (_("Open"), Q(closed_at=None)),
    "overdue": (_("Overdue"), Q(closed_at=None)),
    "closed": (_("Closed"), Q(closed_at__isnull=False)),
}
"""The tabs of the list."""


def listed(cases: QuerySet[Recovery], show: str, now: datetime) -> Any:
    """The cases under a tab: open ones by due time, closed ones the newest first."""
    rows = with_clock(cases).filter(SHOWN[show][1])
    if show == "closed":
        return rows.order_by("-closed_at", "-pk")
    return (overdue(rows, now) if show == "overdue" else rows).order_by("place_at", "pk")
