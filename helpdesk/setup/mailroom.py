"""What the Mailroom shows: every mail in and out, and what happened to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from helpdesk.actions.mail import ASIDE
from helpdesk.models import Delivery, InboundEmail, SentMail
from tickets.models import Event

Row = TypeVar("Row", InboundEmail, Delivery)

PAGE_SIZE = 50
MAX_NUMBER = 2**62
HEADER_BYTES = 32 * 1024
SOURCES = {
    "smtp": "SMTP",
    "lmtp": "LMTP",
    "imap": "IMAP",
    "webhook": gettext_lazy("Webhook"),
    "pipe": gettext_lazy("Pipe"),
}
"""The kinds of source, by what `InboundEmail.source` begins with."""

REASONS = {
    "new ticket": gettext_noop("Opened a ticket"),
    "reply": gettext_noop("Joined its ticket"),
    "reply of a colleague": gettext_noop("A colleague's answer, sent to the customer"),
    "possibly related": gettext_noop("Opened a ticket that may belong to another one"),
    "follow-up": gettext_noop("Opened a ticket that follows an older one"),
    "accepted": gettext_noop("Was held back and then accepted"),
    "filed by hand": gettext_noop("Filed on this ticket by hand"),
    "token of somebody else": gettext_noop("Its reply address was given to somebody else"),
    "a colleague's address without proof": gettext_noop("A colleague's address, without proof"),
    "a colleague's answer without new words": gettext_noop("A colleague's answer without new words"),
    "a colleague's answer that holds our own words": gettext_noop(
        "A colleague's answer that quotes our mail to them"
    ),
    "blocked sender": gettext_noop("The sender is blocked"),
    "flood of a sender": gettext_noop("One sender wrote too many mails at once"),
    "flood on a ticket": gettext_noop("One ticket got too many mails at once"),
    "feedback": gettext_noop("A reader called a mail of ours spam"),
    "receipt": gettext_noop("A mail of ours was read"),
    "own address": gettext_noop("From an address of ours"),
    "bounce": gettext_noop("A mail of ours came back"),
    "delay report": gettext_noop("A mail of ours is late"),
    "unreadable": gettext_noop("Could not be read"),
    "no team is set up": gettext_noop("No team is set up"),
    "deleted": gettext_noop("Deleted by hand"),
}


def reason_words(reason: str) -> str:
    """Why a mail ended as it did, in the reader's language; evidence from headers stands as it is."""
    known = REASONS.get(reason)
    return _(known) if known else reason


def incoming(state: str, source: str, words: str, before: int | None) -> tuple[list[InboundEmail], bool]:
    """A page of mail that came in, newest first, and whether older ones follow. "" filters by nothing."""
    rows = InboundEmail.objects.defer("raw").order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    if source:
        rows = rows.filter(Q(source=source) | Q(source__startswith=f"{source}:"))
    for word in words.replace("\x00", "").split()[:5]:
        rows = rows.filter(_says(word))
    return _page_of(rows, before)


def _says(word: str) -> Q:
    found = Q(from_address__icontains=word) | Q(subject__icontains=word)
    if "@" in word:
        found |= Q(envelope_from__iexact=word.strip("<>"))
    return found | _named_by(word, "ticket")


def _named_by(word: str, ticket: str) -> Q:
    """The mail, or the mail of the ticket, whose number the word is; or the one with this Message-ID."""
    bare = word.strip("<>#")
    found = Q(internet_message_id=bare) if "@" in bare else Q(pk__in=[])
    if bare.isascii() and bare.isdigit() and len(bare) < 18:
        found |= Q(pk=int(bare)) | Q(**{ticket: int(bare)})
    return found


def outgoing(state: str, words: str, before: int | None) -> tuple[list[Delivery], bool]:
    """A page of mail that left or should leave, newest first, and whether older ones follow."""
    rows = (
        Delivery.objects.select_related("event", "message").defer("secret", "message__html").order_by("-pk")
    )
    if state:
        rows = rows.filter(state=state)
    for word in words.replace("\x00", "").split()[:5]:
        found = Q(address__icontains=word) | Q(template__icontains=word)
        rows = rows.filter(found | _named_by(word, "event__ticket"))
    return _page_of(rows, before)


