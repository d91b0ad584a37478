"""What the filter of the queue offers: terms that can be put on and taken off by a click."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.desk.where import Where

SUGGESTED: tuple[tuple[str, Any], ...] = (
    ("is:unanswered", _("Unanswered")),
    ("is:late", _("Late")),
    ("due:<1h", _("Due within an hour")),
    ("assignee:me", _("Mine")),
    ("is:unassigned", _("Nobody's")),
    ("priority:urgent", _("Urgent")),
    ("after:yesterday", _("Opened since yesterday")),
)


def suggestions(where: Where) -> list[tuple[str, Any, str, bool]]:
    """(term, what it means, path, is on): a link puts the term on, or takes it off again."""
    here = {term.text.lower(): term for term in where.query.terms} if where.query else {}
    found = []
    for text, word in SUGGESTED:
        term = here.get(text)
        path = where.without(term) if term else where.filtered_by(f"{where.text} {text}".strip())
        found.append((text, word, path, term is not None))
    return found


OF_VIEW = {
    "mine": "is:open assignee:me",
    "team": "is:open",
    "unassigned": "is:open is:unassigned",
    "soon": "due:<1h",
    "waiting": "is:waiting",
    "snoozed": "is:snoozed",
    "open": "is:unresolved",
}


def to_keep(where: Where) -> str:
    """What a view would hold that keeps what is shown: the filter, and the words of the view it filters."""
    if where.saved is not None:
        return where.text
    return f"{OF_VIEW.get(where.view, OF_VIEW['open'])} {where.text}".strip()
