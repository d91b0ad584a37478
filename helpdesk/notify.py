"""Who is told of what: event kind → recipients → `Delivery` and `Notification` rows.

A function of the event and of rows: no rendering, no network, no clock. The words of an internal note are
mailed to nobody; `tests/helpdesk/mail/test_notes_never_leave.py` tries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from feedback import queries as surveys
from followup import queries as follow_ups
from helpdesk import erasing, escalating, notifications, outbox, telling
from helpdesk.models import Delivery, ReportMail
from helpdesk.telling import Told
from sla.rules import RECOVERY
from tickets.models import Event, Follower, Message, SideTalk, Speaker, Ticket, User
from tickets.queries import HISTORY

Rank, Reason, State = Delivery.Rank, Delivery.Reason, Delivery.State

_OF_DELETED = ("ticket.deleted", "ticket.purged", "draft.cancelled")
INVITATION_LASTS = timedelta(hours=72)


def on_ticket_event(event: Event) -> None:
    """React to one event, in its transaction."""
    on_ticket_events([event])


def on_ticket_events(events: Sequence[Event]) -> None:
    """The same for many at once. What was imported is told to nobody."""
    events = [event for event in events if event.kind == "sla.escalated" or _is_news(event)]
    notifications.read_by_acting(events)
    told = escalating.tell([event for event in events if event.kind == "sla.escalated"])
    told += _opened([event for event in events if event.kind == "ticket.opened"])
    for event in events:
        if tell := TELL.get(event.kind):
            told += tell(event)
    telling.write(told)


def _is_news(event: Event) -> bool:
    """Not imported, and not about a ticket that is deleted, unless it says just that. What clocks come to is
    told by the levels of their policy; only the promise of a recovery case has none."""
    if event.kind in ("sla.warned", "sla.breached") and event.data["metric"] != RECOVERY:
        return False
    if event.ticket is not None and event.ticket.deleted_at and event.kind not in _OF_DELETED:
        return False
    return event.recorded_at - event.at <= HISTORY


def _opened(events: Sequence[Event]) -> list[Told]:
    """The sender gets an acknowledgement; whom an agent addresses first gets those words themselves. Then
    whoever owns the ticket, else who wants to know of every new one."""
    told = _acknowledgements([event for event in events if not _is_ours(event) and not _is_split(event)])
    members: dict[int, list[User]] = {}  # of the teams, each asked once
    for event in events:
        ticket = _ticket(event)
        if _is_ours(event):
            told += _words_to_customers(event)
        if _is_ours(event) or ticket.assignee is not None:
            told += _assigned_to(event, ticket.assignee)
            continue
        if ticket.team_id not in members:
            members[ticket.team_id] = _members(event)
        told += telling.staff(event, members[ticket.team_id], "ticket.opened")
    return told


def _is_ours(event: Event) -> bool:
    return bool(event.data["spoke_first"] == Speaker.AGENT)


def _is_split(event: Event) -> bool:
    """Opened with what was said, and told of, on another ticket."""
    return "split_from" in event.data


def _acknowledgements(events: Sequence[Event]) -> list[Told]:
    """Never to a robot, never above the address's budget."""
    events = [event for event in events if event.data["human"]]
    if not events:
        return []
    # As they stand: whether the address is proven matters.
    people = User.objects.in_bulk({event.data["requester"] for event in events})
    told = [(event, people[event.data["requester"]]) for event in events]
    told = [(event, person) for event, person in told if person.email]
    asking = [person for _event, person in told if not person.undeliverable_at]
    budget = outbox.Budget(asking, since=min(event.at for event in events))
    rows: list[Told] = []
    for event, person in told:
        row = outbox.mail_of(event, person, outbox.ACKNOWLEDGEMENT)
        if person.undeliverable_at:
            row = _unsent(row, Reason.UNDELIVERABLE)
        elif not budget.may_acknowledge(person, event.at):
            row = _unsent(row, Reason.BUDGET)
        rows.append(row)
    return rows


