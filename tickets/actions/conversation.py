"""What is said on a ticket: replies, notes, mail that robots or strangers sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, Words, as_words, demand_work, instant, lock
from tickets.actions.drafts import cancel_waiting
from tickets.actions.opening import open_ticket
from tickets.actions.saying import say
from tickets.actions.side_talks import note_heard
from tickets.actions.snoozing import end_snooze
from tickets.actions.status import STATUS_ACTIONS, change_status, demand_unchanged
from tickets.bulk import insert
from tickets.events import record
from tickets.mentions import mentioned
from tickets.models import (
    Account,
    Channel,
    Draft,
    Mention,
    Message,
    ReadMark,
    SnoozeEnd,
    Speaker,
    Status,
    Ticket,
    User,
)
from tickets.queries import where_it_goes


def reply(
    ticket: Ticket,
    words: Words | str,
    *,
    by: User,
    channel: str,
    then: str | None = None,
    seen_seq: int | None = None,
    hold: timedelta = timedelta(0),
    human: bool = True,
    as_customer: bool | None = None,
    at: datetime | None = None,
) -> Message:
    """Say something publicly, from either side.

    Whoever may work on the ticket speaks for us, unless they asked it themselves (`as_customer` decides where
    both could be meant; a mail route that has checked the participant passes True). `then` is the status to
    go on to (an agent's choice); without it an agent's reply opens a new ticket, a customer's word opens a
    waiting, held or resolved one. After the team's reopening days a customer's word opens a linked new ticket
    instead, and the message returned is on that one. `seen_seq` is the last event the writer saw: what the
    customer says after it raises Conflict, and for us a colleague's answer too. `hold` keeps our words back,
    during which `withdraw` works; the clock counts from now all the same. A customer's word on a merged
    ticket is said on the one that stands for it.
    """
    words = as_words(words)
    if words.is_empty:
        raise ValueError(_("Write a reply."))
    if ticket.merged_into_id is not None and _speaks_as_customer(ticket, by, as_customer):
        return reply(where_it_goes(ticket), words, by=by, channel=channel, as_customer=True, at=at)
    with transaction.atomic():
        ticket = lock(ticket)
        at = instant(at, ticket)
        from_customer = _speaks_as_customer(ticket, by, as_customer)
        _demand_unmerged(ticket)
        demand_unchanged(ticket, seen_seq, by=None if from_customer else by)
        if from_customer:
            cancel_waiting(ticket, Draft.WhyNot.CUSTOMER_WROTE, at)
        if from_customer and (ticket.deleted_at is not None or _is_too_late_to_reopen(ticket, at)):
            return _follow_up(ticket, words, by, channel, at)
        human = human and (from_customer or by.account != Account.PROGRAM)
        speaker = Speaker.CUSTOMER if from_customer else (Speaker.AGENT if human else Speaker.BOT)
        message = say(
            ticket,
            words,
            public=True,
            author=by,
            by=speaker,
            channel=channel,
            said_at=at,
            hold=timedelta(0) if from_customer else hold,
        )
        _note_whose_turn(ticket, speaker, at)
        data = {"message": message.pk, "by": speaker.value, "human": human, "channel": Channel(channel).value}
        if not from_customer and by.account == Account.SHARED:
            data["shared"] = True
        record("ticket.replied", ticket=ticket, subject=message, by=by, at=at, data=data)
        _move_on(ticket, by, from_customer, then, at)
        return message


def _demand_unmerged(ticket: Ticket) -> None:
    if ticket.merged_into_id is not None:
        number = {"number": ticket.merged_into_id}
        raise NotAllowed(_("This ticket was merged into #%(number)s. Write there.") % number)


def _speaks_as_customer(ticket: Ticket, by: User, as_customer: bool | None) -> bool:
    if as_customer:
        return True
    if as_customer is None and by.pk == ticket.requester_id:
        return True
    if access.can_work(by, ticket):
        return False
    if access.can_speak_as_customer(by, ticket):
        return True
    raise NotAllowed(_("You may not write on this ticket."))


def _move_on(ticket: Ticket, by: User, from_customer: bool, then: str | None, at: datetime) -> None:
    """The status after a reply."""
    if from_customer:
        end_snooze(ticket, SnoozeEnd.CUSTOMER_WROTE, by=by, at=at)
        if ticket.status in (Status.RESOLVED, Status.CLOSED):
            change_status(ticket, Status.OPEN, "ticket.reopened", by=by, at=at)
        elif ticket.status in (Status.WAITING, Status.ON_HOLD):
            change_status(ticket, Status.OPEN, "ticket.set_open", by=by, at=at)
    elif then and then != ticket.status:
        STATUS_ACTIONS[Status(then)](ticket, by=by, at=at)
    elif not then and ticket.status == Status.NEW:
        change_status(ticket, Status.OPEN, "ticket.set_open", by=by, at=at)


def _note_whose_turn(ticket: Ticket, speaker: Speaker, at: datetime) -> None:
    if speaker == Speaker.CUSTOMER:
        ticket.unanswered_since = ticket.unanswered_since or at
        ticket.last_customer_at = at
    elif speaker == Speaker.AGENT:
        ticket.unanswered_since = None
    ticket.updated_at = at
    ticket.save(update_fields=["unanswered_since", "last_customer_at", "updated_at"])


def _is_too_late_to_reopen(ticket: Ticket, at: datetime) -> bool:
    if ticket.is_unresolved or ticket.resolved_at is None:
        return False
    return at > ticket.resolved_at + timedelta(days=ticket.team.reopen_days)


def _follow_up(ticket: Ticket, words: Words, by: User, channel: str, at: datetime) -> Message:
    new = open_ticket(
        requester=by,
        subject=ticket.subject,
        team=ticket.team,
        by=by,
        channel=channel,
        words=words,
        priority=ticket.priority,
        type=ticket.type,
        follows=ticket,
        at=at,
    )
    return new.messages.get()


def add_note(ticket: Ticket, words: Words | str, *, by: User, at: datetime | None = None) -> Message:
    """Say something to the team only. Stops no clock, moves no status, never leaves staff.

    Whom it names with an @ (`tickets.mentions`) is told, if they may work on the ticket.
    """
    words = as_words(words)
    if words.is_empty:
        raise ValueError(_("Write a note."))
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        at = instant(at, ticket)
        message = say(
            ticket, words, public=False, author=by, by=Speaker.AGENT, channel=Channel.DESK, said_at=at
        )
        record("ticket.noted", ticket=ticket, subject=message, by=by, at=at, data={"message": message.pk})
        if "@" in words.text:
            _mention(message, mentioned(words.text, access.mentionable_in(ticket, by)), by, at)
        return message


def _mention(note: Message, people: list[User], by: User, at: datetime) -> None:
    """An event of its own, which knows nothing of the note's words: the note itself is told to nobody."""
    if people:
        insert([Mention(message=note, ticket=note.ticket, person=person) for person in people])
        data = {"people": [person.pk for person in people]}
        record("ticket.mentioned", ticket=note.ticket, subject=note, by=by, at=at, data=data)


def hear_automatic(
    ticket: Ticket, words: Words | str, *, author: User | None, at: datetime | None = None
) -> Message:
    """Keep an automatic mail (absence notice, robot) quietly: no status, owner or clock changes, nobody is
    told."""
    return _keep(ticket, words, "ticket.heard_automatic", author, at, by=Speaker.BOT, automatic=True)


def hold_message(ticket: Ticket, words: Words | str, *, author: User, at: datetime | None = None) -> Message:
    """Keep the mail of somebody who takes no part for an agent to judge: nothing goes out, no clock moves."""
    return _keep(ticket, words, "message.held", author, at, by=Speaker.CUSTOMER, held=True)


def _keep(
    ticket: Ticket, words: Words | str, kind: str, author: User | None, at: datetime | None, **how: Any
) -> Message:
    """Write down a mail that changes nothing else."""
    with transaction.atomic():
        ticket = lock(ticket)
        at = instant(at, ticket)
        message = say(ticket, words, public=True, author=author, channel=Channel.MAIL, said_at=at, **how)
        record(kind, ticket=ticket, subject=message, at=at, data={"message": message.pk})
        return message


def accept_message(message: Message, *, by: User | None, at: datetime | None = None) -> Message:
    """Let a held mail count as a word of the customer from now on; a colleague's becomes a note of theirs,
    because nobody proved that they wrote it. One that came into a side conversation stays there."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update().get(pk=message.pk)
        if not message.held or message.withdrawn_at:
            return message
        at = instant(at, ticket)
        message.held, message.said_at, message.visible_at = False, at, at
        if message.side_talk is not None:
            message.save(update_fields=["held", "said_at", "visible_at"])
            told = {"message": message.pk}
            record("message.accepted", ticket=ticket, subject=message, by=by, at=at, data=told)
            note_heard(message.side_talk, message, by=by, at=at)
            return message
        is_colleague = _is_colleague(message.author, ticket)
        if is_colleague:
            message.public, message.by = False, Speaker.AGENT
        else:
            cancel_waiting(ticket, Draft.WhyNot.CUSTOMER_WROTE, at)
        message.save(update_fields=["held", "said_at", "visible_at", "public", "by"])
        told = {"message": message.pk}
        record("message.accepted", ticket=ticket, subject=message, by=by, at=at, data=told)
        if is_colleague:
            record("ticket.noted", ticket=ticket, subject=message, by=message.author, at=at, data=told)
            return message
        _note_whose_turn(ticket, Speaker.CUSTOMER, at)
        data = {"message": message.pk, "by": "customer", "human": True, "channel": message.channel}
        record("ticket.replied", ticket=ticket, subject=message, by=message.author, at=at, data=data)
        if message.author is not None:
            _move_on(ticket, message.author, True, None, at)
        return message


def _is_colleague(author: User | None, ticket: Ticket) -> bool:
    return author is not None and author.pk != ticket.requester_id and access.can_work(author, ticket)


def mark_read(ticket: Ticket, *, by: User, seq: int) -> None:
    """Remember that `by` has read the ticket up to event `seq`. Personal: no event, no lock."""
    mark, created = ReadMark.objects.get_or_create(ticket=ticket, person=by, defaults={"seq": seq})
    if not created and mark.seq < seq:
        ReadMark.objects.filter(pk=mark.pk, seq__lt=seq).update(seq=seq)
