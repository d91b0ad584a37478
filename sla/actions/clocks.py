"""The clocks of a ticket: which policy holds, where they stand after an event, what sweep and worker add."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from sla import clockwork
from sla.book import BOOK
from sla.matching import matches
from sla.measure import FULFILLED
from sla.models import INCOMPLETE, OPEN_STATES, CalendarVersion, Clock, Measurement, PolicyVersion, TicketDue
from tickets.bulk import insert
from tickets.events import NewEvent, record, record_all
from tickets.handover import hand_over
from tickets.models import Event, Organization, Ticket, User

ASKED = {
    "ticket.moved": frozenset({"team"}),
    "ticket.prioritized": frozenset({"priority"}),
    "ticket.typed": frozenset({"type"}),
    "ticket.tagged": frozenset({"tag"}),
    "ticket.untagged": frozenset({"tag"}),
    "ticket.requester_changed": frozenset({"organization", "customer_tag"}),
}
"""What of a ticket an event changes that a policy's conditions may ask for."""


def latest_versions() -> list[PolicyVersion]:
    """The latest version of each active policy, in the order in which they are asked."""
    return list(
        PolicyVersion.objects.filter(policy__is_active=True)
        .order_by("policy__position", "policy_id", "-number")
        .distinct("policy__position", "policy_id")
        .select_related("policy")
    )


def matching_version(
    ticket: Ticket, versions: list[PolicyVersion] | None = None, tags: list[str] | None = None
) -> PolicyVersion | None:
    """The latest version of the first active policy whose conditions hold for the ticket as it stands.
    `tags` are its `customer_tags`, where they were asked already."""
    known: dict[str, list[Any]] = {
        "team": [ticket.team_id],
        "organization": [ticket.organization_id] if ticket.organization_id else [],
        "channel": [ticket.channel],
        "type": [ticket.type],
        "priority": [ticket.priority],
    }
    for version in latest_versions() if versions is None else versions:
        if "tag" in version.asks and "tag" not in known:
            known["tag"] = [tag.name for tag in ticket.tags.all()]  # prefetched where many are asked
        if "customer_tag" in version.asks and "customer_tag" not in known:
            known["customer_tag"] = customer_tags(ticket) if tags is None else tags
        if matches(version.conditions, known):
            return version
    return None


def customer_tags(ticket: Ticket) -> list[str]:
    """The tags of a ticket's requester and of its organisation, as they are now."""
    tags = list(ticket.requester.tags.all())
    if ticket.organization is not None:
        tags += ticket.organization.tags.all()
    return [tag.name for tag in tags]


def apply_policies(events: Sequence[Event]) -> set[int]:
    """Record which versions hold for the events' tickets from these events on. The ids of the events that
    changed something.

    A ticket keeps the version that it got while it stays under the same policy.
    """
    if not events:
        return set()
    versions = latest_versions()
    asked = any("customer_tag" in version.asks for version in versions)
    tags = _tags_of_customers([event.ticket for event in events if event.ticket]) if asked else {}
    calendars = _latest_calendars()
    drafts: dict[int, NewEvent] = {}
    for event in events:
        ticket = event.ticket
        assert ticket is not None
        changed = ASKED.get(event.kind)
        if changed and all(changed.isdisjoint(version.asks) for version in versions):
            continue
        version = matching_version(ticket, versions, tags.get(ticket.pk))
        if event.kind != "ticket.opened" and _policy_of(ticket) == (version.policy_id if version else None):
            continue
        data = {
            "policy_version": version.pk if version else None,
            "calendar_version": calendars.get(version.policy.calendar_id if version else None),
        }
        drafts[event.pk] = NewEvent("sla.applied", ticket, ticket, at=event.at, data=data)
    if drafts:
        record_all(list(drafts.values()))
    return set(drafts)


def _tags_of_customers(tickets: Sequence[Ticket]) -> dict[int, list[str]]:
    """For each ticket what `customer_tags` says, asked at once."""
    people, organizations = User.tags.through.objects, Organization.tags.through.objects
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    asked = people.filter(user__in={ticket.requester_id for ticket in tickets})
    for pk, name in asked.values_list("user", "tag__name"):
        found["person", pk].append(name)
    if companies := {ticket.organization_id for ticket in tickets if ticket.organization_id}:
        for pk, name in organizations.filter(organization__in=companies).values_list(
            "organization", "tag__name"
        ):
            found["organization", pk].append(name)
    return {
        ticket.pk: found["person", ticket.requester_id] + found["organization", ticket.organization_id or 0]
        for ticket in tickets
    }


def _latest_calendars() -> dict[int | None, int]:
    """The latest version of each calendar; None stands for the default one."""
    rows = CalendarVersion.objects.order_by("calendar", "-number").distinct("calendar")
    found: dict[int | None, int] = {}
    for version, calendar, is_default in rows.values_list("pk", "calendar", "calendar__is_default"):
        found[calendar] = version
        if is_default:
            found[None] = version
    return found


def _policy_of(ticket: Ticket) -> int | None:
    """The policy that was applied last."""
    applied = ticket.events.filter(kind="sla.applied").order_by("-seq").first()
    version = applied.data.get("policy_version") if applied else None
    return PolicyVersion.objects.filter(pk=version or 0).values_list("policy_id", flat=True).first()


