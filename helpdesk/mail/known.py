"""What the database says about mails that are to be filed, asked for all of them at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import BooleanField, Case, F, Q, Value, When
from django.db.models.expressions import RawSQL

from helpdesk.mail import floods
from helpdesk.mail.reading import Reading
from helpdesk.mail.tokens import read_message_id, read_reply_address
from helpdesk.models import Delivery, InboundEmail, SupportAddress
from helpdesk.models.inbound import NO_SENDER
from tickets.models import Message, Team, User
from tickets.models.people import normalize_address, without_plus

State = InboundEmail.State
MAX_IDS = 60
_TAG = re.compile(r"\[#(\d{1,12})\]")

Mail = tuple[InboundEmail, Reading]


def sender_of(reading: Reading) -> str | None:
    return normalize_address(reading["from"]["email"])


def parents_of(reading: Reading) -> list[str]:
    """In-Reply-To, then References from the right, each once, without the mail itself."""
    ids = [*reading["in_reply_to"], *reversed(reading["references"])]
    return [one for one in dict.fromkeys(ids) if one and one != reading["message_id"]][:MAX_IDS]


def thread_ids(reading: Reading) -> list[str]:
    """The ids by which an earlier mail of the same sender may be known: those it answers, and its own."""
    ids = [*reading["in_reply_to"], *reading["references"]][-MAX_IDS:]
    return list(dict.fromkeys(filter(None, [*ids, reading["message_id"]])))


def addressees(row: InboundEmail, reading: Reading) -> list[str]:
    """Every address the mail was sent to as it was written, what the envelope says first."""
    named = [one["email"] for one in [*reading["to"], *reading["cc"]]]
    return [one for one in [*row.envelope_to, *reading["delivered_to"], *named] if one]


def tagged_ticket(reading: Reading) -> int | None:
    """The ticket number that the subject carries."""
    found = _TAG.search(reading["subject"])
    return int(found[1]) if found else None


def traces(row: InboundEmail, reading: Reading, ours: OwnAddresses) -> set[str]:
    """By what another mail could have to do with this one: two without a common trace can be filed in any
    order. Mails are told by their ids and bytes, people by their addresses, tickets by their numbers."""
    people = [one["email"].lower() for one in (reading["from"], *reading["to"], *reading["cc"])]
    found = {row.sha256, *thread_ids(reading), *parents_of(reading)}
    found |= {address for address in people if address not in ours}
    tokens = map(read_reply_address, addressees(row, reading))
    found |= {f"ticket {token[0]}" for token in tokens if token} | {f"ticket {tagged_ticket(reading)}"}
    if reading["report"] or row.directed_to_id or row.released_at:
        found.add("out of the ordinary")
    return found - {"", "ticket None"}


class OwnAddresses:
    """Our support addresses as they stand when mail is filed, each with its team."""

    def __init__(self) -> None:
        self.rows = {row.address.lower(): row for row in SupportAddress.objects.select_related("team")}

    def __contains__(self, address: str) -> bool:
        """Whether it is one of ours, active or not, whatever stands behind its plus sign."""
        return address.lower() in self.rows or without_plus(address) in self.rows

    def among(self, addresses: Iterable[str]) -> list[SupportAddress]:
        """The rows that these addresses name, each once, in order."""
        found = (self.rows.get(one.lower()) or self.rows.get(without_plus(one)) for one in addresses)
        return list({row.pk: row for row in found if row is not None}.values())

    def team_of(self, address: str) -> Team | None:
        row = self.rows.get(address.lower()) or self.rows.get(without_plus(address))
        return row.team if row is not None and row.is_active and row.team.is_active else None


class Known:
    """Our addresses; of the mails given: the same ones that came before, their senders, the tickets and side
    conversations of the ids they name, and what else their senders wrote in the same threads or just
    before."""

    def __init__(self, mails: Sequence[Mail]) -> None:
        self.ours = OwnAddresses()
        readings = [reading for _row, reading in mails]
        self._same_bytes = _same_bytes([row for row, _reading in mails])
        self._namesakes = _namesakes(readings)
        self._people = _people(readings)
        self._senders = floods.senders([(row, sender_of(reading) or NO_SENDER) for row, reading in mails])
        self.tickets, self.side_talks = _tickets({one for reading in readings for one in parents_of(reading)})
        self._threads = _threads(
            self._people.values(), {one for each in readings for one in thread_ids(each)}
        )

    def same_bytes(self, row: InboundEmail) -> InboundEmail | None:
        """The first mail with the same bytes from the same source."""
        return self._same_bytes.get((row.sha256, row.source))

    def namesake(self, row: InboundEmail, reading: Reading) -> InboundEmail | None:
        """A mail with the same Message-ID, the first with the same body if there is one."""
        found = self._namesakes.get(reading["message_id"][:998], {})
        return found.get(reading["body_hash"]) or next(iter(found.values()), None)

    def sender(self, row: InboundEmail) -> floods.Sender:
        """Whether the sender is blocked, and how many tickets they opened just before."""
        return self._senders.get(row.pk, floods.Sender())

    def person(self, address: str | None) -> User | None:
        return self._people.get(address) if address else None

    def thread(self, person: User, reading: Reading) -> int | None:
        """The ticket of the person's latest message that names one of the mail's ids."""
        ids = [f"<{one}>" for one in thread_ids(reading)]
        for references, ticket in self._threads.get(person.pk, []):
            if any(one in references for one in ids):
                return ticket
        return None


def _earlier() -> Q:
    """Mails that others can be duplicates of."""
    return Q(duplicate_of=None) & ~Q(state__in=(State.WAITING, State.REFUSED))


def _same_bytes(rows: Sequence[InboundEmail]) -> dict[tuple[str, str], InboundEmail]:
    found = InboundEmail.objects.filter(_earlier(), sha256__in=[row.sha256 for row in rows])
    found = found.order_by("sha256", "source", "pk").distinct("sha256", "source")
    same = found.only("sha256", "source", "body_hash", "ticket_id", "envelope_to")
    return {(row.sha256, row.source): row for row in same}


def _namesakes(readings: Sequence[Reading]) -> dict[str, dict[str, InboundEmail]]:
    """For each Message-ID and body one mail, "" standing for the bodies that none of these has."""
    ids = {reading["message_id"][:998] for reading in readings} - {""}
    if not ids:
        return {}
    bodies = Case(
        When(body_hash__in={reading["body_hash"] for reading in readings}, then=F("body_hash")),
        default=Value(""),
    )
    rows = InboundEmail.objects.filter(_earlier(), internet_message_id__in=ids)
    rows = rows.exclude(internet_message_id="").annotate(body=bodies)
    found: dict[str, dict[str, InboundEmail]] = defaultdict(dict)
    for row in (
        rows.order_by("internet_message_id", "body", "pk")
        .distinct("internet_message_id", "body")
        .only("internet_message_id", "body_hash", "ticket_id", "envelope_to")
    ):
        found[row.internet_message_id][row.body] = row
    return found


def _people(readings: Sequence[Reading]) -> dict[str, User]:
    addresses = {address for reading in readings if (address := sender_of(reading))}
    people = User.objects.filter(email__in=addresses).select_related("organization")
    return {person.email or "": person for person in people}


def _tickets(ids: set[str]) -> tuple[dict[str, int], dict[str, int]]:
    """The tickets of mails that we sent, and of those that we heard, by their ids; and the side conversations
    of those that belong to one."""
    if not ids:
        return {}, {}
    sent = {delivery: one for one in ids if (delivery := read_message_id(one)) is not None}
    about = (
        Delivery.objects.filter(pk__in=sent, event__ticket__isnull=False) if sent else Delivery.objects.none()
    )
    rows: list[tuple[str, int, int | None]] = [
        (sent[pk], ticket, talk)
        for pk, ticket, talk in about.values_list("pk", "event__ticket", "message__side_talk")
    ]
    heard = Message.objects.filter(internet_message_id__in=ids).exclude(internet_message_id="")
    rows += heard.order_by("pk").values_list("internet_message_id", "ticket", "side_talk")
    tickets = {one: ticket for one, ticket, _talk in rows}
    return tickets, {one: talk for one, _ticket, talk in rows if talk is not None}


def _threads(people: Iterable[User], ids: set[str]) -> dict[int, list[tuple[str, int]]]:
    """Of each person the references and tickets of messages that name one of the ids, newest first."""
    authors = [person.pk for person in people]
    if not authors or not ids:
        return {}
    named = RawSQL('"tickets_message"."references" LIKE ANY(%s)', [list(map(_pattern, ids))], BooleanField())
    written = Message.objects.filter(named, author__in=authors, public=True, held=False).order_by("-pk")
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for author, references, ticket in written.values_list("author", "references", "ticket"):
        found[author].append((references, ticket))
    return found


def _pattern(one: str) -> str:
    escaped = one.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%<{escaped}>%"