def _replied(event: Event) -> list[Told]:
    if event.data["by"] != Speaker.CUSTOMER:
        return _words_to_customers(event)
    ticket = _ticket(event)
    if ticket.assignee is not None:
        return telling.staff(event, [ticket.assignee], "ticket.answered")
    return telling.staff(event, _members(event), "ticket.answered", wish="ticket.unowned")


def _words_to_customers(event: Event) -> list[Told]:
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


def _mentioned(event: Event) -> list[Told]:
    """Whom a note names hears that it does; its words stay at the desk."""
    people = User.objects.filter(pk__in=event.data["people"]).order_by("pk")
    return telling.staff(event, people, event.kind)


def _written_outside(event: Event) -> list[Told]:
    """Our words to somebody outside, who is nobody's customer by it and may be nobody we know."""
    message = Message.objects.select_related("side_talk").get(pk=event.data["message"])
    talk = message.side_talk
    if talk is None or message.public or message.withdrawn_at is not None:
        return []
    return [
        Delivery(
            event=event,
            address=talk.address,
            template=event.kind,
            message=message,
            rank=Rank.REPLY,
            send_at=message.visible_at,
            created_at=event.at,
        )
    ]


def _heard_outside(event: Event) -> list[Told]:
    """Who owns the ticket, else who began the conversation."""
    person = _ticket(event).assignee or SideTalk.objects.get(pk=event.data["side_talk"]).opened_by
    return telling.staff(event, [person], event.kind)


def _undelivered_outside(event: Event) -> list[Told]:
    message = Message.objects.select_related("author").get(pk=event.data["message"])
    return telling.staff(
        event, [message.author] if message.author else [], event.kind, wish="delivery.failed"
    )


def _withdrawn(event: Event) -> list[Told]:
    waiting = Delivery.objects.filter(message=event.data["message"])
    outbox.suppress(waiting, Reason.WITHDRAWN, event.at)
    return []


def _requester_changed(event: Event) -> list[Told]:
    """What still waits for the old requester is not sent, unless they go on to get copies."""
    if not event.data["keep"]:
        theirs = Delivery.objects.filter(event__ticket=event.ticket_id, recipient=event.data["requester"][0])
        outbox.suppress(theirs, Reason.OUTDATED, event.at)
    return []


def _deleted(event: Event) -> list[Told]:
    """Nothing goes out any more, and nobody is reminded in the app."""
    outbox.suppress(Delivery.objects.filter(event__ticket=event.ticket_id), Reason.DELETED, event.at)
    notifications.read_by_all(event)
    return []


def _restored(event: Event) -> list[Told]:
    """Our words to the customer that were still to be sent go out after all; other news has grown old."""
    words = Delivery.objects.filter(event__ticket=event.ticket_id, message__isnull=False)
    outbox.unsuppress(words, Reason.DELETED, event.at)
    return []


def _purged(event: Event) -> list[Told]:
    erasing.erase(event)
    return []


def _assigned(event: Event) -> list[Told]:
    new = event.data["assignee"][1]
    return _assigned_to(event, User.objects.get(pk=new) if new else None)


def _assigned_to(event: Event, person: User | None) -> list[Told]:
    return telling.staff(event, [person] if person else [], "ticket.assigned")


def _delivery_failed(event: Event) -> list[Told]:
    message = Message.objects.select_related("author").get(pk=event.data["message"])
    told = message.author or _ticket(event).assignee
    return telling.staff(event, [told] if told else [], event.kind)


def _draft_cancelled(event: Event) -> list[Told]:
    return telling.staff(event, [User.objects.get(pk=event.data["author"])], event.kind)


SURVEY_MAILS = {"csat": "survey.invited", "ces": "survey.effort", "nps": "survey.recommend"}
"""The mail that puts a survey, by what it asks."""


def _survey_answered(event: Event) -> list[Told]:
    """A low score is told to whom it counts for."""
    told = surveys.credited_with_low_score(event.data["survey"])
    return telling.staff(event, [told] if told else [], "survey.scored_low")


def _case_opened(event: Event) -> list[Told]:
    """Its owner, who did not choose it."""
    owner = surveys.owner_of_case(event.data["case"])
    return telling.staff(event, [owner] if owner else [], "case.assigned")


