"""Where a mail that was read belongs: which ticket, whose words, or quietly aside.

Who joins a ticket by mail is decided here alone: with a token that we gave out or a Message-ID that we know,
*and* as somebody who takes part. A token in the hands of a stranger is held for an agent; everything else
opens a ticket of its own. An answer of somebody who works here goes out to the customer, if they prove who
they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import outbox
from helpdesk.mail import floods, returned, trust
from helpdesk.mail.bounded import Read
from helpdesk.mail.known import Known, OwnAddresses, parents_of, sender_of, traces
from helpdesk.mail.matching import Match, match
from helpdesk.mail.meaning import (
    acquaintance,
    propose_copied,
    recipients,
    said_by,
    sender_known,
    team_for,
    words_of,
)
from helpdesk.mail.reading import Reading
from helpdesk.models import Delivery, InboundEmail
from helpdesk.models.inbound import NO_SENDER
from tickets import access, actions
from tickets.actions import Opening
from tickets.bulk import update
from tickets.models import Channel, Message, SideTalk, Team, Ticket, User

State = InboundEmail.State
MAX_LOCKED = 20
"""So many parents of a mail, the newest first, keep others of its thread waiting."""


OUTCOME = (
    "state", "reason", "error", "claimed_until", "processed_at", "internet_message_id", "body_hash",
    "flagged", "ticket", "message", "duplicate_of", "from_address", "subject",
)  # fmt: skip
"""What filing writes into a mail's row."""


@dataclass(frozen=True)
class Filed:
    """What became of a mail; the row itself carries state, reason, ticket and message."""

    new_ticket: bool = False


def file_all(mails: Sequence[tuple[InboundEmail, Read]]) -> list[Filed]:
    """Decide and do it for waiting mails, one after the other, in the caller's transaction, and write the
    outcome into their rows."""
    batch = Batch(mails)
    filed = [batch.file(row, read) for row, read in mails]
    batch.write()
    return filed


def one_at_a_time(mails: Sequence[tuple[InboundEmail, Read]]) -> None:
    """Mails of one identity or thread, and automatic answers to one address, wait for each other until the
    transaction ends: an answer that comes together with what it answers finds its ticket, whichever of
    them is filed first.

    Taken before any row: who holds it may point to rows of those who wait. Sorted, so that two never wait for
    each other in a circle.
    """
    identities = [
        f"mail:{one}"
        for row, read in mails
        for one in (read.reading["message_id"] or row.sha256, *parents_of(read.reading)[:MAX_LOCKED])
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(identity, 0) AS key"
            " FROM unnest(%s::text[]) AS identity ORDER BY key) AS keys",
            [identities],
        )
    if len(mails) > 1:
        outbox.hold_addresses(sender_of(read.reading) or "" for _row, read in mails)


class Pending(NamedTuple):
    """A mail that opens a ticket which is not written yet."""

    row: InboundEmail
    read: Read
    person: User | None
    team: Team
    related: Ticket | None
    seen: trust.Verdict


class Batch:
    """Mails that are filed in one transaction: what is known of them is asked once, the tickets that they
    open and their rows are written together.

    A mail that shares a trace with an earlier one is decided after that one has been written, on what is
    known by then: the outcome is that of filing them one by one.
    """

    def __init__(self, mails: Sequence[tuple[InboundEmail, Read]]) -> None:
        self.known = Known([(row, read.reading) for row, read in mails])
        self._seen: set[str] = set()
        self._decided: list[InboundEmail] = []
        self._openings: list[Pending] = []

    @property
    def ours(self) -> OwnAddresses:
        return self.known.ours

    def file(self, row: InboundEmail, read: Read) -> Filed:
        """Decide what becomes of the next mail."""
        marks = traces(row, read.reading, self.ours)
        tickets = self.known.tickets
        marks |= {f"ticket {tickets[one]}" for one in parents_of(read.reading) if one in tickets}
        known = self.known
        if marks & self._seen:
            self.write()
            self.known = Known([(row, read.reading)])
        self._seen |= marks
        row.claimed_until, row.processed_at, row.error = None, timezone.now(), ""
        filed = _decide(row, read, self)
        self._decided.append(row)
        self.known = known
        return filed

    def open(self, pending: Pending) -> None:
        """Let the mail's ticket be opened with those of the others."""
        self._openings.append(pending)

    def write(self) -> None:
        """Open the tickets that were decided on, and write down what became of the mails so far."""
        pending, self._openings = self._openings, []
        people = _senders(pending)
        opened = actions.open_tickets(list(map(_opening, pending, people)))
        for mail, one in zip(pending, opened, strict=True):
            mail.row.ticket, mail.row.message = one
        for mail, person in zip(pending, people, strict=True):
            _after_opening(mail, person, self.ours)
        decided, self._decided = self._decided, []
        update(decided, OUTCOME)


