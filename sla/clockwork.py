"""From a ticket's events to its rows: live after each event, in bulk for a rebuild, and compared.

Everything here is a function of the events, so live, rebuilt and verified rows come from the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from django.utils import timezone

from sla.book import BOOK
from sla.escalations import fall_at
from sla.measure import FULFILLED, PAUSED, RUNNING, Reading, measure
from sla.metrics import ASIDES, CREDITS_ACTOR, ENDED, RELEVANT, Fact
from sla.models import NEVER, PAUSED_PLACE, Clock, Measurement, TicketDue, Verdict
from tickets.models import Event, Ticket

TOLD = ("sla.warned", "sla.breached", "sla.escalated")
"""Derived kinds: the fold does not read them, the rows say what has been told already."""

CLOCK_FIELDS = (
    "state",
    "started_at",
    "due_at",
    "warn_at",
    "paused_at",
    "pause_reason",
    "stopped_at",
    "stopped_by_id",
    "stopped_by_message_id",
    "breached_at",
    "warned_at",
    "target",
    "target_working",
    "elapsed_working",
    "elapsed_calendar",
    "running_since",
    "policy_version_id",
    "calendar_version_id",
    "next_check_at",
    "due_set_at",
    "due_set_by_id",
)
MEASUREMENT_FIELDS = (
    "opened_at",
    "started_at",
    "stopped_at",
    "working",
    "calendar",
    "target",
    "target_working",
    "due_at",
    "verdict",
    "overrun",
    "agent_id",
    "team_id",
    "message_id",
    "priority",
    "channel",
    "policy_version_id",
)
DUE_FIELDS = ("place_at", "due_at", "metric", "state", "pause_reason", "remaining", "warn_at")
COPY_FIELDS = (
    "status", "team_id", "assignee_id", "priority", "snoozed_until", "unanswered_since", "deleted_at",
)  # fmt: skip

Key = tuple[str, int]  # metric, instance


@dataclass
class Told:
    """What has been recorded of a clock: its warning, its latest breach and its escalation levels by name,
    each with the instant it is about."""

    warned_at: datetime | None = None
    breached_at: datetime | None = None
    levels: dict[str, datetime] = field(default_factory=dict)

    def note(self, at: datetime, kind: str, level: str = "") -> None:
        """Hear of one more; a warning or level that was told before stays as it was."""
        if kind == "sla.warned":
            self.warned_at = self.warned_at or at
        elif kind == "sla.breached":
            self.breached_at = at
        else:
            self.levels.setdefault(level, at)


class Fall(NamedTuple):
    """Something that a running clock will come to at `at`, if nothing happens before: its warning, its breach
    or (`level`) an escalation level."""

    at: datetime
    kind: str
    level: str = ""


@dataclass
class Folded:
    """A ticket's events, folded."""

    ticket_id: int
    readings: list[Reading] = field(default_factory=list)
    told: dict[Key, Told] = field(default_factory=dict)
    status: str = "new"
    is_deleted: bool = False

    def told_of(self, reading: Reading) -> Told:
        return self.told.get((reading.metric, reading.instance), Told())


class Heard(NamedTuple):
    """As much of an event as the fold reads; a history has many, and a row object costs ten times as much."""

    ticket_id: int
    seq: int
    kind: str
    at: datetime
    data: Mapping[str, Any]
    actor_id: int | None


def fold(ticket_id: int, events: Iterable[Fact]) -> Folded:
    """Fold the events of one ticket, given in the order of their sequence numbers."""
    folded, facts = Folded(ticket_id), []
    for event in events:
        if event.kind in RELEVANT:
            facts.append(event)
            if event.kind == "ticket.opened":
                folded.status = event.data["status"]
            elif "status" in event.data:
                folded.status = event.data["status"][1]
            elif event.kind in ("ticket.deleted", "ticket.restored"):
                folded.is_deleted = event.kind == "ticket.deleted"
        elif event.kind in TOLD:
            key = (event.data.get("metric", ""), event.data.get("instance", 1))
            told = folded.told.setdefault(key, Told())
            told.note(event.at, event.kind, event.data.get("level", ""))
    folded.readings = measure(facts, BOOK)
    return folded


def events_of(ticket_ids: Iterable[int]) -> Iterator[tuple[int, list[Heard]]]:
    """The events that matter to clocks, ticket by ticket, in one query."""
    events = Event.objects.filter(ticket__in=ticket_ids, kind__in=(*RELEVANT, *TOLD)).order_by(
        "ticket_id", "seq"
    )
    rows = map(Heard._make, events.values_list(*Heard._fields))
    for ticket_id, group in groupby(rows, key=lambda event: event.ticket_id):
        yield ticket_id, list(group)


def folded_ticket(ticket_id: int) -> Folded:
    """The fold of a ticket as its events now stand."""
    return next((fold(pk, events) for pk, events in events_of([ticket_id])), Folded(ticket_id))


