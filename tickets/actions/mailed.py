"""What is noted about a mail beside its words: doubts about its sender, other addresses, receipts.

None of it changes a status, a clock or who takes part. Each is noted once.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tickets.actions.base import instant, lock
from tickets.events import record
from tickets.models import Message, Ticket


def doubt_sender(message: Message) -> None:
    """The receiving mail server found that the mail is not from the address that it names."""
    _note(message.ticket, "message.doubted", message, {"message": message.pk})


def note_receipt(message: Message) -> None:
    """The reader's mail program says that our message was read."""
    _note(message.ticket, "message.read", message, {"message": message.pk})


def note_complaint(message: Message) -> None:
    """The reader told their mail provider that our message is spam."""
    _note(message.ticket, "message.complained", message, {"message": message.pk})


def relate(ticket: Ticket, other: Ticket) -> None:
    """The mail that opened the ticket speaks of another one, of which its sender is no part."""
    _note(ticket, "ticket.related", ticket, {"ticket": other.pk})


def note_address(ticket: Ticket, address: int) -> None:
    """The mail went to another support address of ours too; `address` is that one's id."""
    _note(ticket, "ticket.also_addressed", ticket, {"address": address})


def _note(ticket: Ticket, kind: str, subject: Message | Ticket, data: dict[str, Any]) -> None:
    with transaction.atomic():
        ticket = lock(ticket)
        if not ticket.events.filter(kind=kind, data=data).exists():
            record(kind, ticket=ticket, subject=subject, at=instant(None, ticket), data=data)