def _decide(row: InboundEmail, read: Read, batch: Batch) -> Filed:
    """Decide and do it, and note the outcome on `row` (unsaved)."""
    reading = read.reading
    row.internet_message_id = reading["message_id"][:998]
    row.body_hash = reading["body_hash"]
    row.flagged = bool(reading["flags"])
    row.from_address = (sender_of(reading) or NO_SENDER)[:320]
    row.subject = reading["subject"][:500]
    if _is_duplicate(row, reading, batch.known):
        return Filed()
    if row.directed_to is not None:
        return _directed(row, read, row.directed_to)
    if row.released_at is not None:
        return _human(row, read, match(row, reading, batch.known), batch)
    if reading["report"]:
        return _report(row, reading)
    author = sender_of(reading)
    if author and author in batch.ours:
        return _aside(row, State.QUIET, "own address")
    found = match(row, reading, batch.known)
    if unwanted := _unwanted(row, reading, found, batch.known):
        return _aside(row, *unwanted)
    if reading["automatic"]:
        return _automatic(row, read, found)
    return _human(row, read, found, batch)


def _unwanted(row: InboundEmail, reading: Reading, found: Match, known: Known) -> tuple[str, str] | None:
    """State and reason of a mail that blocks, filters or floods put aside; None for one that goes on."""
    ticket = found.ticket if found.joins or found.has_token else None
    put = floods.verdict(
        known.sender(row),
        on_ticket=floods.number_on(ticket, row) if ticket else None,
        spam=reading["spam"],
        has_token=found.has_token,
        automatic=reading["automatic"],
    )
    row.ticket = ticket if put else row.ticket
    return put


def _aside(row: InboundEmail, state: str, reason: str) -> Filed:
    row.state, row.reason = state, reason[:100]
    return Filed()


# --- the same mail again ------------------------------------------------------------------------------


def _is_duplicate(row: InboundEmail, reading: Reading, known: Known) -> bool:
    """Note and tell whether this mail came before.

    The same bytes from the same source are a redelivery; the same Message-ID and the same body from any
    source are the same mail. The same Message-ID with another body is another mail: both are kept, this one
    flagged.
    """
    same = known.same_bytes(row)
    if same is None and row.internet_message_id:
        nearest = known.namesake(row, reading)
        same = nearest if nearest is not None and nearest.body_hash == row.body_hash else None
        row.flagged = row.flagged or (same is None and nearest is not None)
    if same is None:
        return False
    row.state, row.reason = State.DUPLICATE, f"same as {same.pk}"
    row.duplicate_of_id, row.ticket_id = same.pk, same.ticket_id
    _note_second_address(row, same, reading, known.ours)
    return True


def _note_second_address(row: InboundEmail, same: InboundEmail, reading: Reading, ours: OwnAddresses) -> None:
    """The same mail came once more because it was sent to another address of ours too."""
    if same.ticket_id is None or row.envelope_to == same.envelope_to:
        return
    before = {one.pk for one in ours.among(recipients(same, reading))}
    new = [one for one in ours.among(recipients(row, reading)) if before and one.pk not in before]
    ticket = Ticket.objects.filter(pk=same.ticket_id).first() if new else None
    for other in new if ticket else ():
        assert ticket is not None
        actions.note_address(ticket, other.pk)