# --- what the rows must say -----------------------------------------------------------------------------


def clock_row(folded: Folded, reading: Reading) -> Clock:
    """The clock that a reading asks for, unsaved."""
    told = folded.told_of(reading)
    breached_at = breach_of(reading, told)
    return Clock(
        ticket_id=folded.ticket_id,
        metric=reading.metric,
        instance=reading.instance,
        state=reading.state,
        started_at=reading.started_at,
        due_at=reading.due_at,
        warn_at=reading.warn_at,
        paused_at=reading.paused_at,
        pause_reason=reading.pause_reason,
        stopped_at=reading.stopped_at,
        stopped_by_id=reading.stopped_by,
        stopped_by_message_id=reading.stopped_by_message,
        breached_at=breached_at,
        warned_at=told.warned_at,
        target=reading.target.amount if reading.target else None,
        target_working=reading.target.working if reading.target else True,
        elapsed_working=reading.elapsed_working,
        elapsed_calendar=reading.elapsed_calendar,
        running_since=reading.running_since,
        policy_version_id=reading.policy_version,
        calendar_version_id=reading.calendar_version,
        next_check_at=next_check(reading, told),
        due_set_at=reading.by_hand.set_at if reading.by_hand else None,
        due_set_by_id=reading.by_hand.by if reading.by_hand else None,
    )


def breach_of(reading: Reading, told: Told) -> datetime | None:
    """The due instant that passed, if the events show or the sweep recorded that it did."""
    if reading.breached_at is None and reading.state == RUNNING and told.breached_at == reading.due_at:
        return told.breached_at
    return reading.breached_at


def falls(reading: Reading, told: Told) -> list[Fall]:
    """What a clock has still to come to, in the order of the instants; nothing while it does not run."""
    if reading.state != RUNNING or reading.due_at is None:
        return []
    coming = []
    if breach_of(reading, told) is None:
        coming.append(Fall(reading.due_at, "sla.breached"))
        if reading.warn_at is not None and told.warned_at is None:
            coming.append(Fall(reading.warn_at, "sla.warned"))
    if reading.policy_version is not None:
        rules = BOOK.rules(reading.policy_version)
        at_opening = rules.switches.due_at_closing == "opening"
        for level in rules.levels(reading.metric):
            if level.name not in told.levels and (at := fall_at(level, reading, at_opening=at_opening)):
                coming.append(Fall(at, "sla.escalated", level.name))
    return sorted(coming, key=lambda fall: fall.at)


def next_check(reading: Reading, told: Told) -> datetime | None:
    """When the sweep has to look at a clock: at the first thing that it comes to, or never."""
    return min((fall.at for fall in falls(reading, told)), default=None)


def measurement_row(ticket: Ticket, reading: Reading) -> Measurement:
    """What a stopped clock came to, unsaved and without its clock."""
    assert reading.stopped_at is not None
    verdict = Verdict.MISSED if reading.breached_at else Verdict.MET
    promised = reading.target or reading.by_hand or reading.breached_at
    credited = (
        reading.stopped_by if reading.metric in CREDITS_ACTOR else reading.assignee or reading.stopped_by
    )
    asked_by = reading.requester or ticket.requester_id  # who asked when the clock ended
    return Measurement(
        ticket_id=ticket.pk,
        metric=reading.metric,
        instance=reading.instance,
        opened_at=ticket.opened_at,
        started_at=reading.started_at,
        stopped_at=reading.stopped_at,
        working=reading.elapsed_working,
        calendar=reading.elapsed_calendar,
        target=reading.target.amount if reading.target else None,
        target_working=reading.target.working if reading.target else True,
        due_at=reading.due_at,
        verdict=verdict if promised else Verdict.UNPROMISED,
        overrun=reading.overrun(reading.stopped_at),
        agent_id=None if credited == asked_by else credited,
        team_id=reading.team,
        message_id=reading.stopped_by_message,
        priority=reading.priority,
        channel=ticket.channel,
        policy_version_id=reading.policy_version,
    )


def due_row(folded: Folded) -> TicketDue | None:
    """What the ticket owes next, unsaved; None for a settled or deleted ticket that owes nothing."""
    running = [(each.due_at, each.metric, each) for each in folded.readings if _runs_to(each)]
    if running:
        due_at, _metric, first = min(running, key=lambda each: each[:2])
        return TicketDue(
            ticket_id=folded.ticket_id,
            place_at=due_at or NEVER,
            due_at=due_at,
            metric=first.metric,
            state=RUNNING,
            warn_at=first.warn_at,
        )
    if folded.status in ENDED or folded.is_deleted:
        return None
    paused = [
        (left, each)
        for each in folded.readings
        if each.state == PAUSED
        and each.metric not in ASIDES
        and (left := each.remaining(each.started_at)) is not None
    ]
    if paused:
        left, first = min(paused, key=lambda each: each[0])
        return TicketDue(
            ticket_id=folded.ticket_id,
            place_at=PAUSED_PLACE,
            metric=first.metric,
            state=PAUSED,
            pause_reason=first.pause_reason,
            remaining=left,
        )
    return TicketDue(ticket_id=folded.ticket_id, place_at=NEVER)


