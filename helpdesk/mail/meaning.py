"""A mail that was read, in the terms of tickets: whose words, what they say, which team, who is in copy."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from helpdesk.company import team_for_new_tickets
from helpdesk.mail.bounded import Read
from helpdesk.mail.known import OwnAddresses, addressees
from helpdesk.mail.reading import Reading
from helpdesk.models import InboundEmail
from tickets import actions
from tickets.actions import Acquaintance, NewFile, Words
from tickets.models import Team, Ticket, User
from tickets.models.people import normalize_address

MAX_PROPOSED = 20


def words_of(read: Read) -> Words:
    """A mail as words on a ticket."""
    reading = read.reading
    parents = [*reading["references"], *reading["in_reply_to"]]
    files = tuple(
        NewFile(one["name"], content, one["type"], one["inline"], one["content_id"])
        for one, content in zip(reading["attachments"], read.contents, strict=True)
    )
    return Words(
        text=reading["text"],
        fresh=reading["visible"],
        quoted=reading["quoted"],
        html=reading["html"] or "",
        files=files,
        internet_message_id=reading["message_id"],
        references=" ".join(f"<{one}>" for one in dict.fromkeys(parents[-20:])),
    )


def said_by(read: Read) -> Words:
    """The words of a mail, which may be none: it came all the same."""
    words = words_of(read)
    if words.is_empty:
        return Words(text=_("(empty mail)"), internet_message_id=words.internet_message_id)
    return words


def sender_known(reading: Reading) -> User:
    """The person who wrote."""
    return actions.meet_all([acquaintance(reading)])[0]


def acquaintance(reading: Reading) -> Acquaintance:
    """Who is to be met; without a usable address somebody new, known by what stood there."""
    name, address = reading["from"]["name"], reading["from"]["email"]
    if not address or actions.is_address(address):
        return Acquaintance(address, name)
    return Acquaintance(None, name or address)


def recipients(row: InboundEmail, reading: Reading) -> list[str]:
    """Every address the mail was sent to, what the envelope says first."""
    return list(dict.fromkeys(one.lower() for one in addressees(row, reading)))


def team_for(addresses: Iterable[str], ours: OwnAddresses) -> Team | None:
    """The team of the first of our addresses among these, else the company's default, else the oldest."""
    named = (ours.team_of(address) for address in addresses)
    return next(filter(None, named), None) or team_for_new_tickets()


def propose_copied(reading: Reading, ticket: Ticket, sender: User, ours: OwnAddresses) -> None:
    """Who was in copy is proposed to the agents as a follower, where the team wants that."""
    if ticket.team.cc_rule != Team.CcRule.PROPOSE:
        return
    known = {sender.email, ticket.requester.email}
    for one in [*reading["cc"], *reading["to"]][:MAX_PROPOSED]:
        address = normalize_address(one["email"])
        if not address or address in known or address in ours:
            continue
        known.add(address)
        try:
            person = actions.meet(address, name=one["name"])
        except ValueError:
            continue
        actions.propose_follower(ticket, person, by=sender)