# --- not from a person --------------------------------------------------------------------------------


def _report(row: InboundEmail, reading: Reading) -> Filed:
    delivery = returned.take(row, reading)
    if delivery is not None and delivery.event is not None:
        row.ticket_id = delivery.event.ticket_id
    return _aside(row, State.QUIET, {"bounce": "bounce", "delayed": "delay report"}.get(
        reading["report"]["kind"], reading["report"]["kind"]))  # fmt: skip


def _automatic(row: InboundEmail, read: Read, found: Match) -> Filed:
    """Kept as a quiet event of the ticket it answers, if it answers one; nothing is sent because of it."""
    if found.side_talk is not None:
        if found.joins:
            row.message = actions.hear_outside(found.side_talk, said_by(read), automatic=True)
        row.ticket = found.ticket
    elif found.ticket is not None and found.person is not None and found.joins:
        row.message = actions.hear_automatic(found.ticket, words_of(read), author=found.person)
        row.ticket = found.ticket
    return _aside(row, State.QUIET, read.reading["why_automatic"] or "automatic")


# --- from a person ------------------------------------------------------------------------------------


def _human(row: InboundEmail, read: Read, found: Match, batch: Batch) -> Filed:
    reading = read.reading
    if found.side_talk is not None:
        return _outside(row, read, found, found.side_talk)
    seen = trust.judge(reading["authentication"], reading["from"]["email"], settings.MAIL_AUTHSERV_IDS)
    if found.ticket is not None and found.person is not None and found.joins:
        if found.person.is_member and found.person.pk != found.ticket.requester_id:
            return _colleague(row, read, found.ticket, found.person, found.proves and seen.confirms)
        if found.proves and not seen.failed:
            actions.prove_address(found.person)
        return _join(row, read, found.ticket, found.person, batch.ours, seen)
    if found.ticket is not None and found.has_token:
        person = found.person or sender_known(read.reading)
        row.message = actions.hold_message(found.ticket, words_of(read), author=person)
        row.ticket = found.ticket
        return _aside(row, State.SUSPENDED, "token of somebody else")
    return _open(row, read, found, batch, seen)


def _outside(row: InboundEmail, read: Read, found: Match, talk: SideTalk) -> Filed:
    """An answer in a side conversation: no word of a customer, whoever wrote it. Of another sender than the
    one who was asked it waits there for an agent."""
    row.ticket = talk.ticket
    if not found.joins:
        sender = found.person or sender_known(read.reading)
        row.message = actions.hear_outside(talk, said_by(read), held_from=sender)
        return _aside(row, State.SUSPENDED, "token of somebody else")
    row.message = actions.hear_outside(talk, said_by(read))
    address = read.reading["from"]["email"]
    if trust.judge(read.reading["authentication"], address, settings.MAIL_AUTHSERV_IDS).failed:
        actions.doubt_sender(row.message)
    return _aside(row, State.FILED, "answer from outside")


def _colleague(row: InboundEmail, read: Read, ticket: Ticket, person: User, proven: bool) -> Filed:
    """An answer of somebody who works here goes to the customer, in their own new words alone: what they
    quote is a mail of ours to them. A From line is no proof of a colleague; without their own token and what
    the receiving server found, or where we cannot tell their words from ours, an agent decides."""
    fresh, words = read.reading["visible"].strip(), words_of(read)
    if not proven or not access.can_work(person, ticket):
        why = "a colleague's address without proof"
    elif not (_has_new_lines(fresh) or words.files):
        why = "a colleague's answer without new words"
    elif f"{settings.PUBLIC_URL}/desk/" in fresh:
        why = "a colleague's answer that holds our own words"
    else:
        why = ""
    row.ticket = ticket
    if why:
        row.message = actions.hold_message(ticket, said_by(read), author=person)
        return _aside(row, State.SUSPENDED, why)
    own = replace(words, text=fresh, fresh=fresh, quoted="", html="")
    row.message = actions.reply(ticket, own, by=person, channel=Channel.MAIL, as_customer=False)
    return _aside(row, State.FILED, "reply of a colleague")