def _page_of(rows: QuerySet[Row], before: int | None) -> tuple[list[Row], bool]:
    if before is not None:
        rows = rows.filter(pk__lt=min(before, MAX_NUMBER))
    found = list(rows[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


NEWEST = 10_000
"""So many of the newest mails tell when each source was last heard of."""


def heard_of() -> list[tuple[str, datetime]]:
    """The sources of the newest mails, each with its last one, the newest first. One query."""
    newest = InboundEmail.objects.order_by("-received_at").values("source", "received_at")[:NEWEST]
    last: dict[str, datetime] = {}
    for row in newest.iterator():
        last.setdefault(row["source"], row["received_at"])
    return list(last.items())


# --- one mail -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One thing that happened to a mail; `path` leads to what it speaks of, where there is something."""

    at: datetime | None
    text: str


def acts_on(row: InboundEmail) -> set[str]:
    """Which acts may do something about this mail."""
    state = InboundEmail.State
    if row.state in (state.DELETED, state.DUPLICATE):
        return set() if row.state == state.DELETED else {"delete"}
    if row.state not in ASIDE:
        return {"file"} if row.state == state.FILED and row.message_id else set()
    if row.message_id is None:
        return {"again", "release", "file", "delete"}
    return {"file", "delete"} | ({"release"} if row.state == state.SUSPENDED else set())


ACTS = {
    "mail.read_again": gettext_noop("%(name)s put it back in line"),
    "mail.released": gettext_noop("%(name)s released it"),
    "mail.refiled": gettext_noop("%(name)s filed it on ticket #%(ticket)s"),
    "mail.deleted": gettext_noop("%(name)s deleted it"),
}


def story(row: InboundEmail) -> list[Step]:
    """What happened to a mail that came in, step by step, oldest first. Two queries."""
    acts = [
        Step(event.at, _(ACTS[event.kind]) % _words_of(event))
        for event in Event.objects.filter(
            subject_kind=row._meta.label_lower, subject_id=row.pk, kind__in=ACTS
        ).select_related("actor")
    ]
    if row.released_at is not None and not acts:
        acts.append(Step(row.released_at, _("Taken out of the flood with which it had come")))
    came = _("Came in by %(source)s and was stored whole") % {"source": row.source}
    steps = [Step(row.received_at, came), *acts]
    if row.processed_at is not None and row.state != row.State.DELETED:
        ended = (
            f"{row.get_state_display()}: {reason_words(row.reason)}"
            if row.reason
            else row.get_state_display()
        )
        steps.append(Step(row.processed_at, ended))
    steps.sort(key=lambda step: step.at or row.received_at)
    if row.error:
        steps.append(Step(None, _("Last error: %(error)s") % {"error": row.error[:500]}))
    if row.state == row.State.WAITING:
        steps.append(Step(None, _("Waits to be read; tries so far: %(number)s") % {"number": row.attempts}))
    return steps


def _words_of(event: Event) -> dict[str, str]:
    name = event.actor.first_name if event.actor else _("The system")
    return {"name": name, "ticket": str(event.data.get("ticket", ""))}


def doubles(row: InboundEmail) -> list[InboundEmail]:
    """The same mail when it came again."""
    return list(row.duplicates.defer("raw").order_by("pk")[:PAGE_SIZE])


def headers_of(row: InboundEmail) -> str:
    """The header fields as they came, for reading; nothing of them is interpreted."""
    raw = bytes(row.raw[:HEADER_BYTES]).replace(b"\r\n", b"\n")
    return raw.partition(b"\n\n")[0].decode("utf-8", "replace").replace("\x00", "\ufffd")


def copies_of(row: Delivery) -> list[SentMail]:
    """A mail of ours as it was written, where this installation keeps it. Never one that carries a code."""
    if row.template.startswith("account."):
        return []
    return list(row.copies.order_by("pk"))
