"""Tickets that have to do with each other: said once, known at both."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant
from tickets.actions.merging import lock_both
from tickets.events import record
from tickets.models import Link, LinkWord, Ticket, User


def link(
    ticket: Ticket,
    other: Ticket,
    *,
    word: str = LinkWord.RELATED,
    by: User | None,
    at: datetime | None = None,
) -> Ticket:
    """The two have to do with each other, as `word` says; said again with another word, that one holds.

    Raises NotAllowed, and ValueError for an unknown word.
    """
    word = LinkWord(word)
    if ticket.pk == other.pk:
        raise NotAllowed(_("A ticket is not linked to itself."))
    with transaction.atomic():
        ticket, other = _both(ticket, other, by)
        first, second = sorted((ticket, other), key=lambda row: row.pk)
        row, is_new = Link.objects.get_or_create(first=first, second=second, defaults={"word": word})
        if not is_new and row.word == word:
            return ticket
        row.word = word
        row.save(update_fields=["word"])
        _tell(ticket, other, "ticket.linked", {"word": word.value}, by, at)
        return ticket


def unlink(ticket: Ticket, other: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """They have nothing to do with each other after all. Raises NotAllowed."""
    with transaction.atomic():
        ticket, other = _both(ticket, other, by)
        first, second = sorted((ticket, other), key=lambda row: row.pk)
        if Link.objects.filter(first=first, second=second).delete()[0]:
            _tell(ticket, other, "ticket.unlinked", {}, by, at)
        return ticket


def _both(ticket: Ticket, other: Ticket, by: User | None) -> tuple[Ticket, Ticket]:
    ticket, other = lock_both(ticket, other)
    demand_work(by, ticket)
    demand_work(by, other)
    return ticket, other


def _tell(
    ticket: Ticket, other: Ticket, kind: str, more: dict[str, str], by: User | None, at: datetime | None
) -> None:
    at = instant(instant(at, ticket), other)
    for one, two in ((ticket, other), (other, ticket)):
        record(kind, ticket=one, subject=one, by=by, at=at, data={"ticket": two.pk, **more})
