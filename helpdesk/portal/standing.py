"""How a ticket stands, in the four words that customers read, whatever the desk calls it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.models import Message, Speaker, Status, Ticket, User

ON_IT, YOURS, SOLVED, CLOSED = "on_it", "yours", "solved", "closed"
_STANDINGS = {
    Status.NEW: ON_IT,
    Status.OPEN: ON_IT,
    Status.ON_HOLD: ON_IT,
    Status.WAITING: YOURS,
    Status.RESOLVED: SOLVED,
    Status.CLOSED: CLOSED,
}
_WORDS: dict[str, tuple[Promise, str]] = {
    ON_IT: (_("We are on it"), "clock"),
    YOURS: (_("Waiting for you"), "reply"),
    SOLVED: (_("Solved"), "check"),
    CLOSED: (_("Closed"), "status-closed"),
}


@dataclass(frozen=True)
class Standing:
    """A ticket as its customer sees it: its standing in a word and a glyph, the last thing said, and until
    when we aim to answer (None when that is not promised)."""

    ticket: Ticket
    key: str
    word: Promise
    glyph: str
    last: Message | None
    due_at: datetime | None = None

    @property
    def last_of_ours(self) -> Message | None:
        return self.last if self.last is not None and self.last.by != Speaker.CUSTOMER else None

    @property
    def ended_at(self) -> datetime | None:
        return self.ticket.closed_at if self.key == CLOSED else self.ticket.resolved_at


def standing_of(
    ticket: Ticket, last: Message | None, due_at: datetime | None = None, *, held: bool = False
) -> Standing:
    """`held`: an answer of ours is on its way but not to be seen yet, nor the status that came with it."""
    key = ON_IT if held else _STANDINGS[Status(ticket.status)]
    word, glyph = _WORDS[key]
    return Standing(ticket=ticket, key=key, word=word, glyph=glyph, last=last, due_at=due_at)


def is_own(message: Message, reader: User) -> bool:
    """Whether the reader said this (and not somebody of their organisation, or us)."""
    return message.by == Speaker.CUSTOMER and message.author_id == reader.pk
