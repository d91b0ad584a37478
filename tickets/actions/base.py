"""What all actions share: the lock, the refusals, files to attach."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.bulk import insert
from tickets.events import require_transaction
from tickets.models import Attachment, Blob, Message, Ticket, User
from tickets.text import clean_line


class NotAllowed(Exception):
    """The actor may not do this, or the ticket's state forbids it. The text is for the reader."""


class Conflict(NotAllowed):
    """Somebody else was faster: what the actor saw is no longer so. The text is for the reader."""


@dataclass(frozen=True)
class NewFile:
    """A file to attach. `name` is only a label; `content_type` what the sender claimed."""

    name: str
    data: bytes
    content_type: str = "application/octet-stream"
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True)
class Words:
    """What somebody says. `text` is all of it, readable; `fresh` the new part (default: all), `quoted`
    what was
    folded away; `html` is sanitised. The last two come from a mail: its Message-ID and its References."""

    text: str = ""
    fresh: str | None = None
    quoted: str = ""
    html: str = ""
    files: tuple[NewFile, ...] = ()
    internet_message_id: str = ""
    references: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.text.strip() or self.html or self.files)


def demand_administrator(by: User | None) -> None:
    """Raises NotAllowed unless `by` is the system or an administrator."""
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators may do this."))


def as_words(words: Words | str) -> Words:
    return Words(text=words) if isinstance(words, str) else words


def lock(ticket: Ticket) -> Ticket:
    """The fresh row under its lock, until the transaction ends. Every action starts here."""
    require_transaction()
    return Ticket.with_deleted.select_for_update().get(pk=ticket.pk)


def demand_work(by: User | None, ticket: Ticket) -> None:
    """Raise NotAllowed unless `by` is the system or may work on the ticket."""
    if by is not None and not access.can_work(by, ticket):
        raise NotAllowed(_("You may not change this ticket."))


def demand_version(ticket: Ticket, seen_seq: int) -> None:
    """Take the lock and raise Conflict when something was done to the ticket after event `seen_seq`.

    For the caller's transaction, before the change itself. What clocks, surveys and follow-ups derive by
    themselves, what becomes of a recovery case, and somebody's unsent words, do not count."""
    lock(ticket)
    news = ticket.events.filter(seq__gt=seen_seq).exclude(kind__startswith="sla.")
    news = news.exclude(kind__startswith="case.")
    news = news.exclude(kind__startswith="followup.").exclude(kind__startswith="survey.")
    if news.exclude(kind__startswith="draft.").exists():
        raise Conflict(_("This ticket changed meanwhile. Read it again, then try once more."))


def instant(at: datetime | None, ticket: Ticket | None = None) -> datetime:
    """The instant of an action: `at` or now, never before the ticket's latest event."""
    at = at or timezone.now()
    if ticket is not None and ticket.last_event_at and ticket.last_event_at > at:
        return ticket.last_event_at
    return at


def attach(given: Iterable[tuple[Message, Iterable[NewFile]]]) -> list[Attachment]:
    """Store files with messages, each content once."""
    pairs = [(message, file) for message, files in given for file in files]
    keys = keep_blobs([file for _message, file in pairs])
    rows = [
        Attachment(
            message=message,
            blob_id=key,
            name=clean_line(file.name, 255) or "file",
            content_type=clean_line(file.content_type, 255),
            inline=file.inline,
            content_id=clean_line(file.content_id, 255),
        )
        for (message, file), key in zip(pairs, keys, strict=True)
    ]
    insert(rows)
    return rows


def keep_blobs(files: Sequence[NewFile]) -> list[str]:
    """Store the bytes of files unless they are there; their keys."""
    keys = [hashlib.sha256(file.data).hexdigest() for file in files]
    blobs = {
        key: Blob(sha256=key, size=len(file.data), data=file.data)
        for key, file in zip(keys, files, strict=True)
    }
    # In one order everywhere: two that store the same contents wait for each other in turn, not in a circle.
    insert([blobs[key] for key in sorted(blobs)], ignore_conflicts=True)
    return keys
