"""One ticket that turns out to be two requests: some of its messages begin a ticket of their own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, demand_work, instant, lock
from tickets.actions.deleting import put_away
from tickets.actions.linking import link, unlink
from tickets.actions.merging import lock_both
from tickets.bulk import insert
from tickets.events import record
from tickets.models import Account, Attachment, Event, Message, Speaker, Status, Ticket, User
from tickets.text import clean_line

WORKED_ON = (
    "ticket.replied", "ticket.noted", "ticket.heard_automatic", "ticket.merged", "ticket.took_over",
    "ticket.requester_changed", "ticket.split", "message.held", "side_talk.opened", "ticket.resolved",
    "ticket.closed", "ticket.set_waiting", "ticket.put_on_hold", "draft.scheduled",
)  # fmt: skip
"""After these a ticket that was split off stands for itself: taking the split back would lose something."""


def split(
    ticket: Ticket,
    messages: Collection[int],
    *,
    subject: str = "",
    requester: User | None = None,
    by: User | None,
    at: datetime | None = None,
) -> Ticket:
    """Open a ticket with copies of some messages (their ids), linked with this one, which keeps all it has.

    It begins with the first of them that the customer wrote, at the instant at which they wrote it: that long
    they have waited. `requester` is this ticket's or the author of a chosen word of the customer's side. What
    was a note stays one, and nobody is sent anything. Team, owner, priority and type are this ticket's.
    Raises NotAllowed, and ValueError where no word of the customer is among them.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        if ticket.merged_into_id is not None:
            raise NotAllowed(_("This ticket was merged into another. Undo the merge first."))
        at = instant(at, ticket)
        chosen = _chosen(ticket, messages, at)
        asked = next((one for one in chosen if _is_asked(one)), None)
        if asked is None:
            raise ValueError(_("Choose at least one message of the customer."))
        requester = requester or ticket.requester
        if requester.pk != ticket.requester_id and requester.pk not in {
            one.author_id for one in chosen if _is_asked(one)
        }:
            raise NotAllowed(_("The requester of the new ticket has to be one of those who wrote."))
        new = _open(ticket, asked, chosen, clean_line(subject, 500) or ticket.subject, requester, by)
        data = {"ticket": new.pk, "messages": [one.pk for one in chosen]}
        record("ticket.split", ticket=ticket, subject=new, by=by, at=at, data=data)
        link(ticket, new, by=by, at=at)
        return lock(new)