def _has_new_lines(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith(">") for line in text.splitlines())


def _join(
    row: InboundEmail, read: Read, ticket: Ticket, person: User, ours: OwnAddresses, seen: trust.Verdict
) -> Filed:
    row.message = message = actions.reply(
        ticket, said_by(read), by=person, channel=Channel.MAIL, as_customer=True
    )
    row.ticket = message.ticket
    _note_sender(message, read.reading, person, ours, seen)
    _aside(row, State.FILED, "follow-up" if message.ticket_id != ticket.pk else "reply")
    return Filed(new_ticket=message.ticket_id != ticket.pk)


def _note_sender(
    message: Message, reading: Reading, person: User, ours: OwnAddresses, seen: trust.Verdict
) -> None:
    """Who is in copy is proposed by a sender whom nothing speaks against; else the message is marked."""
    if seen.failed:
        actions.doubt_sender(message)
    else:
        propose_copied(reading, message.ticket, person, ours)


def _directed(row: InboundEmail, read: Read, ticket: Ticket) -> Filed:
    """An administrator chose the ticket: the sender's words there, a colleague's as a note."""
    person, words = sender_known(read.reading), said_by(read)
    if person.pk != ticket.requester_id and access.can_work(person, ticket):
        row.message = actions.add_note(ticket, words, by=person)
    else:
        row.message = actions.reply(ticket, words, by=person, channel=Channel.MAIL, as_customer=True)
    row.ticket = row.message.ticket
    return _aside(row, State.FILED, "filed by hand")


def _open(row: InboundEmail, read: Read, found: Match, batch: Batch, seen: trust.Verdict) -> Filed:
    team = team_for(recipients(row, read.reading), batch.ours)
    if team is None:
        return _aside(row, State.QUARANTINED, "no team is set up")
    batch.open(Pending(row, read, found.person, team, found.ticket, seen))
    _aside(row, State.FILED, "possibly related" if found.ticket else "new ticket")
    return Filed(new_ticket=True)


def _opening(mail: Pending, person: User) -> Opening:
    reading = mail.read.reading
    return Opening(
        requester=person,
        subject=reading["subject"] or (_("(no subject)") if not reading["text"].strip() else ""),
        team=mail.team,
        by=person,
        channel=Channel.MAIL,
        words=words_of(mail.read),
    )


def _after_opening(mail: Pending, person: User, ours: OwnAddresses) -> None:
    ticket, message, reading = mail.row.ticket, mail.row.message, mail.read.reading
    assert ticket is not None
    assert message is not None
    if not reading["answerable"] or mail.seen.failed:
        _send_no_acknowledgement(ticket)
    _note_sender(message, reading, person, ours, mail.seen)
    for other in ours.among(recipients(mail.row, reading))[1:]:
        actions.note_address(ticket, other.pk)
    if mail.related is not None:
        actions.relate(ticket, mail.related)


def _send_no_acknowledgement(ticket: Ticket) -> None:
    """The sender's mail asks for no automatic answer (or nobody reads one): what was to leave stays."""
    opened = list(ticket.events.filter(kind="ticket.opened").values_list("pk", flat=True))
    leaving = Delivery.objects.filter(event__in=opened, template=outbox.ACKNOWLEDGEMENT)
    outbox.suppress(leaving, Delivery.Reason.UNWANTED, ticket.opened_at)


def _senders(mails: Sequence[Pending]) -> list[User]:
    """Who wrote them. Whom we know by name is not met again: it would change nothing."""
    met = [mail for mail in mails if mail.person is None or not mail.person.name]
    people = iter(actions.meet_all([acquaintance(mail.read.reading) for mail in met]))
    return [mail.person if mail.person and mail.person.name else next(people) for mail in mails]
