"""The clocks of a ticket: which policy holds, where they stand after an event, what sweep and worker add."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from sla import clockwork
from sla.book import BOOK
from sla.matching import matches
from sla.measure import FULFILLED
from sla.models import OPEN_STATES, CalendarVersion, Clock, Measurement, PolicyVersion, TicketDue
from tickets.events import record
from tickets.handover import hand_over
from tickets.models import Event, Ticket

ASKED = {
    "ticket.moved": "team",
    "ticket.prioritized": "priority",
    "ticket.typed": "type",
    "ticket.tagged": "tag",
    "ticket.untagged": "tag",
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


def matching_version(ticket: Ticket, versions: list[PolicyVersion] | None = None) -> PolicyVersion | None:
    """The latest version of the first active policy whose conditions hold for the ticket as it stands."""
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
            known["customer_tag"] = customer_tags(ticket)
        if matches(version.conditions, known):
            return version
    return None


def customer_tags(ticket: Ticket) -> list[str]:
    """The tags of a ticket's requester and of its organisation, as they are now."""
    tags = list(ticket.requester.tags.all())
    if ticket.organization is not None:
        tags += ticket.organization.tags.all()
    return [tag.name for tag in tags]


def apply_policy(event: Event) -> bool:
    """Record which versions hold for the ticket from this event on. False where nothing changed.

    A ticket keeps the version that it got while it stays under the same policy.
    """
    ticket = event.ticket
    assert ticket is not None
    versions = latest_versions()
    if event.kind in ASKED and not any(ASKED[event.kind] in version.asks for version in versions):
        return False
    version = matching_version(ticket, versions)
    if event.kind != "ticket.opened":
        applied = ticket.events.filter(kind="sla.applied").order_by("-seq").first()
        before = applied.data.get("policy_version") if applied else None
        held = PolicyVersion.objects.filter(pk=before or 0).values_list("policy_id", flat=True).first()
        if held == (version.policy_id if version else None):
            return False
    calendars = CalendarVersion.objects.order_by("-number")
    if version is not None:
        calendar = calendars.filter(calendar=version.policy.calendar_id).first()
    else:
        calendar = calendars.filter(calendar__is_default=True).first()
    data = {
        "policy_version": version.pk if version else None,
        "calendar_version": calendar.pk if calendar else None,
    }
    record("sla.applied", ticket=ticket, subject=ticket, at=event.at, data=data)
    return True


def notes_answer(ticket_id: int) -> bool:
    """Whether a note can change a clock of the ticket: only where its policy lets notes count as replies."""
    clocks = Clock.objects.filter(ticket=ticket_id, state__in=OPEN_STATES, policy_version__isnull=False)
    versions = set(clocks.values_list("policy_version", flat=True))
    return any(BOOK.rules(version).switches.note_answers for version in versions if version)


def set_clocks(event: Event) -> None:
    """Bring the rows of the event's ticket up to it, record the breaches it shows, hand over what stopped."""
    assert event.ticket_id is not None
    folded = clockwork.folded_ticket(event.ticket_id)
    there = {(clock.metric, clock.instance): clock for clock in Clock.objects.filter(ticket=event.ticket_id)}
    untold = []
    for reading in folded.readings:
        row = clockwork.clock_row(folded, reading)
        clock = _write_clock(there.pop((row.metric, row.instance), None), row)
        if reading.breached_at and not folded.told_of(reading).breached_at:
            untold.append((clock, reading.breached_at))
    if there:  # a lost answer joined two instances into one
        Clock.objects.filter(pk__in=[clock.pk for clock in there.values()]).delete()
    write_due(event.ticket_id, clockwork.due_row(folded))
    for clock, breached_at in untold:  # now that every row stands as the event left it
        assert event.ticket is not None
        record_breach(event.ticket, clock, breached_at)


def _write_clock(clock: Clock | None, row: Clock) -> Clock:
    changed = [name for name in clockwork.CLOCK_FIELDS if getattr(clock, name, ...) != getattr(row, name)]
    if clock is not None and not changed:
        return clock
    if clock is not None:
        row.pk = clock.pk
        if clock.state == FULFILLED:
            Measurement.objects.filter(clock=clock).delete()
    row.needs_measuring = row.state == FULFILLED
    row.save(force_insert=clock is None, force_update=clock is not None)
    if row.needs_measuring:
        hand_over("sla.measure", row.pk)
    return row


def write_due(ticket_id: int, row: TicketDue | None) -> None:
    """Write what the ticket owes next, if that changed."""
    there = TicketDue.objects.filter(pk=ticket_id).first()
    if row is None:
        if there is not None:
            there.delete()
    elif there is None or any(getattr(there, n) != getattr(row, n) for n in clockwork.DUE_FIELDS):
        row.save(force_insert=there is None)


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
