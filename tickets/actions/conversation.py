"""What is said on a ticket: opening, replies, notes, automatic mail, and taking words back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, Words, as_words, attach, demand_work, instant, lock
from tickets.actions.properties import tag as put_tag
from tickets.actions.status import STATUS_ACTIONS, change_status, demand_unchanged
from tickets.events import record
from tickets.models import (
    Account,
    Channel,
    Message,
    Priority,
    ReadMark,
    Speaker,
    Status,
    Team,
    Ticket,
    TicketType,
    User,
)
from tickets.text import clean_line, clean_text

IMPORTED_AFTER = timedelta(days=1)
"""A ticket written down later than this after its opening was imported, and its opening says so."""


def open_ticket(
    *,
    requester: User,
    subject: str,
    team: Team,
    by: User | None,
    channel: str,
    words: Words | str = "",
    priority: int = Priority.NORMAL,
    type: str = TicketType.QUESTION,
    assignee: User | None = None,
    tags: Iterable[str] = (),
    spoke_first: str = Speaker.CUSTOMER,
    follows: Ticket | None = None,
    automatic: bool = False,
    hold: timedelta = timedelta(0),
    at: datetime | None = None,
) -> Ticket:
    """Open a ticket with its first message, which is public.

    `spoke_first` says whose words they are: the customer's (also when an agent writes them down after a
    call), or
    the agent's, who opens the conversation. An assignee must be able to work on the team's tickets.
    Raises NotAllowed, and ValueError for an empty subject and text.
    """
    words = as_words(words)
    subject = clean_line(subject, 500)
    if not subject and words.is_empty:
        raise ValueError(_("Write a subject or a message."))
    at = instant(at)
    if by is not None and by.pk != requester.pk and not access.is_member(by):
        raise NotAllowed(_("You may open tickets for yourself only."))
    author = requester if spoke_first == Speaker.CUSTOMER else by
    status = Status.NEW if spoke_first == Speaker.CUSTOMER else Status.OPEN
    with transaction.atomic():
        ticket = Ticket(
            subject=subject or _first_line(words.text),
            requester=requester,
            organization=requester.organization,
            team=team,
            assignee=assignee,
            priority=Priority(priority),
            type=TicketType(type),
            status=status,
            channel=Channel(channel),
            spoke_first=Speaker(spoke_first),
            follows=follows,
            opened_at=at,
            updated_at=at,
            unanswered_since=at if spoke_first == Speaker.CUSTOMER and not automatic else None,
            last_customer_at=at if spoke_first == Speaker.CUSTOMER else None,
        )
        if assignee is not None and not access.can_be_assigned(assignee, ticket):
            raise NotAllowed(_("%(name)s does not work on this team's tickets.") % {"name": assignee})
        ticket.save()
        message = _say(
            ticket,
            words,
            public=True,
            author=author,
            by=spoke_first,
            automatic=automatic,
            channel=channel,
            said_at=at,
            hold=hold if spoke_first == Speaker.AGENT else timedelta(0),
        )
        record(
            "ticket.opened",
            ticket=ticket,
            subject=message,
            by=by,
            at=at,
            data={
                "requester": requester.pk,
                "organization": requester.organization_id,
                "team": team.pk,
                "assignee": assignee.pk if assignee else None,
                "priority": ticket.priority,
                "type": ticket.type,
                "status": status.value,
                "channel": ticket.channel,
                "spoke_first": ticket.spoke_first,
                "message": message.pk,
                "human": not automatic,
                "follows": follows.pk if follows else None,
                **({"imported": True} if timezone.now() - at > IMPORTED_AFTER else {}),
            },
        )
        for name in tags:
            put_tag(ticket, name, by=None, at=at)
        return ticket


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
    both could be meant; a mail route that has checked the participant passes True). `then` is the status
    to go on
    to (an agent's choice); without it an agent's reply opens a new ticket, a customer's word opens a
    waiting, held or
    resolved one. After the team's reopening days a customer's word opens a linked new ticket instead, and the
    message returned is on that one. `seen_seq` is the last event the writer saw: a customer message
    after it raises
    Conflict. `hold` keeps our words back, during which `withdraw` works; the clock counts from now all
    the same.
    """
    words = as_words(words)
    if words.is_empty:
        raise ValueError(_("Write a reply."))
    with transaction.atomic():
        ticket = lock(ticket)
        at = instant(at, ticket)
        from_customer = _speaks_as_customer(ticket, by, as_customer)
        demand_unchanged(ticket, seen_seq)
        if from_customer and _is_too_late_to_reopen(ticket, at):
            return _follow_up(ticket, words, by, channel, at)
        human = human and (from_customer or by.account != Account.PROGRAM)
        speaker = Speaker.CUSTOMER if from_customer else (Speaker.AGENT if human else Speaker.BOT)
        message = _say(
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
    """Say something to the team only. Stops no clock, moves no status, never leaves staff."""
    words = as_words(words)
    if words.is_empty:
        raise ValueError(_("Write a note."))
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        at = instant(at, ticket)
        message = _say(
            ticket, words, public=False, author=by, by=Speaker.AGENT, channel=Channel.DESK, said_at=at
        )
        record("ticket.noted", ticket=ticket, subject=message, by=by, at=at, data={"message": message.pk})
        return message


def hear_automatic(
    ticket: Ticket, words: Words | str, *, author: User | None, at: datetime | None = None
) -> Message:
    """Keep an automatic mail (absence notice, robot) quietly: no status, owner or clock changes, nobody
    is told."""
    with transaction.atomic():
        ticket = lock(ticket)
        at = instant(at, ticket)
        message = _say(
            ticket,
            words,
            public=True,
            author=author,
            by=Speaker.BOT,
            automatic=True,
            channel=Channel.MAIL,
            said_at=at,
        )
        record("ticket.heard_automatic", ticket=ticket, subject=message, at=at, data={"message": message.pk})
        return message


def hold_message(ticket: Ticket, words: Words | str, *, author: User, at: datetime | None = None) -> Message:
    """Keep a mail of somebody who is no participant for an agent to judge: nothing goes out, no clock
    moves."""
    with transaction.atomic():
        ticket = lock(ticket)
        at = instant(at, ticket)
        message = _say(
            ticket,
            words,
            public=True,
            author=author,
            by=Speaker.CUSTOMER,
            held=True,
            channel=Channel.MAIL,
            said_at=at,
        )
        record("message.held", ticket=ticket, subject=message, at=at, data={"message": message.pk})
        return message


def accept_message(message: Message, *, by: User, at: datetime | None = None) -> Message:
    """Let a held mail count as a word of the customer from now on."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update().get(pk=message.pk)
        if not message.held:
            return message
        at = instant(at, ticket)
        message.held, message.said_at, message.visible_at = False, at, at
        message.save(update_fields=["held", "said_at", "visible_at"])
        record("message.accepted", ticket=ticket, subject=message, by=by, at=at, data={"message": message.pk})
        _note_whose_turn(ticket, Speaker.CUSTOMER, at)
        data = {"message": message.pk, "by": "customer", "human": True, "channel": message.channel}
        record("ticket.replied", ticket=ticket, subject=message, by=message.author, at=at, data=data)
        if message.author is not None:
            _move_on(ticket, message.author, True, None, at)
        return message


def withdraw(message: Message, *, by: User, at: datetime | None = None) -> Message:
    """Take back our own public message during its hold, as if it had never been said."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update().get(pk=message.pk)
        if message.withdrawn_at:
            return message
        at = instant(at)
        if message.by != Speaker.AGENT or not message.public or at >= message.visible_at:
            raise NotAllowed(_("This message has already been sent."))
        message.withdrawn_at = at
        message.save(update_fields=["withdrawn_at"])
        _restore_turn(ticket)
        data = {"message": message.pk}
        record("message.withdrawn", ticket=ticket, subject=message, by=by, at=at, data=data)
        return message


def report_undelivered(message: Message, *, delivery: int, at: datetime | None = None) -> Message:
    """Our message reached nobody on the customer's side, for good: the clocks it stopped run again."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        at = instant(at, ticket)
        data = {"message": message.pk, "delivery": delivery}
        record("delivery.failed", ticket=ticket, subject=message, at=at, data=data)
        _restore_turn(ticket)
        return message


def report_delivered_after_all(message: Message, *, delivery: int, at: datetime | None = None) -> Message:
    """A message reported undelivered has reached the customer after all (sent again, other address)."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        at = instant(at, ticket)
        data = {"message": message.pk, "delivery": delivery}
        record("delivery.recovered", ticket=ticket, subject=message, at=at, data=data)
        _restore_turn(ticket)
        return message


def _restore_turn(ticket: Ticket) -> None:
    """Recompute since when the customer waits, from the words that count."""
    lost: set[int] = set()
    for kind, data in (
        ticket.events.filter(kind__startswith="delivery.").order_by("seq").values_list("kind", "data")
    ):
        (lost.add if kind == "delivery.failed" else lost.discard)(data["message"])
    since = None
    words = ticket.messages.filter(public=True, held=False, automatic=False, withdrawn_at=None)
    for pk, by, said_at in words.order_by("said_at", "pk").values_list("pk", "by", "said_at"):
        if by == Speaker.CUSTOMER:
            since = since or said_at
        elif by == Speaker.AGENT and pk not in lost:
            since = None
    ticket.unanswered_since = since
    ticket.save(update_fields=["unanswered_since"])


def mark_read(ticket: Ticket, *, by: User, seq: int) -> None:
    """Remember that `by` has read the ticket up to event `seq`. Personal: no event, no lock."""
    mark, created = ReadMark.objects.get_or_create(ticket=ticket, person=by, defaults={"seq": seq})
    if not created and mark.seq < seq:
        ReadMark.objects.filter(pk=mark.pk, seq__lt=seq).update(seq=seq)


def _say(
    ticket: Ticket,
    words: Words | str,
    *,
    public: bool,
    author: User | None,
    by: str,
    channel: str,
    said_at: datetime,
    automatic: bool = False,
    held: bool = False,
    hold: timedelta = timedelta(0),
) -> Message:
    words = as_words(words)
    text = clean_text(words.text)
    message = Message.objects.create(
        ticket=ticket,
        public=public,
        author=author,
        by=Speaker(by),
        automatic=automatic,
        held=held,
        channel=Channel(channel),
        text=text,
        fresh=text if words.fresh is None else clean_text(words.fresh),
        quoted=clean_text(words.quoted),
        html=clean_text(words.html),
        said_at=said_at,
        visible_at=said_at + hold,
        internet_message_id=clean_line(words.internet_message_id, 998),
        references=clean_line(words.references, 8000),
    )
    attach(message, words.files)
    return message


def _first_line(text: str) -> str:
    return clean_line(text.strip().split("\n", 1)[0], 80) or timezone.now().strftime("%Y-%m-%d %H:%M")
