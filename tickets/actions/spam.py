"""Tickets that nobody asked: closed, and left out of every measure and survey."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant, lock
from tickets.actions.drafts import cancel_waiting
from tickets.actions.status import change_status
from tickets.events import record
from tickets.models import Draft, Status, Ticket, User


def mark_spam(
    ticket: Ticket, *, by: User | None, block: int | None = None, at: datetime | None = None
) -> Ticket:
    """The ticket is no request: it is closed and counts nowhere, replies that wait for their time are not
    sent. `block` is the sender's entry in the block list, if one was made for it. Raises NotAllowed.

    `unmark_spam` or reopening takes it back.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if ticket.spam_at is not None:
            return ticket
        if ticket.merged_into_id is not None:
            raise NotAllowed(_("This ticket was merged into another. Undo the merge first."))
        ticket.spam_at = at = instant(at, ticket)
        ticket.save(update_fields=["spam_at"])
        cancel_waiting(ticket, Draft.WhyNot.SPAM, at)
        data = {} if block is None else {"block": block}
        record("ticket.marked_spam", ticket=ticket, subject=ticket, by=by, at=at, data=data)
        if ticket.status != Status.CLOSED:
            change_status(ticket, Status.CLOSED, "ticket.closed", by=by, at=at)
        return ticket


def unmark_spam(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """It was a request after all: it counts again, and is open unless it was settled before."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if ticket.spam_at is None:
            return ticket
        at = instant(at, ticket)
        marked = ticket.events.filter(kind="ticket.marked_spam").order_by("-seq").first()
        closed = ticket.events.filter(kind="ticket.closed", seq__gt=marked.seq if marked else 0).first()
        ticket.spam_at = None
        ticket.save(update_fields=["spam_at"])
        record("ticket.unmarked_spam", ticket=ticket, subject=ticket, by=by, at=at)
        if closed is not None and closed.data["status"][0] != Status.RESOLVED:
            change_status(ticket, Status.OPEN, "ticket.reopened", by=by, at=at)
        return ticket
