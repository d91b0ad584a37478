"""Where a mail that was read belongs: which ticket, whose words, or quietly aside.

Who joins a ticket by mail is decided here alone: with a token that we gave out or a Message-ID that we know,
*and* as somebody who takes part. A token in the hands of a stranger is held for an agent; everything else
opens a ticket of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from helpdesk import outbox
from helpdesk.company import team_for_new_tickets
from helpdesk.mail import returned
from helpdesk.mail.bounded import Read
from helpdesk.mail.matching import Match, match
from helpdesk.mail.reading import Reading
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from tickets import access, actions
from tickets.actions import NewFile, Words
from tickets.models import Channel, Message, Team, Ticket, User
from tickets.models.people import normalize_address

State = InboundEmail.State
MAX_PROPOSED = 20


@dataclass(frozen=True)
class Filed:
    """What became of a mail; the row itself carries state, reason, ticket and message."""

    new_ticket: bool = False


def file(row: InboundEmail, read: Read) -> Filed:
    """Decide and do it, in the caller's transaction, and note the outcome on `row` (unsaved)."""
    reading = read.reading
    row.internet_message_id = reading["message_id"][:998]
    row.body_hash = reading["body_hash"]
    row.flagged = bool(reading["flags"])
    row.from_address = (normalize_address(reading["from"]["email"]) or "")[:320]
    row.subject = reading["subject"][:500]
    if _is_duplicate(row):
        return Filed()
    if row.directed_to is not None:
        return _directed(row, read, row.directed_to)
    if row.released_at is not None:
        return _human(row, read, match(row, reading), OwnAddresses())
    if reading["report"]:
        return _report(row, reading)
    ours = OwnAddresses()
    author = normalize_address(reading["from"]["email"])
    if author and author in ours:
        return _aside(row, State.QUIET, "own address")
    found = match(row, reading)
    if reading["automatic"]:
        return _automatic(row, read, found)
    return _human(row, read, found, ours)


class OwnAddresses:
    """Our support addresses as they stand when a mail is filed, each with its team: one query a mail."""

    def __init__(self) -> None:
        self.rows = {row.address.lower(): row for row in SupportAddress.objects.select_related("team")}

    def __contains__(self, address: str) -> bool:
        """Whether it is one of ours, active or not, whatever stands behind its plus sign."""
        return address.lower() in self.rows or without_plus(address) in self.rows

    def team_of(self, address: str) -> Team | None:
        row = self.rows.get(address.lower()) or self.rows.get(without_plus(address))
        return row.team if row is not None and row.is_active and row.team.is_active else None


def without_plus(address: str) -> str:
    """An address without its subaddress (RFC 5233)."""
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _aside(row: InboundEmail, state: str, reason: str) -> Filed:
    row.state, row.reason = state, reason[:100]
    return Filed()


# --- the same mail again ------------------------------------------------------------------------------


def _is_duplicate(row: InboundEmail) -> bool:
    """Note and tell whether this mail came before.

    The same bytes from the same source are a redelivery; the same Message-ID and the same body from any
    source are the same mail. The same Message-ID with another body is another mail: both are kept, this one
    flagged.
    """
    earlier = InboundEmail.objects.filter(duplicate_of=None).exclude(
        Q(pk=row.pk) | Q(state__in=(State.WAITING, State.REFUSED))
    )
    earlier = earlier.only("ticket_id", "body_hash").order_by("pk")
    same = earlier.filter(sha256=row.sha256, source=row.source).first()
    if same is None and row.internet_message_id:
        namesakes = earlier.filter(internet_message_id=row.internet_message_id)
        nearest = namesakes.order_by(Case(When(body_hash=row.body_hash, then=0), default=1), "pk").first()
        same = nearest if nearest is not None and nearest.body_hash == row.body_hash else None
        row.flagged = row.flagged or (same is None and nearest is not None)
    if same is None:
        return False
    row.state, row.reason = State.DUPLICATE, f"same as {same.pk}"
    row.duplicate_of_id, row.ticket_id = same.pk, same.ticket_id
    return True


