"""Moves between statuses: resolve, reopen, close, set waiting, put on hold, set open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import Conflict, NotAllowed, demand_work, instant, lock
from tickets.actions.snoozing import end_snooze
from tickets.events import record
from tickets.models import Message, SnoozeEnd, Speaker, Status, Ticket, User


def resolve(
    ticket: Ticket, *, by: User | None, at: datetime | None = None, silent_days: int | None = None
) -> Ticket:
    """The request is settled. Agents, and the customer who says that it is solved; the system after so many
    working days (`silent_days`) without a word of the customer."""
    more = {} if silent_days is None else {"silent_days": silent_days}
    return _go(ticket, Status.RESOLVED, "ticket.resolved", by=by, at=at, customer_may=True, more=more)


def close(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """The ticket is over; a later word of the customer may open a linked new one."""
    return _go(ticket, Status.CLOSED, "ticket.closed", by=by, at=at)


def set_waiting(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """The customer has the next word."""
    return _go(ticket, Status.WAITING, "ticket.set_waiting", by=by, at=at)


def put_on_hold(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """A third party has the next word."""
    return _go(ticket, Status.ON_HOLD, "ticket.put_on_hold", by=by, at=at)


def set_open(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """We have the next word. On a resolved or closed ticket this is `reopen`."""
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        return reopen(ticket, by=by, at=at)
    return _go(ticket, Status.OPEN, "ticket.set_open", by=by, at=at)


def reopen(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Work goes on after a resolution."""
    with transaction.atomic():
        fresh = lock(ticket)
        if fresh.is_unresolved:
            return fresh
        return _go(fresh, Status.OPEN, "ticket.reopened", by=by, at=at, customer_may=True)


def _go(
    ticket: Ticket,
    status: Status,
    kind: str,
    *,
    by: User | None,
    at: datetime | None,
    customer_may: bool = False,
    more: Mapping[str, int] | None = None,
) -> Ticket:
    with transaction.atomic():
        ticket = lock(ticket)
        if ticket.status == status:
            return ticket
        if not (customer_may and access.can_speak_as_customer(by, ticket)):
            demand_work(by, ticket)
        if status in (Status.WAITING, Status.ON_HOLD) and not ticket.is_unresolved:
            raise NotAllowed(_("This ticket is resolved. Reopen it first."))
        return change_status(ticket, status, kind, by=by, at=instant(at, ticket), more=more)


def change_status(
    ticket: Ticket,
    status: Status,
    kind: str,
    *,
    by: User | None,
    at: datetime,
    more: Mapping[str, int] | None = None,
) -> Ticket:
    """Write a status and its event (which may hold `more`) on a ticket that is already locked and allowed."""
    old, ticket.status = ticket.status, status
    ticket.updated_at = at
    if status == Status.RESOLVED:
        ticket.resolved_at = at
    elif status == Status.CLOSED:
        ticket.resolved_at = ticket.resolved_at or at
        ticket.closed_at = at
    else:
        ticket.resolved_at = ticket.closed_at = ticket.merged_into = ticket.spam_at = None
    changed = ["status", "updated_at", "resolved_at", "closed_at", "merged_into", "spam_at"]
    ticket.save(update_fields=changed)
    record(
        kind,
        ticket=ticket,
        subject=ticket,
        by=by,
        at=at,
        data={"status": [old, status.value], **(more or {})},
    )
    if not ticket.is_unresolved:
        end_snooze(ticket, SnoozeEnd.SETTLED, by=by, at=at)
    return ticket


STATUS_ACTIONS = {
    Status.OPEN: set_open,
    Status.WAITING: set_waiting,
    Status.ON_HOLD: put_on_hold,
    Status.RESOLVED: resolve,
    Status.CLOSED: close,
}
"""The verb that brings a ticket into each status; nothing goes back to new."""


def demand_unchanged(ticket: Ticket, seen_seq: int | None, *, by: User | None = None) -> None:
    """Raise Conflict when a customer spoke after the event that the writer has seen (`seen_seq`).

    With `by`, who is about to answer for us, also when a colleague did, unless they took it back, or when the
    reader of the answer is another by now."""
    if seen_seq is None or seen_seq >= ticket.event_seq:
        return
    kinds = ("ticket.replied", "ticket.requester_changed")
    news = list(ticket.events.filter(seq__gt=seen_seq, kind__in=kinds))
    said = [event for event in news if event.kind == "ticket.replied"]
    if any(event.data["by"] == Speaker.CUSTOMER for event in said):
        raise Conflict(_("The customer wrote while you were writing. Read it, then send again."))
    if by is None:
        return
    if len(said) < len(news):
        words = _("The requester is now %(name)s. Read who gets your words, then send again.")
        raise Conflict(words % {"name": ticket.requester})
    theirs = [event.data["message"] for event in said if event.actor_id != by.pk]
    answers = Message.objects.filter(pk__in=theirs, by=Speaker.AGENT, withdrawn_at=None)
    if theirs and (answer := answers.select_related("author").last()):
        name = answer.author.first_name if answer.author else _("A colleague")
        raise Conflict(
            _("%(name)s replied while you were writing. Read it, then send again.") % {"name": name}
        )
