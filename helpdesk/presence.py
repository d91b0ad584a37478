"""Who reads a ticket at this moment, and who is answering it.

Kept in Valkey and forgotten by itself: a page that is open says so every 20 seconds and takes it back when it
is left. Nothing depends on it: while Valkey is away nobody is seen, and two answers at once are still stopped
by what was said in the meantime (`tickets.actions.reply`).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from django.utils.translation import gettext as _

from tickets import hints
from tickets.models import Ticket, User

LASTS = timedelta(seconds=45)
READING, REPLYING = "reading", "replying"
DOINGS = (READING, REPLYING)
LEFT = "left"
TAB_LENGTH = 32


@dataclass(frozen=True)
class Seen:
    """Somebody at a ticket."""

    person: User
    is_replying: bool


def visit(ticket: Ticket, person: User, tab: str, doing: str) -> None:
    """Note for 45 s that `person` has the ticket open in a browser's `tab`, `READING` or `REPLYING`."""
    now = time.time()
    here = _place(ticket.pk, person.pk, tab)
    other = READING if doing == REPLYING else REPLYING

    def note(client: redis.Redis) -> bool:
        with client.pipeline() as together:
            together.zremrangebyscore(_key(), "-inf", now)
            together.zrem(_key(), f"{here}{other}")
            together.zadd(_key(), {f"{here}{doing}": now + LASTS.total_seconds()})
            together.zscore(_key(), f"{here}{LEFT}")
            _over, ended, began, left = together.execute()
        if left is not None:  # said before it was left, heard after
            client.zrem(_key(), f"{here}{doing}")
            return False
        return bool(ended or began)

    if hints.ask(note, False):
        _announce(ticket)


def arrive(ticket: Ticket, person: User, tab: str) -> list[Seen]:
    """Note that `person` opened the ticket in a new `tab`, to read it; returns the others, as `beside`."""
    now = time.time()
    here = f"{_place(ticket.pk, person.pk, tab)}{READING}"

    def note(client: redis.Redis) -> list[bytes]:
        with client.pipeline(transaction=False) as together:
            together.zadd(_key(), {here: now + LASTS.total_seconds()})
            together.zrangebyscore(_key(), now, "+inf")
            together.publish(*hints.message([_hint(ticket)]))
            entries: list[bytes] = together.execute()[1]
        return entries

    nobody: list[bytes] = []
    return _others(hints.ask(note, nobody), {ticket.pk}, person).get(ticket.pk, [])


def leave(ticket: Ticket, person: User, tab: str) -> None:
    """Note that the tab shows the ticket no longer. It comes back under another name, if ever."""
    here = _place(ticket.pk, person.pk, tab)

    def note(client: redis.Redis) -> bool:
        with client.pipeline() as together:
            together.zrem(_key(), *(f"{here}{doing}" for doing in DOINGS))
            together.zadd(_key(), {f"{here}{LEFT}": time.time() + LASTS.total_seconds()})
            return bool(together.execute()[0])

    if hints.ask(note, False):
        _announce(ticket)


def beside(ticket: Ticket, person: User) -> list[Seen]:
    """The others at a ticket, who answers it first. A query only where there is anybody."""
    return among([ticket.pk], person).get(ticket.pk, [])


def among(tickets: Collection[int], person: User) -> dict[int, list[Seen]]:
    """The others at each of these tickets (numbers that `person` may work on) where there is anybody."""
    wanted = set(tickets)
    if not wanted:
        return {}
    nobody: list[Any] = []
    entries = hints.ask(lambda client: client.zrangebyscore(_key(), time.time(), "+inf"), nobody)
    return _others(entries, wanted, person)


def _others(entries: Iterable[bytes], wanted: set[int], person: User) -> dict[int, list[Seen]]:
    doing: dict[int, dict[int, bool]] = defaultdict(dict)
    for entry in entries:
        number, _colon, rest = entry.partition(b":")
        if int(number) not in wanted:  # most of them, where many desks are open
            continue
        who, _tab, what = rest.decode().split(":")
        if int(who) != person.pk and what in DOINGS:
            there = doing[int(number)]
            there[int(who)] = there.get(int(who), False) or what == REPLYING
    people = User.objects.in_bulk({who for there in doing.values() for who in there}) if doing else {}
    return {number: _in_order(there, people) for number, there in doing.items()}


def _in_order(there: dict[int, bool], people: dict[int, User]) -> list[Seen]:
    seen = [Seen(people[who], is_replying) for who, is_replying in there.items() if who in people]
    return sorted(seen, key=lambda one: (not one.is_replying, one.person.name, one.person.pk))


def _place(ticket: int, person: int, tab: str) -> str:
    name = "".join(sign for sign in tab if sign.isascii() and sign.isalnum())[:TAB_LENGTH]
    return f"{ticket}:{person}:{name}:"


def _key() -> str:
    return hints.scoped("presence")


def _announce(ticket: Ticket) -> None:
    hints.announce([_hint(ticket)])


def _hint(ticket: Ticket) -> hints.Hint:
    return hints.Hint(ticket.pk, ticket.event_seq, hints.PRESENCE, ticket.team_id, ticket.assignee_id)


# --- in words -----------------------------------------------------------------------------------------


def words(seen: Iterable[Seen]) -> str:
    """For the ticket page: "Jo is replying · Sam is reading this"; "" for nobody."""
    names: dict[bool, list[str]] = defaultdict(list)
    for one in seen:
        names[one.is_replying].append(one.person.first_name)
    parts = []
    if names[True]:
        parts.append(replying_words(names[True]))
    if len(names[False]) == 1:
        parts.append(_("%(name)s is reading this") % {"name": names[False][0]})
    elif names[False]:
        parts.append(_("%(names)s are reading this") % {"names": _listed(names[False])})
    return " · ".join(parts)


def replying_words(names: list[str]) -> str:
    """ "Jo is replying", "Jo and Sam are replying"."""
    if len(names) == 1:
        return _("%(name)s is replying") % {"name": names[0]}
    return _("%(names)s are replying") % {"names": _listed(names)}


def mark_of(seen: list[Seen]) -> tuple[str, str] | None:
    """For a row of the queue: an icon and who is there; None for nobody."""
    return ("pen" if seen[0].is_replying else "eye", short_words(seen)) if seen else None


def short_words(seen: list[Seen]) -> str:
    """For a row of the queue: who answers, else who reads."""
    names = [one.person.first_name for one in seen if one.is_replying]
    if names:
        return replying_words(names)
    if len(seen) == 1:
        return _("%(name)s is reading") % {"name": seen[0].person.first_name}
    return _("%(number)s are reading") % {"number": len(seen)} if seen else ""


def _listed(names: list[str]) -> str:
    if len(names) == 2:
        return _("%(first)s and %(second)s") % {"first": names[0], "second": names[1]}
    return _("%(first)s and %(number)s others") % {"first": names[0], "number": len(names) - 1}
