"""Side conversations: asking somebody outside about a ticket, and what they answer.

The customer sees nothing of it, on no face. No clock, no status and no owner changes, whoever speaks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, Words, as_words, demand_work, instant, lock
from tickets.actions.people import is_address
from tickets.actions.saying import say
from tickets.events import record
from tickets.models import Channel, Message, SideTalk, Speaker, Ticket, User
from tickets.models.people import normalize_address
from tickets.text import clean_line


def ask_outside(
    ticket: Ticket,
    words: Words | str,
    *,
    address: str,
    by: User,
    name: str = "",
    subject: str = "",
    quoting: Collection[Message] = (),
    hold: timedelta = timedelta(0),
    at: datetime | None = None,
) -> Message:
    """Begin a side conversation with an address outside, quoting public messages of the ticket. `hold` keeps
    the mail back, during which `withdraw_outside` works.

    Raises ValueError for an address that is none and for empty words, NotAllowed for the customer's own
    address and for messages that may not be passed on.
    """
    address = normalize_address(address) or ""
    if not is_address(address):
        raise ValueError(_("Enter an email address such as priya@example.com"))
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if ticket.merged_into_id is not None:
            number = {"number": ticket.merged_into_id}
            raise NotAllowed(_("This ticket was merged into #%(number)s. Write there.") % number)
        if access.is_on_customers_side(address, ticket):
            raise NotAllowed(
                _("%(address)s reads this ticket as a customer. Reply instead.") % {"address": address}
            )
        at = instant(at, ticket)
        talk = SideTalk.objects.create(
            ticket=ticket,
            address=address,
            name=clean_line(name, 200),
            subject=clean_line(subject, 500) or ticket.subject,
            opened_by=by,
            opened_at=at,
        )
        record("side_talk.opened", ticket=ticket, subject=talk, by=by, at=at, data={"side_talk": talk.pk})
        return _write(talk, ticket, as_words(words), quoting, by, hold, at)


def write_outside(
    talk: SideTalk,
    words: Words | str,
    *,
    by: User,
    quoting: Collection[Message] = (),
    hold: timedelta = timedelta(0),
    at: datetime | None = None,
) -> Message:
    """Write once more to the same address; a conversation that was closed is open again. Raises as
    `ask_outside`."""
    with transaction.atomic():
        ticket = lock(talk.ticket)
        demand_work(by, ticket)
        if access.is_on_customers_side(talk.address, ticket):
            words_ = {"address": talk.address}
            raise NotAllowed(_("%(address)s reads this ticket as a customer. Reply instead.") % words_)
        at = instant(at, ticket)
        _open_again(talk, ticket, by, at)
        return _write(talk, ticket, as_words(words), quoting, by, hold, at)


def _write(
    talk: SideTalk,
    ticket: Ticket,
    words: Words,
    quoting: Collection[Message],
    by: User,
    hold: timedelta,
    at: datetime,
) -> Message:
    quoted = sorted({message.pk for message in quoting})
    if access.quotable_outside(by, ticket).filter(pk__in=quoted).count() != len(quoted):
        raise NotAllowed(_("Only what the customer wrote or reads can be passed on. Choose again."))
    if words.is_empty:
        raise ValueError(_("Write what you want to ask."))
    message = say(
        ticket,
        words,
        public=False,
        author=by,
        by=Speaker.AGENT,
        channel=Channel.MAIL,
        said_at=at,
        hold=hold,
        side_talk=talk,
    )
    data = {"side_talk": talk.pk, "message": message.pk, "quoted": quoted}
    record("side_talk.written", ticket=ticket, subject=message, by=by, at=at, data=data)
    return message


def hear_outside(
    talk: SideTalk,
    words: Words | str,
    *,
    held_from: User | None = None,
    automatic: bool = False,
    at: datetime | None = None,
) -> Message:
    """Keep what came into a side conversation by mail. An answer opens a closed one again; mail of a robot
    (`automatic`), or of somebody who was not asked and whom an agent has to judge (`held_from`), does not."""
    with transaction.atomic():
        ticket = lock(talk.ticket)
        at = instant(at, ticket)
        message = say(
            ticket,
            words,
            public=False,
            author=held_from,
            by=Speaker.BOT if automatic else Speaker.OUTSIDE,
            channel=Channel.MAIL,
            said_at=at,
            held=held_from is not None,
            automatic=automatic,
            side_talk=talk,
        )
        if message.held or automatic:
            kind = "message.held" if message.held else "ticket.heard_automatic"
            record(kind, ticket=ticket, subject=message, at=at, data={"message": message.pk})
        else:
            note_heard(talk, message, by=None, at=at)
        return message


def note_heard(talk: SideTalk, message: Message, *, by: User | None, at: datetime) -> None:
    """An answer from outside counts from now on. For an action that holds the ticket's lock."""
    _open_again(talk, message.ticket, None, at)
    data = {"side_talk": talk.pk, "message": message.pk}
    record("side_talk.heard", ticket=message.ticket, subject=message, by=by, at=at, data=data)


def withdraw_outside(message: Message, *, by: User, at: datetime | None = None) -> Message:
    """Take one's own words to somebody outside back during their hold. Raises NotAllowed once they have
    left."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
        if message.withdrawn_at:
            return message
        at = instant(at)
        if message.author_id != by.pk:
            raise NotAllowed(_("Only the person who wrote this can take it back."))
        if message.side_talk_id is None or message.by != Speaker.AGENT or at >= message.visible_at:
            raise NotAllowed(_("This message has already been sent."))
        message.withdrawn_at = at
        message.save(update_fields=["withdrawn_at"])
        data = {"side_talk": message.side_talk_id, "message": message.pk}
        record("side_talk.withdrawn", ticket=ticket, subject=message, by=by, at=at, data=data)
        return message


def report_undelivered_outside(message: Message, *, delivery: int, at: datetime | None = None) -> None:
    """Our words did not reach the address outside, for good: who wrote them has to know."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        data = {"side_talk": message.side_talk_id, "message": message.pk, "delivery": delivery}
        record("side_talk.undelivered", ticket=ticket, subject=message, at=instant(at, ticket), data=data)


def close_side_talk(talk: SideTalk, *, by: User, at: datetime | None = None) -> SideTalk:
    """Nothing more is expected from there. An answer all the same is heard and opens it again."""
    with transaction.atomic():
        ticket = lock(talk.ticket)
        demand_work(by, ticket)
        talk = SideTalk.objects.get(pk=talk.pk)
        if talk.is_open:
            talk.closed_at = at = instant(at, ticket)
            talk.save(update_fields=["closed_at"])
            record("side_talk.closed", ticket=ticket, subject=talk, by=by, at=at, data={"side_talk": talk.pk})
        return talk


def reopen_side_talk(talk: SideTalk, *, by: User, at: datetime | None = None) -> SideTalk:
    with transaction.atomic():
        ticket = lock(talk.ticket)
        demand_work(by, ticket)
        talk = SideTalk.objects.get(pk=talk.pk)
        _open_again(talk, ticket, by, instant(at, ticket))
        return talk


def _open_again(talk: SideTalk, ticket: Ticket, by: User | None, at: datetime) -> None:
    if SideTalk.objects.filter(pk=talk.pk, closed_at__isnull=False).update(closed_at=None):
        talk.closed_at = None
        data = {"side_talk": talk.pk}
        record("side_talk.reopened", ticket=ticket, subject=talk, by=by, at=at, data=data)
