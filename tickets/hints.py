"""Telling open desks that something happened: the only place that speaks to the live channel.

A hint says on which ticket and of what kind, never what was said: whoever hears it asks for the page again.
Hints go out after commit and never raise. One that is lost is made good by the page's own question, so
nothing waits on Valkey; after a failure it is left alone for 30 seconds.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cache, partial
from typing import TypeVar

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE = 0.5  # seconds
SILENCE_SECONDS = 30.0
_silent_until = 0.0

MOST = 200
"""More tickets than this in one go are not named: every desk asks for its own page."""


@dataclass(frozen=True)
class Hint:
    """Something of `kind` (an event's, or `PRESENCE`) happened on a ticket, which is now at event `seq`.

    `team` and `assignee` say who may hear of it (`tickets.access.Reach`)."""

    ticket: int
    seq: int
    kind: str
    team: int
    assignee: int | None


PRESENCE = "ticket.presence"
"""Somebody came to read or to answer a ticket, or left it. No event: it is forgotten within a minute."""


TOLD = "person.told"
"""The person of the hint (`assignee`) was told something in the app: nobody else hears of it."""


def announce(hints: Sequence[Hint]) -> None:
    """Tell every open desk once the current transaction has committed. Never raises."""
    if hints:
        transaction.on_commit(partial(_publish, hints), robust=True)


def _publish(hints: Sequence[Hint]) -> None:
    ask(lambda client: client.publish(*message(hints)), None)


def message(hints: Sequence[Hint]) -> tuple[str, str]:
    """The channel and what is published on it; for whoever speaks to Valkey anyhow, outside a transaction."""
    told = [astuple(hint) for hint in hints] if len(hints) <= MOST else None
    return scoped("hints"), json.dumps(told)


def parse(text: bytes | str) -> list[Hint] | None:
    """The hints of one message of the channel; None: more than can be named."""
    told = json.loads(text)
    return None if told is None else [Hint(*each) for each in told]


def scoped(name: str) -> str:
    """A name in Valkey that belongs to this installation alone, as its database does."""
    return f"helpdesk:{settings.DATABASES['default']['NAME']}:{name}"


def ask(question: Callable[[redis.Redis], T], otherwise: T) -> T:
    """What Valkey answers to `question`, or `otherwise` while it is away. Never raises."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return otherwise
    try:
        return question(_client())
    except (redis.RedisError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning("no live hints for a while: %s", type(error).__name__)
        return otherwise


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
