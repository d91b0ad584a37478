"""The row of a message: what every action that says something shares."""

from __future__ import annotations

from datetime import datetime, timedelta

from tickets.actions.base import Words, as_words, attach
from tickets.models import Channel, Message, Speaker, Ticket, User
from tickets.text import clean_line, clean_text


def say(
    ticket: Ticket,
    words: Words | str,
    *,
    public: bool,
    author: User | None,
    by: str,
    channel: str,
    said_at: datetime,
    automatic: bool = False,
    held: bool = False,
    hold: timedelta = timedelta(0),
) -> Message:
    """Write the message with its files. `hold` keeps it from customers for a while; `held` until an agent has
    judged it. The caller holds the ticket's lock and records the event."""
    words = as_words(words)
    text = clean_text(words.text)
    message = Message.objects.create(
        ticket=ticket,
        public=public,
        author=author,
        by=Speaker(by),
        automatic=automatic,
        held=held,
        channel=Channel(channel),
        text=text,
        fresh=text if words.fresh is None else clean_text(words.fresh),
        quoted=clean_text(words.quoted),
        html=clean_text(words.html),
        said_at=said_at,
        visible_at=said_at + hold,
        internet_message_id=clean_line(words.internet_message_id, 998),
        references=clean_line(words.references, 8000),
    )
    attach(message, words.files)
    return message
