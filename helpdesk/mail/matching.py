"""Which ticket a mail speaks of, by what it carries; and whether its sender may join it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q

from helpdesk.mail.reading import Reading
from helpdesk.mail.tokens import read_message_id, read_reply_address
from helpdesk.models import Delivery, InboundEmail
from tickets import access
from tickets.models import Message, Ticket, User
from tickets.models.people import normalize_address

_TAG = re.compile(r"\[#(\d{1,12})\]")
MAX_IDS = 60


@dataclass(frozen=True)
class Match:
    """`joins`: the sender takes part in the ticket. `has_token`: the mail carries a reply address that we
    gave out. `proves`: we gave it to this very sender, by mail to this very address.
    """

    ticket: Ticket | None = None
    person: User | None = None
    joins: bool = False
    has_token: bool = False
    proves: bool = False


def match(row: InboundEmail, reading: Reading) -> Match:
    """The safest evidence first: a reply token, then known Message-IDs from the newest back, then the
    subject's number.

    The number in a subject is no secret: it counts for those who take part, and for nobody else not even as a
    hint of the ticket's existence.
    """
    address = normalize_address(reading["from"]["email"])
    person = User.objects.filter(email=address).first() if address else None
    by_token, holder = _by_token(row, reading)
    by_id = None if by_token else _by_message_ids(reading) or _by_own_thread(person, reading)
    ticket = by_token or by_id
    if ticket is not None:
        joins = person is not None and takes_part(person, ticket)
        proves = joins and by_token is not None and person is not None and person.pk == holder
        return Match(ticket, person, joins, has_token=by_token is not None, proves=proves)
    tagged = _by_subject(reading)
    if tagged is not None and person is not None and takes_part(person, tagged):
        return Match(tagged, person, joins=True)
    return Match(tagged, person)


def _by_token(row: InboundEmail, reading: Reading) -> tuple[Ticket | None, int]:
    """The ticket of a reply address of ours, and the id of the person to whom we gave it."""
    named = [one["email"] for one in [*reading["to"], *reading["cc"]]]
    for address in [*row.envelope_to, *reading["delivered_to"], *named]:
        found = read_reply_address(address)
        if found:
            ticket = Ticket.objects.filter(pk=found[0]).first()
            if ticket is not None:
                return ticket, found[1]
    return None, 0


def _by_message_ids(reading: Reading) -> Ticket | None:
    """In-Reply-To, then References from the right: the newest parent that we know."""
    ids = [*reading["in_reply_to"], *reversed(reading["references"])]
    ids = [one for one in dict.fromkeys(ids) if one and one != reading["message_id"]][:MAX_IDS]
    tickets: dict[str, int] = {}
    deliveries = {read_message_id(one): one for one in ids}
    deliveries.pop(None, None)
    for pk, ticket in Delivery.objects.filter(
        pk__in=list(deliveries), event__ticket__isnull=False
    ).values_list("pk", "event__ticket"):
        tickets[deliveries[pk]] = ticket
    heard = Message.objects.filter(internet_message_id__in=ids).exclude(internet_message_id="").order_by("pk")
    tickets |= dict(heard.values_list("internet_message_id", "ticket"))
    for one in ids:
        if one in tickets:
            return Ticket.objects.filter(pk=tickets[one]).first()
    return None


def _by_own_thread(person: User | None, reading: Reading) -> Ticket | None:
    """The ticket of an earlier mail of the same sender that answers this one (it came late) or the same mail,
    which never came to us."""
    ids = [*reading["in_reply_to"], *reading["references"]][-MAX_IDS:]
    if person is None or not (ids or reading["message_id"]):
        return None
    same = Q()
    for one in dict.fromkeys(filter(None, [*ids, reading["message_id"]])):
        same |= Q(references__contains=f"<{one}>")
    earlier = Message.objects.filter(same, author=person, public=True, held=False).order_by("-pk")
    found = earlier.select_related("ticket").first()
    return found.ticket if found else None


def _by_subject(reading: Reading) -> Ticket | None:
    found = _TAG.search(reading["subject"])
    return Ticket.objects.filter(pk=int(found[1])).first() if found else None


def takes_part(person: User, ticket: Ticket) -> bool:
    """Whether somebody may write on a ticket by mail: its requester, accepted followers, who spoke on it, its
    agents.
    """
    if not person.is_active:
        return False
    if access.can_work(person, ticket) or access.can_speak_as_customer(person, ticket):
        return True
    spoke = Q(messages__author=person, messages__public=True, messages__held=False, messages__automatic=False)
    follows = Q(followers__person=person, followers__state="accepted")
    return Ticket.objects.filter(pk=ticket.pk).filter(spoke | follows).exists()