def notes_answer(ticket_id: int) -> bool:
    """Whether a note can change a clock of the ticket: only where its policy lets notes count as replies."""
    clocks = Clock.objects.filter(ticket=ticket_id, state__in=OPEN_STATES, policy_version__isnull=False)
    versions = set(clocks.values_list("policy_version", flat=True))
    return any(BOOK.rules(version).switches.note_answers for version in versions if version)


def set_clocks(events: Sequence[Event]) -> None:
    """Bring the rows of the events' tickets up to them, record the breaches they show, hand over what
    stopped."""
    if not events:
        return
    tickets = {event.ticket.pk: event.ticket for event in events if event.ticket is not None}
    there = _clocks_of(tickets)
    folds = [clockwork.fold(pk, heard) for pk, heard in clockwork.events_of(tickets)]
    new: list[Clock] = []
    untold: list[tuple[Ticket, Clock, datetime]] = []
    for folded in folds:
        for reading in folded.readings:
            row = clockwork.clock_row(folded, reading)
            known = there.pop((row.ticket_id, row.metric, row.instance), None)
            clock = _changed(known, row) if known else row
            if known is None:
                new.append(clock)
            if reading.breached_at and not folded.told_of(reading).breached_at:
                untold.append((tickets[folded.ticket_id], clock, reading.breached_at))
    _write_new(new)
    if there:  # a lost answer joined two instances into one
        Clock.objects.filter(pk__in=[clock.pk for clock in there.values()]).delete()
    write_dues({folded.ticket_id: clockwork.due_row(folded) for folded in folds})
    for ticket, clock, breached_at in untold:  # now that every row stands as the events left it
        record_breach(ticket, clock, breached_at)


def _clocks_of(tickets: Iterable[int]) -> dict[tuple[int, str, int], Clock]:
    clocks = Clock.objects.filter(ticket__in=tickets)
    return {(clock.ticket_id, clock.metric, clock.instance): clock for clock in clocks}


def _write_new(clocks: list[Clock]) -> None:
    for clock in clocks:
        clock.needs_measuring = clock.state == FULFILLED
    insert(clocks)
    for clock in clocks:
        if clock.needs_measuring:
            hand_over("sla.measure", clock.pk)


def _changed(clock: Clock, row: Clock) -> Clock:
    """The clock as it has to be, written if it differs."""
    if all(getattr(clock, name, ...) == getattr(row, name) for name in clockwork.CLOCK_FIELDS):
        return clock
    row.pk = clock.pk
    if clock.state == FULFILLED:
        Measurement.objects.filter(clock=clock).delete()
    row.needs_measuring = row.state == FULFILLED
    row.save(force_update=True)
    if row.needs_measuring:
        hand_over("sla.measure", row.pk)
    return row


def write_dues(wanted: Mapping[int, TicketDue | None]) -> None:
    """Write what each ticket owes next, where that changed."""
    there = TicketDue.objects.in_bulk(list(wanted))
    new = []
    for ticket, row in wanted.items():
        old = there.get(ticket)
        if row is None:
            if old is not None:
                old.delete()
        elif old is None:
            new.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in clockwork.DUE_FIELDS):
            row.save(update_fields=clockwork.DUE_FIELDS)
    insert(new)


def record_breach(ticket: Ticket, clock: Clock, due_at: datetime) -> None:
    """Record that a due time passed, dated at the due time. Once for each clock."""
    data = {"clock": clock.pk, "metric": clock.metric, "instance": clock.instance, "due_at": due_at}
    record("sla.breached", ticket=ticket, subject=clock, at=due_at, data=data)


def measure_clock(clock: Clock) -> Measurement | None:
    """Write what a stopped clock came to; None for one that does not need it. The clock is locked."""
    if not clock.needs_measuring:
        return None
    folded = clockwork.folded_ticket(clock.ticket_id)
    for reading in folded.readings:
        if (reading.metric, reading.instance, reading.state) == (clock.metric, clock.instance, FULFILLED):
            row = clockwork.measurement_row(clock.ticket, reading)
            row.clock, row.measured_at = clock, timezone.now()
            Measurement.objects.filter(clock=clock).delete()
            row.save()
            clock.needs_measuring = False
            clock.save(update_fields=["needs_measuring"])
            return row
    return None


def complete_clocks(count: int, behind: int = 0) -> int | None:
    """Note since when the clocks run that an earlier release left without it, as their events say.

    So many tickets with a number above `behind`; returns the last one's, None where there is none. A ticket
    that somebody is at is left to the next time.
    """
    with transaction.atomic():
        clocks = Clock.objects.filter(INCOMPLETE, ticket__gt=behind)
        wanted = list(clocks.order_by("ticket").values_list("ticket", flat=True).distinct()[:count])
        tickets = Ticket.with_deleted.select_for_update(skip_locked=True).filter(pk__in=wanted)
        held = list(tickets.order_by("pk").values_list("pk", flat=True))
        rows, right = list(Clock.objects.filter(INCOMPLETE, ticket__in=held)), clockwork.wanted(held).clocks
        for row in rows:
            said = right.get((row.ticket_id, row.metric, row.instance))
            row.running_since = said.running_since if said else None
        Clock.objects.bulk_update(rows, ["running_since"], batch_size=500)
        return wanted[-1] if wanted else None
