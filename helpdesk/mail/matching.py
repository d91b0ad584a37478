"""Which ticket a mail speaks of, by what it carries; and whether its sender may join it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Q

from helpdesk.mail.known import Known, addressees, parents_of, sender_of, tagged_ticket
from helpdesk.mail.reading import Reading
from helpdesk.mail.tokens import (
    is_of_another_installation,
    read_reply_address,
    read_side_talk_address,
)
from helpdesk.models import InboundEmail
from tickets import access, queries
from tickets.models import SideTalk, Ticket, User
from tickets.queries import where_it_goes


@dataclass(frozen=True)
class Match:
    """`joins`: the sender takes part in the ticket. `has_token`: the mail carries a reply address that we
    gave out. `proves`: we gave it to this very sender, by mail to this very address. `side_talk` is the side
    conversation into which the mail came; `joins` then says that it is from the address that we wrote to.
    """

    ticket: Ticket | None = None
    person: User | None = None
    joins: bool = False
    has_token: bool = False
    proves: bool = False
    side_talk: SideTalk | None = None


def match(row: InboundEmail, reading: Reading, known: Known) -> Match:
    """Mail to a ticket that was merged goes to the one that stands for it, for those who took part in the
    first. A side conversation stays where it was begun. Nobody joins a deleted ticket any more: the mail
    opens one of its own."""
    found = _outside(row, reading, known) or _found(row, reading, known)
    if found.side_talk is None and found.ticket is not None and found.ticket.merged_into_id is not None:
        found = replace(found, ticket=where_it_goes(found.ticket))
    if found.ticket is not None and found.ticket.deleted_at is not None:
        return Match(found.ticket, found.person)
    return found


def _found(row: InboundEmail, reading: Reading, known: Known) -> Match:
    """The safest evidence first: a reply token, then known Message-IDs from the newest back, then the
    subject's number.

    The number in a subject is no secret: it counts for those who take part, and for nobody else not even as a
    hint of the ticket's existence. In an answer to another installation's mail it is that one's number.
    """
    person = known.person(sender_of(reading))
    by_token, holder = _by_token(row, reading)
    by_id = None if by_token else _by_message_ids(reading, known) or _by_own_thread(person, reading, known)
    ticket = by_token or by_id
    if ticket is not None:
        joins = person is not None and takes_part(person, ticket)
        proves = joins and by_token is not None and person is not None and person.pk == holder
        return Match(ticket, person, joins, has_token=by_token is not None, proves=proves)
    if any(map(is_of_another_installation, parents_of(reading))):
        return Match(None, person)
    tagged = _ticket(tagged_ticket(reading))
    if tagged is not None and person is not None and takes_part(person, tagged):
        return Match(tagged, person, joins=True)
    return Match(tagged, person)


def _outside(row: InboundEmail, reading: Reading, known: Known) -> Match | None:
    """The side conversation of a mail, by the address that we gave out for it, else by the newest Message-ID
    that we know. Whoever was not asked and names no more than an id learns and says nothing there: their mail
    is one of its own, possibly related."""
    tokens = (read_side_talk_address(address) for address in addressees(row, reading))
    pk = next(filter(None, tokens), None)
    newest = next((one for one in parents_of(reading) if one in known.tickets), "")
    talk = _side_talk(pk if pk is not None else known.side_talks.get(newest))
    if talk is None:
        return None
    sender = sender_of(reading)
    is_theirs = sender == talk.address
    if pk is None and not is_theirs:
        return Match(talk.ticket, known.person(sender))
    return Match(talk.ticket, known.person(sender), is_theirs, has_token=pk is not None, side_talk=talk)


def _side_talk(pk: int | None) -> SideTalk | None:
    return None if pk is None else SideTalk.objects.select_related("ticket").filter(pk=pk).first()


def _ticket(pk: int | None) -> Ticket | None:
    return None if pk is None else Ticket.with_deleted.filter(pk=pk).first()


def _by_token(row: InboundEmail, reading: Reading) -> tuple[Ticket | None, int]:
    """The ticket of a reply address of ours, and the id of the person to whom we gave it."""
    for address in addressees(row, reading):
        found = read_reply_address(address)
        if found and (ticket := _ticket(found[0])) is not None:
            return ticket, found[1]
    return None, 0


def _by_message_ids(reading: Reading, known: Known) -> Ticket | None:
    """In-Reply-To, then References from the right: the newest parent that we know."""
    return _ticket(next((known.tickets[one] for one in parents_of(reading) if one in known.tickets), None))


def _by_own_thread(person: User | None, reading: Reading, known: Known) -> Ticket | None:
    """The ticket of an earlier mail of the same sender that answers this one (it came late) or the same mail,
    which never came to us."""
    return None if person is None else _ticket(known.thread(person, reading))


def takes_part(person: User, ticket: Ticket) -> bool:
    """Whether somebody may write on a ticket by mail: its requester, accepted followers, who spoke on it, its
    agents. Who was its requester and is no longer takes part only as a follower.
    """
    if not person.is_active:
        return False
    if access.can_work(person, ticket) or access.can_speak_as_customer(person, ticket):
        return True
    spoke = Q(messages__author=person, messages__public=True, messages__held=False, messages__automatic=False)
    follows = Q(followers__person=person, followers__state="accepted")
    if queries.was_requester(person, ticket):
        spoke = Q(pk__in=())
    return Ticket.objects.filter(pk=ticket.pk).filter(spoke | follows).exists()
