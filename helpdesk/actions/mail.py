"""What an administrator decides about mail that came in: read again, release, file elsewhere, delete.

Each may be repeated: what is done already, or no longer fits, is left alone. The answers say whether anything
was done.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import flooded
from helpdesk.erasing import ERASED_MAIL
from helpdesk.models import BlockedSender, InboundEmail, SupportAddress
from tickets import actions
from tickets.actions import NewFile, NotAllowed, Words, demand_administrator
from tickets.events import record
from tickets.handover import hand_over
from tickets.models import Message, Ticket, User

State = InboundEmail.State

ASIDE = (State.QUARANTINED, State.SUSPENDED, State.REFUSED, State.QUIET)
"""States out of which a mail that is on no ticket can be taken again."""
_NAME = re.compile(r"(?:[^\s@<>,;]{1,64}@)?[^\s@<>,;.]{1,63}(?:\.[^\s@<>,;.]{1,63}){1,20}")

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
    are dismissed there. A ticket that the mail opened is merged into the other. Raises NotAllowed for other
    words that count on their ticket already."""
    with transaction.atomic():
        row = _lock(row, by)
        is_there = row.message is not None and row.message.ticket_id == ticket.pk
        if is_there or row.directed_to_id == ticket.pk:
            return False
        _demand_source(row)
        if row.message is not None and _opened_its_ticket(row.message):
            actions.merge(row.message.ticket, into=ticket, by=by)
            _record("mail.refiled", row, by, ticket=ticket.pk)
            return True
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
        ended_at = row.processed_at or timezone.now()
        _save(row, state=State.DELETED, reason="deleted", processed_at=ended_at, **ERASED_MAIL)
        _record("mail.deleted", row, by)
        return True


def open_from_held(message: Message, *, by: User | None) -> Ticket:
    """Let words that a ticket holds back open a ticket of their sender's. Agents of the ticket may do this.
    Raises NotAllowed where they are not held any more."""
    with transaction.atomic():
        Ticket.with_deleted.select_for_update().get(pk=message.ticket_id)
        held = Message.objects.select_related("author", "ticket__team").get(pk=message.pk)
        if not held.held or held.withdrawn_at or held.author is None:
            raise NotAllowed(_("This mail is no longer held back."))
        actions.dismiss_message(held, by=by)
        row = held.inbound_emails.defer("raw").order_by("pk").first()
        ticket = actions.open_ticket(
            requester=held.author,
            subject=row.subject if row is not None else held.ticket.subject,
            team=held.ticket.team,
            by=held.author,
            channel=held.channel,
            words=_words_of(held),
        )
        if row is not None:
            new = ticket.messages.get()
            _save(row, state=State.FILED, reason="new ticket", message=new, ticket=ticket)
            _record("mail.refiled", row, by, ticket=ticket.pk)
        return ticket


def _words_of(message: Message) -> Words:
    files = message.attachments.select_related("blob").order_by("pk")
    return Words(
        text=message.text,
        fresh=message.fresh,
        quoted=message.quoted,
        html=message.html,
        files=tuple(
            NewFile(one.name, bytes(one.blob.data), one.content_type, one.inline, one.content_id)
            for one in files
        ),
        internet_message_id=message.internet_message_id,
        references=message.references,
    )


def _lock(row: InboundEmail, by: User | None) -> InboundEmail:
    demand_administrator(by)
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


def _opened_its_ticket(message: Message) -> bool:
    if message.held or message.automatic:
        return False
    return message.ticket.events.filter(kind="ticket.opened", data__message=message.pk).exists()


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


# --- many at once -------------------------------------------------------------------------------------


def settle_flood(key: str, how: str, *, by: User | None, ticket: Ticket | None = None) -> int:
    """Release a bundle of suspended mail, file it on one ticket, or delete it. Returns how many mails.

    `key` names the bundle (`helpdesk.flooded`), `how` is release, file or delete.
    """
    demand_administrator(by)
    with transaction.atomic():
        mails = flooded.mails_of(key)
        if how == "delete":
            count = mails.update(
                **ERASED_MAIL, state=State.DELETED, reason="deleted", processed_at=timezone.now()
            )
        else:
            count = mails.update(
                state=State.WAITING, reason="", attempts=0, claimed_until=None, processed_at=None,
                released_at=timezone.now(), directed_to=ticket if how == "file" else None,
            )  # fmt: skip
            hand_over("mail.process", 0)  # whichever waits
        if count:
            data = {"mails": count, "how": how} | ({"ticket": ticket.pk} if ticket else {})
            record("mail.flood_settled", by=by, data=data)
        return count


# --- senders ------------------------------------------------------------------------------------------


def block_sender(value: str, *, by: User | None) -> BlockedSender:
    """Refuse mail of an address, or of a domain with all below it, from now on. Raises ValueError."""
    demand_administrator(by)
    value = value.strip().lower().removeprefix("@").rstrip(".")
    if not _NAME.fullmatch(value) or len(value) > 320:
        raise ValueError(_("Enter an address or a domain, such as ads@example.com or example.com."))
    ours = SupportAddress.objects.filter(Q(address=value) | Q(address__endswith=f"@{value}"))
    if ours.exists():
        raise ValueError(_("This is one of your own support addresses or their domain."))
    with transaction.atomic():
        row, is_new = BlockedSender.objects.get_or_create(value=value)
        if is_new:
            record("sender.blocked", subject=row, by=by, data={"block": row.pk})
        return row


def unblock_sender(row: BlockedSender, *, by: User | None) -> None:
    """Take mail of this sender again. What was refused meanwhile stays in the Mailroom, to be released."""
    demand_administrator(by)
    with transaction.atomic():
        if BlockedSender.objects.filter(pk=row.pk).delete()[0]:
            record("sender.unblocked", by=by, data={"block": row.pk})
