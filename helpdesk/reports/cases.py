"""Recovery cases as rows: for the list, for “Needs you now” and for the figures."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest, NullIf
from django.utils.translation import gettext_lazy as _

from feedback.models import Recovery
from feedback.questions import LOW
from helpdesk.reports.filters import NOBODY, Filters
from helpdesk.reports.relation import Slices
from helpdesk.reports.waits import EVERY, MET, MISSED, PENDING, Parts, of_ticket, within, words
from sla.elapsed import Seconds, seconds_between
from sla.models import NEVER, Clock, ClockState, MetricName


class CaseRow(NamedTuple):
    """One case, by the date on which it was opened: `value` is the seconds until the customer was contacted
    (`done`) or, so far, until now; `score` what they gave when they were asked again; `cause` the code of
    what went wrong, as whoever closed it found."""

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
    cause: str | None
    outcome: str


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
    found = Recovery.objects.filter(of_ticket(filters, agent="owner"), ticket__deleted_at=None)
    if filters.cause:
        found = found.filter(root_cause="" if filters.cause == NOBODY else filters.cause)
    return with_clock(found)


def overdue_cases(filters: Filters) -> Parts:
    """The cases that are overdue now: how long over their due time."""
    late = overdue(_asked_about(filters), filters.now)
    return [_as_rows(late, filters.now, seconds_between("due_at", filters.now))]


def cases(filters: Filters) -> Parts:
    """The cases opened in the period. Those that fell away by themselves are left out."""
    return [_as_rows(_opened(filters), filters.now)]


def asked_again(filters: Filters) -> Parts:
    """Of the cases opened in the period those whose customer answered when asked again."""
    return [_as_rows(_opened(filters).filter(asked_again__answer__isnull=False), filters.now)]


def _opened(filters: Filters) -> Any:
    return _asked_about(filters).filter(reason="", **within(filters.period, "opened_at"))


def _as_rows(rows: Any, now: datetime, spent: Any = None) -> Any:
    is_done = Q(clock_state=ClockState.FULFILLED)
    is_missed = Q(breached_at__isnull=False) | (~is_done & Q(due_at__lt=now))
    rows = rows.annotate(until=Coalesce("closed_at", Value(now)))
    spent = spent or Case(
        When(is_done, then=Coalesce(Seconds(F("used")), Value(0.0))),
        default=seconds_between("opened_at", "until"),
    )
    verdict = Case(
        When(is_missed, then=Value(MISSED)), When(is_done, then=Value(MET)), default=Value(PENDING)
    )
    no_longer_low = (Q(survey__kind=kind, asked_again__answer__score__gt=low) for kind, low in LOW.items())
    return rows.values_list(
        "ticket_id",
        Greatest(spent, Value(0.0)),
        _is(is_done),
        words(verdict),
        "opened_at",
        "ticket__team_id",
        "owner_id",
        "ticket__priority",
        "ticket__channel",
        _is(Q(closed_at__isnull=False)),
        "asked_again__answer__score",
        _is(reduce(or_, no_longer_low)),
        NullIf("root_cause", words("")),
        "outcome",
    )


def _is(condition: Q) -> Any:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


CASE_FACTS = ("is_closed", "done", "verdict", "is_recovered", "outcome")
CASE_SLICES: Slices = {
    "all": (_("opened"), EVERY),
    "loop-closed": (_("closed, contacted within target"), f"is_closed AND done AND verdict = '{MET}'"),
    "open": (_("still open"), "NOT is_closed"),
    "missed": (_("contacted late or not at all"), f"verdict = '{MISSED}'"),
    "closed": (_("with an outcome"), "is_closed"),
    "won-back": (_("with the outcome: recovered"), f"outcome = '{Recovery.Outcome.RECOVERED}'"),
}
AGAIN_SLICES: Slices = {
    "all": (_("answered again"), EVERY),
    "recovered": (_("no longer a low score"), "is_recovered"),
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
