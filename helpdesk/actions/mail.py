"""What an administrator decides about mail that came in: read again, release, file elsewhere, delete.

Each may be repeated: what is done already, or no longer fits, is left alone. The answers say whether anything
was done.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.models import InboundEmail
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.handover import hand_over
from tickets.models import Message, Ticket, User

State = InboundEmail.State

ASIDE = (State.QUARANTINED, State.SUSPENDED, State.REFUSED, State.QUIET)
"""States out of which a mail that is on no ticket can be taken again."""

NOT_WHOLE = ("too large", "not handed out")
"""Reasons of mail of which only a notice is kept here."""


def read_again(row: InboundEmail, *, by: User | None) -> bool:
    """Put a mail that was set aside back in line, its tries counted anew; the rules judge it once more.

    A mail that has become a message meanwhile is left alone."""
    with transaction.atomic():
        row = _lock(row, by)
        if row.state not in ASIDE or row.message_id:
            return False
        _put_in_line(row)
        _record("mail.read_again", row, by)
        return True


def release(row: InboundEmail, *, by: User | None) -> bool:
    """Overrule what put a mail aside: it is filed as the words of a person, whatever the rules say of it.

    Words that are held on a ticket are accepted there.
    """
    with transaction.atomic():
        row = _lock(row, by)
        if row.state not in ASIDE:
            return False
        if row.message is None:
            _put_in_line(row, released_at=timezone.now())
        elif row.message.held and row.message.withdrawn_at is None:
            actions.accept_message(row.message, by=by)
            _save(row, state=State.FILED, reason="accepted")
        else:
            return False
        _record("mail.released", row, by)
        return True


def refile(row: InboundEmail, ticket: Ticket, *, by: User | None) -> bool:
    """File a mail on another ticket. It is read again for that; words that another ticket holds back for it
    are dismissed there. Raises NotAllowed for words that count on their ticket already."""
    with transaction.atomic():
        row = _lock(row, by)
        is_there = row.message is not None and row.message.ticket_id == ticket.pk
        if is_there or row.directed_to_id == ticket.pk:
            return False
        _demand_source(row)
        _dismiss(row, by)
        _put_in_line(row, directed_to=ticket, released_at=timezone.now(), message=None, ticket=None)
        _record("mail.refiled", row, by, ticket=ticket.pk)
        return True


def delete_mail(row: InboundEmail, *, by: User | None) -> bool:
    """Erase a mail for good: its source and what it says. That it came is kept, so that the same mail is
    known when it is sent again. Raises NotAllowed for words that count on a ticket."""
    with transaction.atomic():
        row = _lock(row, by)
        if row.state == State.DELETED:
            return False
        _dismiss(row, by)
        _save(
            row, state=State.DELETED, reason="deleted", error="", raw=b"", envelope_from="", envelope_to=[],
            from_address="", subject="", claimed_until=None, message=None, ticket=None,
            processed_at=row.processed_at or timezone.now(),
        )  # fmt: skip
        _record("mail.deleted", row, by)
        return True


def _lock(row: InboundEmail, by: User | None) -> InboundEmail:
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators may do this."))
    rows = InboundEmail.objects.select_for_update(of=("self",), no_key=True).select_related("message__ticket")
    return rows.defer("raw").get(pk=row.pk)


def _put_in_line(row: InboundEmail, **fields: Any) -> None:
    if row.reason in NOT_WHOLE:
        raise NotAllowed(_("This mail was not taken whole. It is still in the mailbox."))
    _save(row, state=State.WAITING, reason="", attempts=0, claimed_until=None, processed_at=None, **fields)
    hand_over("mail.process", row.pk)


def _save(row: InboundEmail, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))


def _demand_source(row: InboundEmail) -> None:
    if row.state == State.DELETED:
        raise NotAllowed(_("This mail was deleted. Nothing of it is left to file."))
    if row.state == State.DUPLICATE:
        raise NotAllowed(_("This mail came twice. File the first one."))


def _dismiss(row: InboundEmail, by: User | None) -> None:
    """Take words that do not count back from their ticket."""
    message: Message | None = row.message
    if message is None:
        return
    if not (message.held or message.automatic):
        raise NotAllowed(
            _("The words of this mail are on ticket #%(number)s and stay there.")
            % {"number": message.ticket_id}
        )
    actions.dismiss_message(message, by=by)


def _record(kind: str, row: InboundEmail, by: User | None, **data: int) -> None:
    record(kind, subject=row, by=by, data={"mail": row.pk, **data})
