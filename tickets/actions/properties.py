"""What a ticket is filed under: assignee, team, priority, type, tags, people in copy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import Conflict, NotAllowed, demand_work, instant, lock
from tickets.events import record
from tickets.models import Follower, Priority, Tag, Team, Ticket, TicketType, User
from tickets.text import clean_line

UNSEEN: Any = object()
"""Default of `expected`: the actor does not say what they saw."""


def assign(
    ticket: Ticket,
    to: User | None,
    *,
    by: User | None,
    at: datetime | None = None,
    expected: Any = UNSEEN,
    reason: str = "",
) -> Ticket:
    """Make `to` the owner; None puts the ticket back. Raises Conflict when it is no longer `expected`'s
    (a user id). A `reason` (an enumeration's value, such as the way of sharing out) is kept with the team."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if to is not None and not access.can_be_assigned(to, ticket):
            raise NotAllowed(_("%(name)s does not work on this team's tickets.") % {"name": to})
        if ticket.assignee_id == (to.pk if to else None):
            return ticket
        if expected is not UNSEEN and ticket.assignee_id != expected:
            raise Conflict(
                _("%(name)s took this ticket meanwhile.") % {"name": ticket.assignee or _("Nobody")}
            )
        more = {"reason": str(reason), "team": ticket.team_id} if reason else {}
        return _change(ticket, "ticket.assigned", "assignee", to, by=by, at=at, **more)


def move(ticket: Ticket, team: Team, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Hand the ticket to another team. An assignee who does not work there is taken off."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if ticket.team_id == team.pk:
            return ticket
        ticket = _change(ticket, "ticket.moved", "team", team, by=by, at=at)
        if ticket.assignee and not access.can_be_assigned(ticket.assignee, ticket):
            ticket = _change(ticket, "ticket.assigned", "assignee", None, by=by, at=at)
        return ticket


def prioritize(ticket: Ticket, priority: int, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Raises ValueError for a priority outside 1 (low) to 4 (urgent)."""
    return _set(ticket, "ticket.prioritized", "priority", Priority(priority).value, by=by, at=at)


def retype(ticket: Ticket, type: str, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Raises ValueError for an unknown type."""
    return _set(ticket, "ticket.typed", "type", TicketType(type).value, by=by, at=at)


def _set(
    ticket: Ticket, kind: str, field: str, value: Any, *, by: User | None, at: datetime | None
) -> Ticket:
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if getattr(ticket, field) == value:
            return ticket
        return _change(ticket, kind, field, value, by=by, at=at)


def _change(
    ticket: Ticket, kind: str, field: str, value: Any, *, by: User | None, at: datetime | None, **more: Any
) -> Ticket:
    """Write one field of a locked ticket and its event, with the old and the new value (ids for rows) and
    `more` data."""
    old = getattr(ticket, field)
    setattr(ticket, field, value)
    ticket.updated_at = at = instant(at, ticket)
    ticket.save(update_fields=[field, "updated_at"])
    change = [getattr(old, "pk", old), getattr(value, "pk", value)]
    record(kind, ticket=ticket, subject=ticket, by=by, at=at, data={field: change, **more})
    return ticket


def tag(ticket: Ticket, name: str, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Put a tag on the ticket, made if new. Raises ValueError for an empty one."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        row = tag_named(name)
        if not ticket.tags.filter(pk=row.pk).exists():
            ticket.tags.add(row)
            at = instant(at, ticket)
            record("ticket.tagged", ticket=ticket, subject=row, by=by, at=at, data={"tag": row.pk})
        return ticket


def tag_named(name: str) -> Tag:
    """The tag of that name, in lower case, made if new. Raises ValueError for an empty one."""
    name = clean_line(name, 50).lower()
    if not name:
        raise ValueError(_("Enter a tag."))
    return Tag.objects.get_or_create(name=name)[0]


def untag(ticket: Ticket, name: str, *, by: User | None, at: datetime | None = None) -> Ticket:
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        row = ticket.tags.filter(name=name.lower()).first()
        if row:
            ticket.tags.remove(row)
            at = instant(at, ticket)
            record("ticket.untagged", ticket=ticket, subject=row, by=by, at=at, data={"tag": row.pk})
        return ticket


def propose_follower(ticket: Ticket, person: User, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Somebody put `person` in copy; agents decide. Members and the requester are never proposed."""
    with transaction.atomic():
        ticket = lock(ticket)
        if person.is_member or person.pk == ticket.requester_id:
            return ticket
        row, created = Follower.objects.get_or_create(
            ticket=ticket, person=person, defaults={"state": Follower.State.PROPOSED}
        )
        if created:
            _tell(ticket, row, "ticket.follower_proposed", by=by, at=at)
        return ticket


def accept_follower(ticket: Ticket, person: User, *, by: User | None, at: datetime | None = None) -> Ticket:
    """From now on `person` is told of public messages, by mail; never of what was said before."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if person.pk == ticket.requester_id:
            return ticket
        row, _created = Follower.objects.get_or_create(
            ticket=ticket, person=person, defaults={"state": Follower.State.PROPOSED}
        )
        if row.state != Follower.State.ACCEPTED:
            row.state, row.accepted_at = Follower.State.ACCEPTED, instant(at, ticket)
            row.save(update_fields=["state", "accepted_at"])
            _tell(ticket, row, "ticket.follower_accepted", by=by, at=at)
        return ticket


def remove_follower(ticket: Ticket, person: User, *, by: User | None, at: datetime | None = None) -> Ticket:
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        row = (
            Follower.objects.filter(ticket=ticket, person=person)
            .exclude(state=Follower.State.REMOVED)
            .first()
        )
        if row:
            row.state, row.accepted_at = Follower.State.REMOVED, None
            row.save(update_fields=["state", "accepted_at"])
            _tell(ticket, row, "ticket.follower_removed", by=by, at=at)
        return ticket


def _tell(ticket: Ticket, row: Follower, kind: str, *, by: User | None, at: datetime | None) -> None:
    record(kind, ticket=ticket, subject=row, by=by, at=instant(at, ticket), data={"person": row.person_id})
