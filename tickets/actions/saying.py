"""The rows of messages: what every action that says something shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import Any

from tickets.actions.base import Words, as_words, attach
from tickets.bulk import insert
from tickets.models import Channel, Message, SideTalk, Speaker, Ticket, User
from tickets.text import clean_line, clean_text


@dataclass(frozen=True)
class Saying:
    """A message that is still to be written. `hold` keeps it from its readers for a while; `held` until an
    agent has judged it. One of a `side_talk` is not public."""

    ticket: Ticket
    words: Words
    _: KW_ONLY
    public: bool
    author: User | None
    by: str
    channel: str
    said_at: datetime
    automatic: bool = False
    held: bool = False
    hold: timedelta = timedelta(0)
    side_talk: SideTalk | None = None


def say(ticket: Ticket, words: Words | str, **how: Any) -> Message:
    """Write a message with its files; `how` as in `Saying`. The caller holds the ticket's lock and records
    the event."""
    return say_all([Saying(ticket, as_words(words), **how)])[0]


def say_all(sayings: Sequence[Saying]) -> list[Message]:
    """Write many in a few statements."""
    messages = [_message(saying) for saying in sayings]
    insert(messages)
    attach((message, saying.words.files) for message, saying in zip(messages, sayings, strict=True))
    return messages


def _message(saying: Saying) -> Message:
    words, text = saying.words, clean_text(saying.words.text)
    return Message(
        ticket=saying.ticket,
        public=saying.public,
        author=saying.author,
        by=Speaker(saying.by),
        automatic=saying.automatic,
        held=saying.held,
        channel=Channel(saying.channel),
        text=text,
        fresh=text if words.fresh is None else clean_text(words.fresh),
        quoted=clean_text(words.quoted),
        html=clean_text(words.html),
        said_at=saying.said_at,
        visible_at=saying.said_at + saying.hold,
        internet_message_id=clean_line(words.internet_message_id, 998),
        references=clean_line(words.references, 8000),
        side_talk=saying.side_talk,
    )
