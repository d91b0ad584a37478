"""Whom a text names with an @. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tickets.models import User


def mentioned(text: str, people: Iterable[User]) -> list[User]:
    """Those of `people` whom `text` names: “@Mira Koch”, or “@Mira” where only one of them is called so.

    The @ stands behind no letter or digit, so an address names nobody; case does not matter. Two people of
    one name are both meant.
    """
    if "@" not in text:
        return []
    called = _called(people)
    longest_first = sorted(called, key=len, reverse=True)
    found: dict[int, User] = {}
    for place in (n for n, sign in enumerate(text) if sign == "@"):
        if place and text[place - 1].isalnum():
            continue
        rest = text[place + 1 : place + 301].casefold()
        name = next((one for one in longest_first if _begins(rest, one)), None)
        found |= {person.pk: person for person in called[name]} if name else {}
    return list(found.values())


def _called(people: Iterable[User]) -> dict[str, list[User]]:
    """What each is called: by the whole name, and by the first one where it is nobody else's."""
    whole: dict[str, list[User]] = {}
    first: dict[str, list[User]] = {}
    for person in people:
        if person.name.strip():
            whole.setdefault(person.name.strip().casefold(), []).append(person)
            first.setdefault(person.first_name.casefold(), []).append(person)
    return {name: rows for name, rows in first.items() if len(rows) == 1} | whole


def _begins(rest: str, name: str) -> bool:
    following = rest[len(name) : len(name) + 1]
    return rest.startswith(name) and not (following.isalnum() or following == "_")
