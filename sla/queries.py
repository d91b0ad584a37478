"""What is asked about promises. One definition of each figure, for pages, export and API alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, Count, DurationField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now

from sla import clockwork, ledger, places
from sla.book import BOOK
from sla.calendar import WorkingCalendar
from sla.escalations import Level
from sla.measure import ALWAYS
from sla.metrics import ASIDES, REPLIES, Fact
from sla.models import (
    NEVER,
    OPEN_STATES,
    Calendar,
    CalendarVersion,
    Clock,
    ClockState,
    Escalation,
    Measurement,
    MetricName,
    Policy,
    PolicyVersion,
    Verdict,
)
from tickets.models import Event, Ticket
from tickets.statements import answer, json_of

_METRIC_ORDER = {metric: index for index, metric in enumerate(MetricName.values)}

# --- versions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """A version of a policy or a calendar: its number, of what (id and name) it is one."""

    number: int
    of: int
    name: str


VERSIONS = """
SELECT TRUE, v.id, v.number, p.id, p.name FROM sla_policyversion v
JOIN sla_policy p ON p.id = v.policy_id WHERE v.id = ANY(%(policies)s)
UNION ALL
SELECT FALSE, v.id, v.number, c.id, c.name FROM sla_calendarversion v
JOIN sla_calendar c ON c.id = v.calendar_id WHERE v.id = ANY(%(calendars)s)
"""


Versions = tuple[dict[int, Version], dict[int, Version]]
"""Of policies and of calendars, each by id."""


def versions(policies: Iterable[int], calendars: Iterable[int]) -> Versions:
    """One query."""
    found: Versions = ({}, {})
    for is_policy, pk, *told in answer(VERSIONS, policies=list(policies), calendars=list(calendars)):
        found[not is_policy][pk] = Version(*told)
    return found


def versions_of_clocks(ticket: int) -> str:
    """The versions under which the clocks of a ticket stand, as JSON within another statement: see
    `versions_in`."""
    clocks = Clock.objects.filter(ticket=ticket)
    policies = PolicyVersion.objects.filter(pk__in=clocks.values("policy_version"))
    calendars = CalendarVersion.objects.filter(pk__in=clocks.values("calendar_version"))
    told = (
        json_of(policies.values("pk", "number", of=F("policy"), name=F("policy__name"))),
        json_of(calendars.values("pk", "number", of=F("calendar"), name=F("calendar__name"))),
    )
    return f"jsonb_build_array({', '.join(told)})"


def versions_in(told: list[list[dict[str, Any]]]) -> Versions:
    """What `versions_of_clocks` answered."""
    policies, calendars = ({row.pop("pk"): Version(**row) for row in rows} for rows in told)
    return policies, calendars


# --- the queue ----------------------------------------------------------------------------------------


def with_next_due(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Tickets with what they owe next, by a join on one small row a ticket (no query more, no row less):

    `next_due_at` (None while paused or where nothing is promised), `next_due_metric`, `next_due_state`
    ("running", "paused", "" or None), `next_due_reason` (the status that pauses), `next_due_remaining` (of a
    paused clock), `next_due_warn_at` (from when the due time counts as near), and `due_key`, the place in the
    queue, never None.
    """
    return tickets.annotate(
        next_due_at=F("due__due_at"),
        next_due_metric=F("due__metric"),
        next_due_state=F("due__state"),
        next_due_reason=F("due__pause_reason"),
        next_due_remaining=F("due__remaining"),
        next_due_warn_at=F("due__warn_at"),
        due_key=Coalesce(F("due__place_at"), Value(NEVER)),
    )


def in_due_order(
    tickets: QuerySet[Ticket],
    after: tuple[datetime, int] | None = None,
    *,
    backwards: bool = False,
    parts: Sequence[Q] = (),
    size: int | None = None,
) -> QuerySet[Ticket]:
    """Unsettled tickets by next due time, then number: `with_next_due` in the order of one index.

    Tickets that are settled and owe nothing are left out. `after` is the (`due_key`, pk) of the row behind
    which to go on; `backwards` walks from there to the front. Costs the page, not the table. Where no more
    than the first `size` are wanted, they may be read in `parts` (`places.first_in_parts`). Whoever locks
    rows heeds what `places.by_copies` says.
    """
    rows = with_next_due(tickets.filter(due__isnull=False)).annotate(due_key=F("due__place_at"))
    if after is not None:
        rows = rows.filter(places.behind(after, backwards=backwards))
    copied = places.by_copies(rows)
    if size is not None:
        copied = places.first_in_parts(copied, parts, size, backwards=backwards)
    order = ("-due__place_at", "-due") if backwards else ("due__place_at", "due")
    return copied.order_by(*order)[:size]