def _case_assigned(event: Event) -> list[Told]:
    new = event.data["owner"][1]
    return telling.staff(event, [User.objects.get(pk=new)] if new else [], "case.assigned")


def _case_late(event: Event) -> list[Told]:
    owners = surveys.owners_who_wait(_ticket(event), event.data["instance"])
    return telling.staff(event, owners, "case.late")


def _survey_invited(event: Event) -> list[Told]:
    person, kind = surveys.put_to(event.data["survey"])
    return _asked(event, person, SURVEY_MAILS[kind])


def _survey_reminded(event: Event) -> list[Told]:
    person, _kind = surveys.put_to(event.data["survey"])
    return _asked(event, person, event.kind)


def _asked(event: Event, person: User, template: str) -> list[Told]:
    if not person.email:
        return []
    row = outbox.mail_of(event, person, template, rank=Rank.SURVEY)
    return [_unsent(row, Reason.UNDELIVERABLE) if person.undeliverable_at else row]


def _survey_ended(event: Event) -> list[Told]:
    """An invitation that still waits would lead to a closed page."""
    waiting = Delivery.objects.filter(
        event__subject_kind=event.subject_kind,
        event__subject_id=event.subject_id,
        event__kind__in=("survey.invited", "survey.reminded"),
    )
    outbox.suppress(waiting, Reason.OUTDATED, event.at)
    return []


def _followed_up(event: Event) -> list[Told]:
    """A reminder, a word of thanks or regret, a question: as its rule says, and at an hour that it allows."""
    person, kind = follow_ups.put_to(event.data["followup"])
    return _asked(event, person, f"followup.{kind}")


def _person_invited(event: Event) -> list[Told]:
    """Nobody mails the first administrator, who is made by the system and already here."""
    if event.actor_id is None:
        return []
    person = User.objects.get(pk=event.data["person"])
    return [
        outbox.mail_of(event, person, event.kind, rank=Rank.ACCOUNT, give_up_at=event.at + INVITATION_LASTS)
    ]


def _report_came_due(event: Event) -> list[Told]:
    """The report goes to who asked for it; by the time of the next one it helps nobody."""
    row = ReportMail.objects.select_related("person").get(pk=event.data["report_mail"])
    return [outbox.mail_of(event, row.person, "report.digest", give_up_at=row.next_at)]


TELL: dict[str, Callable[[Event], list[Told]]] = {
    "ticket.replied": _replied,
    "ticket.mentioned": _mentioned,
    "message.withdrawn": _withdrawn,
    "side_talk.written": _written_outside,
    "side_talk.withdrawn": _withdrawn,
    "side_talk.heard": _heard_outside,
    "side_talk.undelivered": _undelivered_outside,
    "ticket.deleted": _deleted,
    "ticket.restored": _restored,
    "ticket.purged": _purged,
    "ticket.assigned": _assigned,
    "ticket.requester_changed": _requester_changed,
    "delivery.failed": _delivery_failed,
    "delivery.delayed": _delivery_failed,
    "draft.cancelled": _draft_cancelled,
    "survey.invited": _survey_invited,
    "survey.reminded": _survey_reminded,
    "survey.answered": _survey_answered,
    "followup.sent": _followed_up,
    "case.opened": _case_opened,
    "case.assigned": _case_assigned,
    "sla.breached": _case_late,
    "survey.cancelled": _survey_ended,
    "survey.expired": _survey_ended,
    "person.invited": _person_invited,
    "report.came_due": _report_came_due,
}


def _members(event: Event) -> list[User]:
    return list(_ticket(event).team.members.filter(is_active=True).order_by("pk"))


def _unsent(row: Delivery, reason: str) -> Delivery:
    row.state, row.reason = State.SUPPRESSED, reason
    return row


def _ticket(event: Event) -> Ticket:
    """The ticket as the action that recorded the event holds it under its lock: asking again would cost every
    mail a query over five tables."""
    assert event.ticket is not None
    return event.ticket