def unsplit(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Take back that a ticket was split off: it is deleted. The other one had kept everything.

    Returns that one. Raises NotAllowed where somebody has worked on it since.
    """
    origin = origin_of(ticket)
    if origin is None:
        raise NotAllowed(_("This ticket was not split off from another."))
    with transaction.atomic():
        ticket, source = lock_both(ticket, Ticket(pk=origin))
        if ticket.deleted_at is not None:
            return source
        demand_work(by, ticket)
        if ticket.events.filter(kind__in=WORKED_ON).exists():
            words = _("Somebody has worked on #%(number)s since. Merge it into #%(into)s instead.")
            raise NotAllowed(words % {"number": ticket.pk, "into": origin})
        at = instant(instant(at, ticket), source)
        unlink(ticket, source, by=None, at=at)
        put_away(ticket, by=by, at=at)
        data = {"ticket": ticket.pk}
        record("ticket.split_undone", ticket=source, subject=ticket, by=by, at=at, data=data)
        return source


def origin_of(ticket: Ticket) -> int | None:
    """The number of the ticket from which this one was split off."""
    opened = Event.objects.filter(ticket=ticket, seq=1).values_list("data", flat=True).first()
    return (opened or {}).get("split_from")


def _chosen(ticket: Ticket, messages: Collection[int], at: datetime) -> list[Message]:
    """The messages in the order in which they were said. What is held back, was taken back or belongs to a
    side conversation goes nowhere."""
    rows = Message.objects.filter(
        ticket=ticket,
        pk__in=list(messages),
        held=False,
        withdrawn_at=None,
        side_talk=None,
        visible_at__lte=at,
    )
    found = list(rows.select_related("author").order_by("said_at", "pk"))
    if len(found) < len(set(messages)):
        raise NotAllowed(_("One of these messages cannot be split off. Read the ticket again."))
    return found


def _is_asked(message: Message) -> bool:
    """A word of the customer's side by which a ticket can begin."""
    return message.public and message.by == Speaker.CUSTOMER and not message.automatic


def _open(
    source: Ticket, asked: Message, chosen: list[Message], subject: str, requester: User, by: User | None
) -> Ticket:
    lost = _lost_among(chosen)
    answers = [
        one for one in chosen if _is_answer(one) and one.pk not in lost and one.said_at >= asked.said_at
    ]
    asks = [one for one in chosen if _is_asked(one)]
    answered_at = answers[-1].said_at if answers else None
    waiting = [one.said_at for one in asks if answered_at is None or one.said_at > answered_at]
    new = Ticket(
        subject=subject,
        requester=requester,
        organization=requester.organization,
        team=source.team,
        assignee=source.assignee,
        priority=source.priority,
        type=source.type,
        status=Status.OPEN if answers else Status.NEW,
        channel=asked.channel,
        opened_at=asked.said_at,
        updated_at=chosen[-1].said_at,
        unanswered_since=waiting[0] if waiting else None,
        last_customer_at=asks[-1].said_at,
    )
    if new.assignee and not access.can_be_assigned(new.assignee, new):
        new.assignee = None
    insert([new])
    copies = _copies(new, chosen)
    first = copies.pop(asked.pk)
    _record_opening(new, source, first, by)
    for one in chosen:
        if copy := copies.get(one.pk):
            _record_carried(new, copy, counts=one.pk not in lost)
    return new


def _copies(new: Ticket, chosen: list[Message]) -> dict[int, Message]:
    """A copy of each message with its files, by the original's id. It says whose it is, when and how it was
    said, and what it was copied from; the mail that brought the original stays with that one."""
    kept = ("public", "author_id", "by", "automatic", "channel", "text", "fresh", "quoted", "html", "said_at")
    copies = {
        one.pk: Message(
            ticket=new,
            copied_from=one,
            visible_at=one.visible_at,
            **{name: getattr(one, name) for name in kept},
        )
        for one in chosen
    }
    insert(list(copies.values()))
    files = Attachment.objects.filter(message__in=chosen).order_by("pk")
    insert(
        [
            Attachment(
                message=copies[file.message_id],
                blob_id=file.blob_id,
                name=file.name,
                content_type=file.content_type,
                inline=file.inline,
                content_id=file.content_id,
            )
            for file in files
        ]
    )
    return copies


def _record_opening(new: Ticket, source: Ticket, first: Message, by: User | None) -> None:
    data: dict[str, Any] = {
        "requester": new.requester_id,
        "organization": new.organization_id,
        "team": new.team_id,
        "assignee": new.assignee_id,
        "priority": new.priority,
        "type": new.type,
        "status": new.status,
        "channel": new.channel,
        "spoke_first": Speaker.CUSTOMER.value,
        "message": first.pk,
        "human": True,
        "follows": None,
        "split_from": source.pk,
    }
    record("ticket.opened", ticket=new, subject=first, by=by, at=new.opened_at, data=data)


def _record_carried(new: Ticket, copy: Message, *, counts: bool) -> None:
    """What was said counts for the new ticket's clocks when it was said there; a note, a robot's word and
    words that never arrived count for none."""
    data: dict[str, Any] = {"message": copy.pk}
    kind = "ticket.carried_quietly"
    if counts and copy.public and not copy.automatic:
        kind = "ticket.carried"
        data |= {"by": copy.by, "human": copy.by != Speaker.BOT, "channel": copy.channel}
        if copy.by == Speaker.AGENT and copy.author and copy.author.account == Account.SHARED:
            data["shared"] = True
    record(kind, ticket=new, subject=copy, by=copy.author, at=instant(copy.said_at, new), data=data)


def _is_answer(message: Message) -> bool:
    return message.public and message.by == Speaker.AGENT and not message.automatic


def _lost_among(messages: list[Message]) -> set[int]:
    """Those of our words that did not arrive."""
    told = Event.objects.filter(
        ticket=messages[0].ticket_id, kind__in=("delivery.failed", "delivery.recovered")
    )
    latest = {data["message"]: kind for data, kind in told.order_by("seq").values_list("data", "kind")}
    return {pk for pk, kind in latest.items() if kind == "delivery.failed"}
