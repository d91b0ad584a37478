"""Tickets that shall not be there any more: out of sight at once, erased for good after a while."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import Conflict, NotAllowed, instant, lock
from tickets.actions.drafts import cancel_waiting
from tickets.events import record
from tickets.models import (
    Attachment,
    Blob,
    Draft,
    Follower,
    Mention,
    Message,
    ReadMark,
    SideTalk,
    Ticket,
    User,
)
from tickets.queries import due_to_purge, with_held_words


def delete(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """The ticket is gone for everybody: no list, search, report, link or mail route knows it. Nothing is sent
    for it, its clocks are void, and what its customer writes opens a new ticket.

    `restore` brings everything back for RESTORABLE; then `purge` erases it. Supervisors and administrators
    may (`access.can_delete`). Raises NotAllowed, and Conflict while words of ours are still held back.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        if ticket.deleted_at is not None:
            return ticket
        if by is not None and not access.can_delete(by, ticket):
            raise NotAllowed(_("Only supervisors and administrators delete tickets."))
        if with_held_words([ticket]):
            words = _("A reply to %(name)s is just being sent. Take it back, or wait some seconds.")
            raise Conflict(words % {"name": ticket.requester})
        put_away(ticket, by=by, at=instant(at, ticket))
        return ticket


def put_away(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Delete a ticket that is locked already, by somebody who may."""
    cancel_waiting(ticket, Draft.WhyNot.DELETED, at)
    ticket.deleted_at = at
    ticket.save(update_fields=["deleted_at"])
    record("ticket.deleted", ticket=ticket, subject=ticket, by=by, at=at)


def restore(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """The ticket is back as it was, with all that was said and measured; its clocks go on from here. Raises
    NotAllowed, also when it was erased for good."""
    with transaction.atomic():
        ticket = lock(ticket)
        if ticket.deleted_at is None:
            return ticket
        if by is not None and not access.deleted_visible_to(by).filter(pk=ticket.pk).exists():
            raise NotAllowed(_("This ticket cannot be brought back."))
        ticket.deleted_at = None
        ticket.save(update_fields=["deleted_at"])
        record("ticket.restored", ticket=ticket, subject=ticket, by=by, at=instant(at, ticket))
        return ticket


def purge(pk: int, *, at: datetime | None = None) -> bool:
    """Erase a ticket whose time to be restored is over: its words, files and people in copy, for good. Its
    number and its events stay, which hold no words. False where there is nothing to do (any more)."""
    with transaction.atomic():
        due = due_to_purge(at or timezone.now())
        ticket = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
        if ticket is None:
            return False
        _erase_words(Message.objects.filter(ticket=ticket))
        for model in (Draft, Follower, Mention, ReadMark):
            model._default_manager.filter(ticket=ticket).delete()
        SideTalk.objects.filter(ticket=ticket).update(address="", name="", subject="")
        ticket.tags.clear()
        ticket.subject, ticket.purged_at = "", instant(at, ticket)
        ticket.save(update_fields=["subject", "purged_at"])
        record("ticket.purged", ticket=ticket, subject=ticket, at=ticket.purged_at)
        return True


def _erase_words(messages: QuerySet[Message]) -> None:
    files = Attachment.objects.filter(message__in=messages)
    contents = set(files.values_list("blob", flat=True))
    files.delete()
    Blob.objects.filter(pk__in=contents, attachments=None, draft_files=None).delete()
    messages.update(text="", fresh="", quoted="", html="", internet_message_id="", references="")
