"""Putting a ticket off: it comes back at its time, or at once when the customer writes. No clock stops."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant, lock
from tickets.events import record
from tickets.models import SnoozeEnd, Ticket, User

FARTHEST = timedelta(days=366)


def snooze(ticket: Ticket, *, until: datetime, by: User | None, at: datetime | None = None) -> Ticket:
    """Take the ticket out of the views of what is to be done now until an instant (aware).

    It is off everybody's list, not only the actor's. Put off again, the new time holds. Raises NotAllowed for
    a settled ticket, ValueError for an instant that is over or more than a year away.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        at = instant(at, ticket)
        if not ticket.is_unresolved:
            raise NotAllowed(_("This ticket is resolved. Reopen it first."))
        if until <= at:
            raise ValueError(_("Choose a time that is still to come."))
        if until > at + FARTHEST:
            raise ValueError(_("Choose a time within a year."))
        if ticket.snoozed_until == until:
            return ticket
        old = ticket.snoozed_until
        ticket.snoozed_until, ticket.updated_at = until, at
        ticket.save(update_fields=["snoozed_until", "updated_at"])
        change = [old.isoformat() if old else None, until.isoformat()]
        record("ticket.snoozed", ticket=ticket, subject=ticket, by=by, at=at, data={"until": change})
        return ticket


def unsnooze(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Take a ticket that was put off up again before its time."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        end_snooze(ticket, SnoozeEnd.TAKEN_BACK, by=by, at=instant(at, ticket))
        return ticket


def wake(pk: int) -> Ticket | None:
    """Bring a ticket back whose time has come; None when it is not (any more) put off until now."""
    with transaction.atomic():
        over = Ticket.objects.filter(pk=pk, snoozed_until__lte=timezone.now())
        ticket = over.select_for_update(skip_locked=True).first()
        if ticket is not None:
            end_snooze(ticket, SnoozeEnd.TIME, by=None, at=instant(None, ticket))
        return ticket


def end_snooze(ticket: Ticket, why: SnoozeEnd, *, by: User | None, at: datetime) -> None:
    """Of a ticket that is already locked and allowed; nothing when it is not put off."""
    if ticket.snoozed_until is None:
        return
    data = {"until": ticket.snoozed_until.isoformat(), "reason": why.value}
    ticket.snoozed_until, ticket.updated_at = None, at
    ticket.save(update_fields=["snoozed_until", "updated_at"])
    record("ticket.unsnoozed", ticket=ticket, subject=ticket, by=by, at=at, data=data)
