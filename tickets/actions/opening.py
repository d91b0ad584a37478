"""Opening a ticket: by its customer, or by one of us for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, Words, as_words, instant
from tickets.actions.properties import tag as put_tag
from tickets.actions.saying import say
from tickets.events import record
from tickets.models import Channel, Message, Priority, Speaker, Status, Team, Ticket, TicketType, User
from tickets.queries import HISTORY
from tickets.text import clean_line


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
    call), or the agent's, who opens the conversation. An assignee must be able to work on the team's tickets.
    Raises NotAllowed, and ValueError for an empty subject and text.
    """
    words, subject, at = as_words(words), clean_line(subject, 500), instant(at)
    if not subject and words.is_empty:
        raise ValueError(_("Write a subject or a message."))
    if by is not None and by.pk != requester.pk and not access.is_member(by):
        raise NotAllowed(_("You may open tickets for yourself only."))
    from_customer = spoke_first == Speaker.CUSTOMER
    ticket = Ticket(
        subject=subject or _first_line(words.text),
        requester=requester,
        organization=requester.organization,
        team=team,
        assignee=assignee,
        priority=Priority(priority),
        type=TicketType(type),
        status=Status.NEW if from_customer else Status.OPEN,
        channel=Channel(channel),
        spoke_first=Speaker(spoke_first),
        follows=follows,
        opened_at=at,
        updated_at=at,
        unanswered_since=at if from_customer and not automatic else None,
        last_customer_at=at if from_customer else None,
    )
    if assignee is not None and not access.can_be_assigned(assignee, ticket):
        raise NotAllowed(_("%(name)s does not work on this team's tickets.") % {"name": assignee})
    with transaction.atomic():
        ticket.save()
        message = say(
            ticket,
            words,
            public=True,
            author=requester if from_customer else by,
            by=spoke_first,
            automatic=automatic,
            channel=channel,
            said_at=at,
            hold=timedelta(0) if from_customer else hold,
        )
        data = _opened(ticket, message, automatic)
        record("ticket.opened", ticket=ticket, subject=message, by=by, at=at, data=data)
        for name in tags:
            put_tag(ticket, name, by=None, at=at)
    return ticket


def _opened(ticket: Ticket, message: Message, automatic: bool) -> dict[str, Any]:
    """What the event keeps of the opening."""
    data = {
        "requester": ticket.requester_id,
        "organization": ticket.organization_id,
        "team": ticket.team_id,
        "assignee": ticket.assignee_id,
        "priority": ticket.priority,
        "type": ticket.type,
        "status": ticket.status,
        "channel": ticket.channel,
        "spoke_first": ticket.spoke_first,
        "message": message.pk,
        "human": not automatic,
        "follows": ticket.follows_id,
    }
    if timezone.now() - ticket.opened_at > HISTORY:
        data["imported"] = True
    return data


def _first_line(text: str) -> str:
    return clean_line(text.strip().split("\n", 1)[0], 80) or timezone.now().strftime("%Y-%m-%d %H:%M")
