"""Finding tickets by their words, terms and numbers, and people by name or address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from markupsafe import Markup

from helpdesk.desk.base import desk_view, see_other
from helpdesk.desk.rail import rail
from helpdesk.marking import marked, snippet
from helpdesk.words import number
from tickets import access, finding, searching
from tickets.models import Ticket

PEOPLE_FOUND = 10
FILTERS = (
    ("is:open", gettext_lazy("Open")),
    ("is:unanswered", gettext_lazy("Unanswered")),
    ("is:late", gettext_lazy("Late")),
    ("assignee:me", gettext_lazy("Mine")),
    ("is:unassigned", gettext_lazy("Nobody's")),
    ("after:yesterday", gettext_lazy("Since yesterday")),
)
"""Terms that one press adds or takes away, so that nobody has to know how they are written."""
HELP = (
    ("is:", "open, new, waiting, hold, resolved, closed, unresolved, unanswered, unassigned, late, snoozed"),
    ("assignee:", "me, none, mira"),
    ("team:", "billing"),
    ("from:", "priya, priya@acme.example"),
    ("org:", "acme"),
    ("tag:", "refund"),
    ("priority:", "low, normal, high, urgent"),
    ("channel:", "mail, portal, phone, walk_in, desk, api"),
    ("due:", "<2h, <3d, today, late"),
    ("before: after:", "2026-11-01, 1.11.2026, today, yesterday"),
)


@dataclass
class Line:
    """One ticket in the list of what was found, its words marked."""

    ticket: Ticket
    subject: Markup
    words: Markup
    is_note: bool


@desk_view()
def search(request: HttpRequest) -> HttpResponse:
    """Unresolved tickets first; the settled ones on their own page, or at once where nothing else fits.

    A bare number opens its ticket. What cannot be understood is answered 422, with the words kept.
    """
    user: Any = request.user
    text = request.GET.get("q", "").replace("\x00", " ").strip()
    mine = access.worked_by(user)
    query, problem = None, ""
    try:
        query = searching.parse(text, user) if text else None
    except searching.BadQuery as refusal:
        problem = str(refusal)
    if query and query.number and mine.filter(pk=query.number).exists():
        return see_other(reverse("desk:ticket", args=[query.number]))
    context: dict[str, Any] = {
        "area": "",
        "search_words": text,
        "problem": problem,
        "query": query,
        "filters": _filters(text, query),
        "help": HELP,
        "zone": user.time_zone,
        "rail_items": rail(request),
        "found": None,
        "people": [],
        "alike": [],
    }
    if query:
        context |= _found(request, mine, query)
    return render(request, "desk/search.html", context, status=422 if problem else 200)


def _found(request: HttpRequest, mine: Any, query: searching.Query) -> dict[str, Any]:
    user: Any = request.user
    wanted = {"1": True, "0": False}.get(request.GET.get("settled", ""))
    found = searching.found(mine, query, settled=wanted)
    people = []
    if query.phrases and not query.terms:
        people = list(finding.people_named(user, query.words)[: PEOPLE_FOUND + 1])
    return {
        "found": found,
        "lines": [_line(hit, query.phrases) for hit in found.hits],
        "told": told(found, query),
        "people": people[:PEOPLE_FOUND],
        "more_people": len(people) > PEOPLE_FOUND,
        "alike": []
        if people or found.hits or query.terms
        else finding.people_like(user, " ".join(query.phrases)),
    }


def _line(hit: finding.Hit, phrases: tuple[str, ...]) -> Line:
    words = snippet(hit.words, phrases) if hit.words else Markup("")
    return Line(hit.ticket, marked(hit.ticket.subject, phrases), words, hit.is_note)


def told(found: finding.Found, query: searching.Query) -> str:
    """How many there are and in which order: "12 open tickets, those with the words in the subject first"."""
    total = found.total
    if not total:
        return _("Nothing matches.") if not found.is_capped else _("Nothing among the newest matches.")
    if found.is_settled:
        count = ngettext("%(number)s settled ticket", "%(number)s settled tickets", total)
    else:
        count = ngettext("%(number)s open ticket", "%(number)s open tickets", total)
    count = count % {"number": number(total)}
    if found.is_capped:
        count = _("At least %(count)s") % {"count": count}
    order = _("words in the subject first, then the newest") if query.phrases else _("newest first")
    return f"{count}, {order}"


def _filters(text: str, query: searching.Query | None) -> list[tuple[str, str, bool]]:
    """The terms for one press: (the search with it added or taken away, its word, whether it is on)."""
    items = []
    for term, word in FILTERS:
        on = next((other for other in query.terms if other.text == term), None) if query else None
        items.append((query.without(on) if query and on else f"{text} {term}".strip(), str(word), bool(on)))
    return items
