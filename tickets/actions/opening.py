"""Opening a ticket: by its customer, or by one of us for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, Words, as_words, instant
from tickets.actions.properties import tag as put_tag
from tickets.actions.saying import Saying, say_all
from tickets.bulk import insert
from tickets.events import NewEvent, record_all
from tickets.models import Channel, Message, Priority, Speaker, Status, Team, Ticket, TicketType, User
from tickets.queries import HISTORY
from tickets.text import clean_line


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A ticket that is still to be opened with its first message, which is public.

    `spoke_first` says whose words they are: the customer's (also when an agent writes them down after a
    call), or the agent's, who opens the conversation. An assignee must be able to work on the team's tickets.
    """

    requester: User
    subject: str
    team: Team
    by: User | None
    channel: str
    words: Words | str = ""
    priority: int = Priority.NORMAL
    type: str = TicketType.QUESTION
    assignee: User | None = None
    tags: Iterable[str] = ()
    spoke_first: str = Speaker.CUSTOMER
    follows: Ticket | None = None
    automatic: bool = False
    hold: timedelta = timedelta(0)
    at: datetime | None = None

    @property
    def from_customer(self) -> bool:
        return self.spoke_first == Speaker.CUSTOMER


def open_ticket(**given: Any) -> Ticket:
    """Open a ticket with its first message; what may be given is said at `Opening`.

    Raises NotAllowed, and ValueError for an empty subject and text.
    """
    return open_tickets([Opening(**given)])[0].ticket


class Opened(NamedTuple):
    """A new ticket and what it was opened with."""

    ticket: Ticket
    message: Message


def open_tickets(openings: Sequence[Opening]) -> list[Opened]:
    """Open many in a few statements, all or none, each as `open_ticket` would."""
    tickets = [_ticket(opening, instant(opening.at)) for opening in openings]
    with transaction.atomic(savepoint=any(opening.tags for opening in openings)):  # a tag may be refused
        insert(tickets)
        messages = say_all(list(map(_first_words, openings, tickets)))
        record_all(
            [
                NewEvent("ticket.opened", ticket, message, opening.by, ticket.opened_at,
                      _opened(ticket, message, opening.automatic))
                for opening, ticket, message in zip(openings, tickets, messages, strict=True)
            ]
        )  # fmt: skip
        for opening, ticket in zip(openings, tickets, strict=True):
            for name in opening.tags:
                put_tag(ticket, name, by=None, at=ticket.opened_at)
    return list(map(Opened, tickets, messages))


def _ticket(opening: Opening, at: datetime) -> Ticket:
    """The row, unsaved. Raises as `open_ticket` does."""
    words, subject = as_words(opening.words), clean_line(opening.subject, 500)
    requester, by, from_customer = opening.requester, opening.by, opening.from_customer
    if not subject and words.is_empty:
        raise ValueError(_("Write a subject or a message."))
    if by is not None and by.pk != requester.pk and not access.is_member(by):
        raise NotAllowed(_("You may open tickets for yourself only."))
    ticket = Ticket(
        subject=subject or _first_line(words.text),
        requester=requester,
        organization=requester.organization,
        team=opening.team,
        assignee=opening.assignee,
        priority=Priority(opening.priority),
        type=TicketType(opening.type),
        status=Status.NEW if from_customer else Status.OPEN,
        channel=Channel(opening.channel),
        spoke_first=Speaker(opening.spoke_first),
        follows=opening.follows,
        opened_at=at,
        updated_at=at,
        unanswered_since=at if from_customer and not opening.automatic else None,
        last_customer_at=at if from_customer else None,
    )
    if opening.assignee is not None and not access.can_be_assigned(opening.assignee, ticket):
        raise NotAllowed(_("%(name)s does not work on this team's tickets.") % {"name": opening.assignee})
    return ticket


def _first_words(opening: Opening, ticket: Ticket) -> Saying:
    return Saying(
        ticket,
        as_words(opening.words),
        public=True,
        author=opening.requester if opening.from_customer else opening.by,
        by=opening.spoke_first,
        automatic=opening.automatic,
        channel=opening.channel,
        said_at=ticket.opened_at,
        hold=timedelta(0) if opening.from_customer else opening.hold,
    )


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
