"""Spam: the ticket is closed and its sender's mail refused, in one act that can be taken back."""

from __future__ import annotations

from django.db import transaction

from helpdesk.models import BlockedSender, SupportAddress
from tickets import actions
from tickets.events import record
from tickets.models import Ticket, User


def mark_spam(ticket: Ticket, *, by: User | None) -> str:
    """Close the ticket as spam and refuse mail of its requester's address from now on, unless they work here,
    have no address or it is one of ours. The address that is refused now, or "". Raises NotAllowed.
    """
    with transaction.atomic():
        value = _sender(ticket)
        row = is_new = None
        if value:
            row, is_new = BlockedSender.objects.get_or_create(value=value)
        actions.mark_spam(ticket, by=by, block=row.pk if row and is_new else None)
        if row and is_new:
            record("sender.blocked", subject=row, by=by, data={"block": row.pk})
        return value


def unmark_spam(ticket: Ticket, *, by: User | None) -> None:
    """Take it back. The sender is let in again if it was this ticket that blocked them; who was blocked in
    set-up stays so. Raises NotAllowed."""
    with transaction.atomic():
        actions.unmark_spam(ticket, by=by)
        _allow_sender_of(ticket, by=by)


def _allow_sender_of(ticket: Ticket, *, by: User | None) -> None:
    marked = ticket.events.filter(kind="ticket.marked_spam").order_by("-seq").first()
    block = marked.data.get("block") if marked else None
    if block and BlockedSender.objects.filter(pk=block).delete()[0]:
        record("sender.unblocked", by=by, data={"block": block})


def _sender(ticket: Ticket) -> str:
    person = ticket.requester
    value = (person.email or "").strip().lower()
    if person.is_member or not value or SupportAddress.objects.filter(address=value).exists():
        return ""
    return value
