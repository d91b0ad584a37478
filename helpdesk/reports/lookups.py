"""Organisations and tags by their names: there may be thousands, so that nobody chooses them from a list.

Whoever fills in the filters types a name (or a part of one); the address keeps the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from helpdesk.reports.filters import LINKED, NOBODY
from tickets.models import Organization, Tag

MODELS: dict[str, Any] = {"organization": Organization, "tag": Tag}
MOST = 8
"""So many names are offered at a time."""
LONGEST = 200


def field_of(kind: str) -> str:
    """The field in which a name is typed."""
    return f"{kind}_named"


def nothing_of(kind: str) -> str:
    """What having none is called."""
    return {"organization": _("No organisation"), "tag": _("No tag")}[kind]


def typed(params: Mapping[str, str], kind: str) -> str:
    return " ".join(params.get(field_of(kind), "").replace("\0", "").split())[:LONGEST]


def names_like(kind: str, words: str) -> list[tuple[int, str]]:
    """The first that have some words in their name, each with its number: the same name alone, if there is
    one."""
    rows = MODELS[kind].objects.order_by("name").values_list("pk", "name")
    same = list(rows.filter(name__iexact=words)[:2])
    return same if len(same) == 1 else list(rows.filter(name__icontains=words)[:MOST])


def offered(kind: str, words: str) -> list[str]:
    """The names to choose from for who has typed some words, none of them at first."""
    nothing = nothing_of(kind)
    names = MODELS[kind].objects.filter(name__icontains=words).order_by("name")
    is_nothing = words.casefold() in nothing.casefold()
    return [*([nothing] if is_nothing else []), *names.values_list("name", flat=True)[:MOST]]


def resolved(params: QueryDict) -> QueryDict | None:
    """The same question with numbers for the names that mean one; None where there is none to put in."""
    found = params.copy()
    for kind in LINKED:
        words = typed(params, kind)
        number = _number(kind, words) if words else None
        if number:
            found[kind] = number
            del found[field_of(kind)]
    return found if found != params else None


def _number(kind: str, words: str) -> str | None:
    if words == nothing_of(kind):
        return NOBODY
    names = names_like(kind, words)
    return str(names[0][0]) if len(names) == 1 else None


@dataclass(frozen=True)
class Unclear:
    """A name that means none or several (`names`, by number)."""

    kind: str
    words: str
    names: list[tuple[int, str]]

    @property
    def sentence(self) -> str:
        given = {"words": self.words}
        if self.kind == "tag":
            several, none = (
                _("Several tags have “%(words)s” in them. Choose one:"),
                _("No tag has “%(words)s” in it."),
            )
        else:
            several = _("Several organisations have “%(words)s” in their name. Choose one:")
            none = _("No organisation has “%(words)s” in its name.")
        all_counted = _("All are counted.")
        return (several if self.names else f"{none} {all_counted}") % given


def unclear(params: Mapping[str, str]) -> list[Unclear]:
    """What was typed and means not exactly one; nothing is narrowed to it."""
    asked = ((kind, typed(params, kind)) for kind in LINKED)
    return [Unclear(kind, words, names_like(kind, words)) for kind, words in asked if words]