def late(tickets: QuerySet[Ticket], now: datetime) -> QuerySet[Ticket]:
    """Those whose next due time has passed."""
    return tickets.filter(due__due_at__lt=now)


def due_between(tickets: QuerySet[Ticket], start: datetime, end: datetime) -> QuerySet[Ticket]:
    """Those whose next due time lies from `start` to before `end`."""
    return tickets.filter(due__due_at__gte=start, due__due_at__lt=end)


# --- one ticket ---------------------------------------------------------------------------------------


def clocks_of(ticket: Ticket) -> list[Clock]:
    """The clocks worth showing: of each metric the newest instance, in the metrics' order; one query."""
    clocks = Clock.objects.filter(ticket=ticket).exclude(metric__in=ASIDES)
    clocks = clocks.order_by("metric", "-instance").distinct("metric")
    return sorted(
        clocks.select_related("policy_version__policy", "calendar_version__calendar"),
        key=lambda clock: _METRIC_ORDER[clock.metric],
    )


def ledgers_of(ticket: Ticket, now: datetime) -> list[ledger.Ledger]:
    """Each clock of a ticket explained, in the order of the metrics, oldest instance first; one query."""
    events = next((events for _pk, events in clockwork.events_of([ticket.pk])), [])
    return ledgers_from(ticket, events, now)


def ledgers_from(ticket: Ticket, events: Iterable[Fact], now: datetime) -> list[ledger.Ledger]:
    """As `ledgers_of`, from the ticket's events in their order."""
    readings = [each for each in clockwork.fold(ticket.pk, events).readings if each.metric not in ASIDES]
    readings.sort(key=lambda each: (_METRIC_ORDER[each.metric], each.instance))
    return [ledger.explain(reading, now) for reading in readings]


def ledger_of_recovery(ticket: Ticket, instance: int, now: datetime) -> ledger.Ledger | None:
    """The clock of a recovery case explained; None where there is none (any more). One query."""
    found = clockwork.folded_ticket(ticket.pk).readings
    wanted = (MetricName.RECOVERY_CONTACT, instance)
    reading = next((each for each in found if (each.metric, each.instance) == wanted), None)
    return ledger.explain(reading, now) if reading else None


def next_word_due(tickets: Iterable[Ticket], now: datetime) -> dict[int, datetime]:
    """Until when the next word to the customer is promised, by ticket id; one query. Only what is still to
    come, of clocks that run."""
    clocks = Clock.objects.filter(
        ticket__in=[ticket.pk for ticket in tickets],
        metric__in=REPLIES,
        state=ClockState.RUNNING,
        due_at__gt=now,
    )
    found = clocks.order_by("-due_at").values_list("ticket_id", "due_at")
    return {ticket: due_at for ticket, due_at in found if due_at}


def public_target(ticket: Ticket) -> datetime | None:
    """When we promised to answer first, as an acknowledgement may say it; None where nothing is promised."""
    return (
        Clock.objects.filter(ticket=ticket, metric=MetricName.FIRST_RESPONSE)
        .values_list("due_at", flat=True)
        .first()
    )


def calendar_of(ticket: Ticket) -> WorkingCalendar:
    """The working calendar that holds for a ticket: its clocks', else the default one, else day and night."""
    version = (
        CalendarVersion.objects.filter(
            pk__in=Clock.objects.filter(ticket=ticket).values("calendar_version")
        ).first()
        or CalendarVersion.objects.filter(calendar__is_default=True).order_by("-number").first()
    )
    return version.compiled if version else ALWAYS


