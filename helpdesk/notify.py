"""Who is told of what: event kind → recipients → `Delivery` rows.

A function of the event and of rows: no rendering, no network, no clock. An internal note is told to nobody
by mail; `tests/helpdesk/mail/test_notes_never_leave.py` tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from helpdesk import escalating, outbox
from helpdesk.models import Delivery
from helpdesk.wishes import wants_mail
from tickets.models import Event, Follower, Message, Speaker, Ticket, User
from tickets.queries import HISTORY

Rank, Reason, State = Delivery.Rank, Delivery.Reason, Delivery.State

INVITATION_LASTS = timedelta(hours=72)


def on_ticket_event(event: Event) -> None:
    """React to one event, in its transaction. What was imported is told to nobody."""
    tell = TELL.get(event.kind)
    if tell is not None and (event.kind == "sla.escalated" or event.recorded_at - event.at <= HISTORY):
        outbox.add(tell(event))


def on_ticket_events(events: Sequence[Event]) -> None:
    """The same for many at once."""
    outbox.add(escalating.tell([event for event in events if event.kind == "sla.escalated"]))
    for event in events:
        if event.kind != "sla.escalated":
            on_ticket_event(event)


def _opened(event: Event) -> list[Delivery]:
    """The sender gets an acknowledgement; whom an agent addresses first gets those words themselves."""
    ticket = _ticket(event)
    if event.data["spoke_first"] == Speaker.AGENT:
        return [*_words_to_customers(event), *_assigned_to(event, ticket.assignee)]
    told = _assigned_to(event, ticket.assignee)
    if not told and ticket.assignee is None:
        told = [_to_staff(event, one, "ticket.opened") for one in _team_that_wishes(event, "ticket.opened")]
    return [*_acknowledgement(event, ticket), *told]


def _acknowledgement(event: Event, ticket: Ticket) -> list[Delivery]:
    """Never to a robot, never above the address's budget."""
    if not event.data["human"]:
        return []
    person = User.objects.get(pk=ticket.requester_id)  # as they stand: whether the address is proven matters
    if not person.email:
        return []
    row = outbox.mail_of(event, person, outbox.ACKNOWLEDGEMENT)
    if person.undeliverable_at:
        return [_unsent(row, Reason.UNDELIVERABLE)]
    if not outbox.may_acknowledge(person, event.at):
        return [_unsent(row, Reason.BUDGET)]
    return [row]


def _replied(event: Event) -> list[Delivery]:
    if event.data["by"] != Speaker.CUSTOMER:
        return _words_to_customers(event)
    ticket = _ticket(event)
    if ticket.assignee is not None:
        return _staff(event, [ticket.assignee], "ticket.answered")
    return _staff(event, _team_that_wishes(event, "ticket.unowned"), "ticket.answered")


def _words_to_customers(event: Event) -> list[Delivery]:
    """Our public words to the requester and to those in copy who were accepted before them."""
    message = Message.objects.get(pk=event.data["message"])
    if not is_for_customers(message):
        return []
    ticket = _ticket(event)
    followers = User.objects.filter(
        follows__ticket=ticket,
        follows__state=Follower.State.ACCEPTED,
        follows__accepted_at__lte=message.said_at,
    ).order_by("pk")
    people = [ticket.requester, *followers]
    return [
        outbox.mail_of(
            event, one, "ticket.replied", message=message, rank=Rank.REPLY, send_at=message.visible_at
        )
        for one in people
        if one.pk != message.author_id and (one.email or one.pk == ticket.requester_id)
    ]


def is_for_customers(message: Message) -> bool:
    """Our own public words, not taken back. Everything else never reaches a customer's mailbox."""
    return (
        message.public
        and not message.held
        and not message.automatic
        and message.withdrawn_at is None
        and message.by != Speaker.CUSTOMER
    )


def _withdrawn(event: Event) -> list[Delivery]:
    waiting = Delivery.objects.filter(message=event.data["message"])
    outbox.suppress(waiting, Reason.WITHDRAWN, event.at)
    return []


def _assigned(event: Event) -> list[Delivery]:
    new = event.data["assignee"][1]
    return _assigned_to(event, User.objects.get(pk=new) if new else None)


def _assigned_to(event: Event, person: User | None) -> list[Delivery]:
    return _staff(event, [person] if person else [], "ticket.assigned")


def _delivery_failed(event: Event) -> list[Delivery]:
    message = Message.objects.select_related("author").get(pk=event.data["message"])
    told = message.author or _ticket(event).assignee
    return _staff(event, [told] if told else [], event.kind)


def _draft_cancelled(event: Event) -> list[Delivery]:
    return _staff(event, [User.objects.get(pk=event.data["author"])], event.kind)


def _survey_invited(event: Event) -> list[Delivery]:
    person = _ticket(event).requester
    if not person.email:
        return []
    row = outbox.mail_of(event, person, event.kind, rank=Rank.SURVEY)
    return [_unsent(row, Reason.UNDELIVERABLE) if person.undeliverable_at else row]


def _survey_ended(event: Event) -> list[Delivery]:
    """An invitation that still waits would lead to a closed page."""
    waiting = Delivery.objects.filter(
        event__ticket=event.ticket_id,
        event__kind="survey.invited",
        event__data__survey=event.data["survey"],
    )
    outbox.suppress(waiting, Reason.OUTDATED, event.at)
    return []


def _person_invited(event: Event) -> list[Delivery]:
    """Nobody mails the first administrator, who is made by the system and already here."""
    if event.actor_id is None:
        return []
    person = User.objects.get(pk=event.data["person"])
    return [
        outbox.mail_of(event, person, event.kind, rank=Rank.ACCOUNT, give_up_at=event.at + INVITATION_LASTS)
    ]


TELL: dict[str, Callable[[Event], list[Delivery]]] = {
    "ticket.opened": _opened,
    "ticket.replied": _replied,
    "message.withdrawn": _withdrawn,
    "ticket.assigned": _assigned,
    "sla.escalated": lambda event: escalating.tell([event]),
    "delivery.failed": _delivery_failed,
    "draft.cancelled": _draft_cancelled,
    "survey.invited": _survey_invited,
    "survey.cancelled": _survey_ended,
    "survey.expired": _survey_ended,
    "person.invited": _person_invited,
}


def _staff(event: Event, people: Iterable[User], template: str) -> list[Delivery]:
    """To active staff who want it, never of what they did themselves."""
    return [_to_staff(event, one, template) for one in people if _wants(event, one, template)]


def _wants(event: Event, person: User, template: str) -> bool:
    return person.pk != event.actor_id and wants_mail(person, template)


def _to_staff(event: Event, person: User, template: str) -> Delivery:
    return outbox.mail_of(event, person, template)


def _team_that_wishes(event: Event, wish: str) -> list[User]:
    members = _ticket(event).team.members.filter(is_active=True).order_by("pk")
    return [one for one in members if _wants(event, one, wish)]


def _unsent(row: Delivery, reason: str) -> Delivery:
    row.state, row.reason = State.SUPPRESSED, reason
    return row


def _ticket(event: Event) -> Ticket:
    """The ticket as the action that recorded the event holds it under its lock: asking again would cost every
    mail a query over five tables."""
    assert event.ticket is not None
    return event.ticket