def one_at_a_time(identity: str) -> None:
    """Mails of one identity are filed one after the other, until the transaction ends.

    Taken before any row: who holds it may point to rows of those who wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mail:{identity}"])


# --- not from a person --------------------------------------------------------------------------------


def _report(row: InboundEmail, reading: Reading) -> Filed:
    delivery = returned.take(row, reading)
    if delivery is not None and delivery.event is not None:
        row.ticket_id = delivery.event.ticket_id
    return _aside(row, State.QUIET, {"bounce": "bounce", "delayed": "delay report"}.get(
        reading["report"]["kind"], reading["report"]["kind"]))  # fmt: skip


def _automatic(row: InboundEmail, read: Read, found: Match) -> Filed:
    """Kept as a quiet event of the ticket it answers, if it answers one; nothing is sent because of it."""
    if found.ticket is not None and found.person is not None and found.joins:
        row.message = actions.hear_automatic(found.ticket, words_of(read), author=found.person)
        row.ticket = found.ticket
    return _aside(row, State.QUIET, read.reading["why_automatic"] or "automatic")


# --- from a person ------------------------------------------------------------------------------------


def _human(row: InboundEmail, read: Read, found: Match, ours: OwnAddresses) -> Filed:
    if found.ticket is not None and found.person is not None and found.joins:
        if found.proves:
            actions.prove_address(found.person)
        return _join(row, read, found, ours)
    if found.ticket is not None and found.has_token:
        person = found.person or _sender(read.reading)
        row.message = actions.hold_message(found.ticket, words_of(read), author=person)
        row.ticket = found.ticket
        return _aside(row, State.SUSPENDED, "token of somebody else")
    return _open(row, read, found, ours)


def _join(row: InboundEmail, read: Read, found: Match, ours: OwnAddresses) -> Filed:
    ticket, person = found.ticket, found.person
    assert ticket is not None
    assert person is not None
    words = _said(read)
    if person.is_member and person.pk != ticket.requester_id:
        # A From line is no proof of a colleague: their own token makes it a note, which reaches nobody
        # outside.
        if not found.proves:
            row.message, row.ticket = actions.hold_message(ticket, words, author=person), ticket
            return _aside(row, State.SUSPENDED, "a colleague's address without proof")
        row.message = actions.add_note(ticket, words, by=person)
        row.ticket = ticket
        return _aside(row, State.FILED, "note of a colleague")
    row.message = message = actions.reply(ticket, words, by=person, channel=Channel.MAIL, as_customer=True)
    row.ticket = message.ticket
    _propose_copied(read.reading, message.ticket, person, ours)
    _aside(row, State.FILED, "follow-up" if message.ticket_id != ticket.pk else "reply")
    return Filed(new_ticket=message.ticket_id != ticket.pk)


def _directed(row: InboundEmail, read: Read, ticket: Ticket) -> Filed:
    """An administrator chose the ticket: the sender's words there, a colleague's as a note."""
    person, words = _sender(read.reading), _said(read)
    if person.pk != ticket.requester_id and access.can_work(person, ticket):
        row.message = actions.add_note(ticket, words, by=person)
    else:
        row.message = actions.reply(ticket, words, by=person, channel=Channel.MAIL, as_customer=True)
    row.ticket = row.message.ticket
    return _aside(row, State.FILED, "filed by hand")


def _said(read: Read) -> Words:
    """The words of a mail, which may be none: it came all the same."""
    words = words_of(read)
    if words.is_empty:
        return Words(text=_("(empty mail)"), internet_message_id=words.internet_message_id)
    return words


def _open(row: InboundEmail, read: Read, found: Match, ours: OwnAddresses) -> Filed:
    reading = read.reading
    team = team_for(recipients(row, reading), ours)
    if team is None:
        return _aside(row, State.QUARANTINED, "no team is set up")
    person = _known_by_name(found.person) or _sender(reading)
    ticket = actions.open_ticket(
        requester=person,
        subject=reading["subject"] or (_("(no subject)") if not reading["text"].strip() else ""),
        team=team,
        by=person,
        channel=Channel.MAIL,
        words=words_of(read),
    )
    row.ticket, row.message = ticket, Message.objects.filter(ticket=ticket).order_by("pk").first()
    if not reading["answerable"]:
        _send_no_acknowledgement(ticket)
    _propose_copied(reading, ticket, person, ours)
    _aside(row, State.FILED, f"possibly related to {found.ticket.pk}" if found.ticket else "new ticket")
    return Filed(new_ticket=True)


def _send_no_acknowledgement(ticket: Ticket) -> None:
    """The sender's mail asks for no automatic answer (or nobody reads one): what was to leave stays."""
    opened = list(ticket.events.filter(kind="ticket.opened").values_list("pk", flat=True))
    leaving = Delivery.objects.filter(event__in=opened, template=outbox.ACKNOWLEDGEMENT)
    outbox.suppress(leaving, Delivery.Reason.UNWANTED, ticket.opened_at)


def _known_by_name(person: User | None) -> User | None:
    """Somebody we know whose name is not missing: meeting them again would change nothing."""
    return person if person is not None and person.name else None


def _sender(reading: Reading) -> User:
    """The person who wrote; without a usable address somebody new, known by what stood there."""
    name, address = reading["from"]["name"], reading["from"]["email"]
    try:
        return actions.meet(address, name=name)
    except ValueError:
        return actions.meet(None, name=name or address)


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


def recipients(row: InboundEmail, reading: Reading) -> list[str]:
    """Every address the mail was sent to, what the envelope says first."""
    named = [one["email"] for one in [*reading["to"], *reading["cc"]]]
    return list(
        dict.fromkeys(one.lower() for one in [*row.envelope_to, *reading["delivered_to"], *named] if one)
    )


def team_for(addresses: Iterable[str], ours: OwnAddresses) -> Team | None:
    """The team of the first of our addresses among these, else the company's default, else the oldest."""
    named = (ours.team_of(address) for address in addresses)
    return next(filter(None, named), None) or team_for_new_tickets()


def _propose_copied(reading: Reading, ticket: Ticket, sender: User, ours: OwnAddresses) -> None:
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