def default_zone() -> ZoneInfo:
    """The time zone of the default working calendar; UTC where there is none."""
    version = CalendarVersion.objects.filter(calendar__is_default=True).order_by("-number").first()
    return version.compiled.zone if version else ALWAYS.zone


# --- reports ------------------------------------------------------------------------------------------


class Percentile(Aggregate):
    """PostgreSQL's percentile_cont within a group: `Percentile("working", at=0.5)` is the median."""

    function = "percentile_cont"
    template = "%(function)s(%(at)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: str, at: float, **extra: Any) -> None:
        super().__init__(expression, at=float(at), **extra)


def measured(
    tickets: QuerySet[Ticket],
    metric: str = MetricName.FIRST_RESPONSE,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    by: str = "stopped_at",
    team: Iterable[int] = (),
    agent: Iterable[int] = (),
    priority: Iterable[int] = (),
    channel: Iterable[str] = (),
) -> QuerySet[Measurement]:
    """Measurements of the tickets that the reader may see (`access.visible_to`), as filtered.

    The period is half-open and counts by the instant of the answer (`by="stopped_at"`) or of the opening
    (`by="opened_at"`). An empty filter lets everything through. A reply within no working time counts like
    any other; a ticket without a reply is in `still_waiting`, never in an average.
    """
    rows = Measurement.objects.filter(metric=metric)
    if not _is_everything(tickets):
        rows = rows.filter(ticket__in=tickets.order_by().values("pk"))
    rows = rows.filter(**_period(by, start, end))
    wanted: dict[str, list[Any]] = {
        "team__in": list(team),
        "agent__in": list(agent),
        "priority__in": list(priority),
        "channel__in": list(channel),
    }
    return rows.filter(**{name: values for name, values in wanted.items() if values})


FIGURES: dict[str, Any] = {
    "n": Count("pk"),
    "median_working": Percentile("working", at=0.5),
    "p90_working": Percentile("working", at=0.9),
    "median_calendar": Percentile("calendar", at=0.5),
    "p90_calendar": Percentile("calendar", at=0.9),
    "promised": Count("pk", filter=~Q(verdict=Verdict.UNPROMISED)),
    "met": Count("pk", filter=Q(verdict=Verdict.MET)),
}
"""What is said of a set of measurements. The share within target is `met` of `promised`; without a target a
reply counts in the times and in `n`, not in the share."""


def figures(measurements: QuerySet[Measurement]) -> dict[str, Any]:
    """`FIGURES` of all rows; medians are None where there are none."""
    return measurements.order_by().aggregate(**FIGURES)


def figures_by(measurements: QuerySet[Measurement], *fields: str | Any, **named: Any) -> QuerySet[Any]:
    """`FIGURES` for each value of the fields (names, or expressions by keyword): dicts, ordered by them."""
    names = [*fields, *named]
    return measurements.order_by().values(*fields, **named).annotate(**FIGURES).order_by(*names)