def _runs_to(reading: Reading) -> bool:
    return reading.state == RUNNING and reading.due_at is not None and reading.metric not in ASIDES


# --- rebuilding and comparing ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One field of one row that does not say what the events say. `found` and `expected` as text."""

    ticket_id: int
    row: str
    name: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.row}: {self.name} is {self.found}, the events say {self.expected}"


@dataclass
class Rows:
    """All rows of this app about some tickets."""

    clocks: dict[tuple[int, str, int], Clock]
    measurements: dict[tuple[int, str, int], Measurement]
    dues: dict[int, TicketDue]


def wanted(ticket_ids: list[int]) -> Rows:
    """The rows that the events ask for, unsaved."""
    rows = Rows({}, {}, {})
    tickets = Ticket.with_deleted.in_bulk(ticket_ids)
    for ticket_id, events in events_of(ticket_ids):
        folded = fold(ticket_id, events)
        for reading in folded.readings:
            key = (ticket_id, reading.metric, reading.instance)
            rows.clocks[key] = clock_row(folded, reading)
            if reading.state == FULFILLED:
                rows.measurements[key] = measurement_row(tickets[ticket_id], reading)
        if due := due_row(folded):
            rows.dues[ticket_id] = due
    return rows


def found(ticket_ids: list[int]) -> Rows:
    """The rows as they stand."""
    clocks = Clock.objects.filter(ticket__in=ticket_ids)
    measurements = Measurement.objects.filter(ticket__in=ticket_ids)
    return Rows(
        {(row.ticket_id, row.metric, row.instance): row for row in clocks},
        {(row.ticket_id, row.metric, row.instance): row for row in measurements},
        TicketDue.objects.in_bulk(ticket_ids),
    )


def rebuild(ticket_ids: list[int]) -> int:
    """Throw the rows of these tickets away and write what the events ask for. Returns the number of clocks.

    The caller holds a transaction, and the tickets' row locks where others may write.
    """
    rows = wanted(ticket_ids)
    for table in (Measurement, Clock, TicketDue):
        table.objects.filter(ticket__in=ticket_ids).delete()
    Clock.objects.bulk_create(rows.clocks.values(), batch_size=1000)
    measured_at = timezone.now()
    for key, measurement in rows.measurements.items():
        measurement.clock, measurement.measured_at = rows.clocks[key], measured_at
    Measurement.objects.bulk_create(rows.measurements.values(), batch_size=1000)
    TicketDue.objects.bulk_create(rows.dues.values(), batch_size=1000)
    return len(rows.clocks)


def differences(ticket_ids: list[int]) -> Iterator[Difference]:
    """Where clocks, measurements and due rows do not say what the events say (and of what due rows copy what
    the ticket says), field by field.

    A measurement that the worker still owes (its clock says so) is no difference.
    """
    right, there = wanted(ticket_ids), found(ticket_ids)
    owed = {key for key, clock in there.clocks.items() if clock.needs_measuring}
    measured = {
        key: row for key, row in right.measurements.items() if key in there.measurements or key not in owed
    }
    pairs: tuple[tuple[str, tuple[str, ...], dict[Any, Any], dict[Any, Any]], ...] = (
        ("clock", CLOCK_FIELDS, there.clocks, right.clocks),
        ("measurement", MEASUREMENT_FIELDS, there.measurements, measured),
        ("due", DUE_FIELDS + COPY_FIELDS, there.dues, _with_copies(right.dues)),
    )
    for name, fields, have, want in pairs:
        for key in sorted(have.keys() | want.keys(), key=str):
            ticket_id, *rest = key if isinstance(key, tuple) else (key,)
            row = " ".join([name, *map(str, rest)])
            yield from _compared(ticket_id, row, have.get(key), want.get(key), fields)


def _with_copies(dues: dict[int, TicketDue]) -> dict[int, TicketDue]:
    """Unsaved due rows with what triggers will copy to them."""
    for pk, *values in Ticket.with_deleted.filter(pk__in=dues).values_list("pk", *COPY_FIELDS):
        for name, value in zip(COPY_FIELDS, values, strict=True):
            setattr(dues[pk], name, value)
    return dues


def _compared(
    ticket_id: int, row: str, have: Any, want: Any, fields: tuple[str, ...]
) -> Iterator[Difference]:
    if have is None or want is None:
        yield Difference(
            ticket_id, row, "the row", *(("absent", "there") if have is None else ("there", "absent"))
        )
        return
    for name in fields:
        if getattr(have, name) != getattr(want, name):
            yield Difference(ticket_id, row, name, str(getattr(have, name)), str(getattr(want, name)))