def still_waiting(
    tickets: QuerySet[Ticket],
    metric: str = MetricName.FIRST_RESPONSE,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[Clock]:
    """Open clocks of visible tickets: who still waits, oldest first. The period counts by the start."""
    rows = Clock.objects.filter(metric=metric, state__in=OPEN_STATES, **_period("started_at", start, end))
    if not _is_everything(tickets):
        rows = rows.filter(ticket__in=tickets.order_by().values("pk"))
    return rows.order_by("started_at", "pk")


def settled_unanswered(
    tickets: QuerySet[Ticket], *, start: datetime | None = None, end: datetime | None = None
) -> QuerySet[Clock]:
    """First-response clocks that ended without an answer (resolved unanswered), by the instant they ended."""
    rows = Clock.objects.filter(
        metric=MetricName.FIRST_RESPONSE, state=ClockState.CANCELLED, **_period("stopped_at", start, end)
    )
    if not _is_everything(tickets):
        rows = rows.filter(ticket__in=tickets.order_by().values("pk"))
    return rows.order_by("stopped_at", "pk")


def without_policy(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Those that no policy matched (of an ended ticket: when it was resolved): nothing is promised."""
    bare = Clock.objects.filter(ticket=OuterRef("pk"), metric=MetricName.RESOLUTION, policy_version=None)
    return tickets.filter(Exists(bare))


def overdue(clocks: QuerySet[Clock]) -> QuerySet[Clock]:
    """Of some open clocks those whose due time has passed by the database's clock."""
    return clocks.filter(Q(breached_at__isnull=False) | Q(state=ClockState.RUNNING, due_at__lt=Now()))


def _period(name: str, start: datetime | None, end: datetime | None) -> dict[str, datetime]:
    bounds = {f"{name}__gte": start, f"{name}__lt": end}
    return {key: value for key, value in bounds.items() if value is not None}


def _is_everything(tickets: QuerySet[Ticket]) -> bool:
    """Whether a queryset holds all tickets, so that no join is needed to say so."""
    return not tickets.query.where and not tickets.query.is_sliced


def metrics_in_use() -> set[str]:
    """The metrics that any policy, former versions included, promises or asks to measure; one query."""
    specs = PolicyVersion.objects.order_by().values_list("spec", flat=True)
    return {name for spec in specs for name in (*(spec.get("targets") or {}), *(spec.get("measures") or ()))}


# --- set-up -------------------------------------------------------------------------------------------


def policies() -> QuerySet[Policy]:
    """All policies in the order in which they are asked."""
    return Policy.objects.select_related("calendar").order_by("position", "pk")


def policies_with_versions() -> list[tuple[Policy, PolicyVersion]]:
    """All policies in the order in which they are asked, each with its latest version; one query."""
    versions = PolicyVersion.objects.order_by("policy__position", "policy_id", "-number")
    latest = versions.distinct("policy__position", "policy_id").select_related("policy__calendar")
    return [(version.policy, version) for version in latest]


def calendars_with_versions() -> list[tuple[Calendar, CalendarVersion]]:
    """All calendars, the default one first, each with its latest version; one query."""
    versions = CalendarVersion.objects.order_by("calendar_id", "-number").distinct("calendar_id")
    found = [(version.calendar, version) for version in versions.select_related("calendar")]
    return sorted(found, key=lambda pair: (not pair[0].is_default, pair[0].name.casefold()))


# --- escalation ---------------------------------------------------------------------------------------


def level_of(event: Event) -> Level | None:
    """The level that an `sla.escalated` event is about, as the policy version said that was in force."""
    version = event.data.get("policy_version")
    if version is None:
        return None
    return BOOK.rules(version).level(event.data["metric"], event.data["level"])


def next_open(event: Event, at: datetime) -> datetime:
    """`at`, or the next opening of the calendar in which the clock of an `sla.escalated` event counts."""
    version = event.data.get("calendar_version")
    return (BOOK.calendar(version) if version is not None else ALWAYS).next_open(at)


def parked_clocks() -> QuerySet[Clock]:
    """Clocks that the sweep could not check, with the reason (`fault`), the next to be tried first."""
    return Clock.objects.exclude(fault="").select_related("ticket").order_by("next_check_at", "pk")


def parked_escalations() -> QuerySet[Escalation]:
    """Actions of escalation levels that could not be run, with the reason, the next to be tried first."""
    pending = Escalation.objects.filter(state=Escalation.State.PENDING).exclude(fault="")
    return pending.select_related("ticket").order_by("next_try_at", "pk")


def unmeasured(before: datetime) -> QuerySet[Clock]:
    """Clocks that stopped before an instant and still have no measurement, the oldest first."""
    lost = Clock.objects.filter(needs_measuring=True, stopped_at__lt=before)
    return lost.select_related("ticket").order_by("stopped_at", "pk")


def has_backlog(before: datetime) -> bool:
    """Whether the sweep has still to do what fell due before an instant."""
    return Clock.objects.filter(next_check_at__lt=before).exists()


def open_clocks(tickets: Iterable[int]) -> set[tuple[int, str, int]]:
    """The clocks of these tickets that have not ended, as (ticket, metric, instance)."""
    ids, found = sorted(tickets), set()
    for start in range(0, len(ids), 5000):
        clocks = Clock.objects.filter(ticket__in=ids[start : start + 5000], state__in=OPEN_STATES)
        found |= set(clocks.values_list("ticket_id", "metric", "instance"))
    return found
