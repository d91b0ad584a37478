"""Finding tickets and people by number, subject, name or address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from helpdesk.desk import rows
from helpdesk.desk.base import desk_view, see_other
from helpdesk.desk.people import people_matching
from helpdesk.desk.rail import rail
from helpdesk.desk.views.queue import SHOWN
from tickets import access, queries
from tickets.models import UNRESOLVED_STATUSES, Ticket

FOUND = 50
PEOPLE_FOUND = 10


@desk_view()
def search(request: HttpRequest) -> HttpResponse:
    """Open tickets first, then settled ones, newest first. A bare number opens its ticket."""
    user: Any = request.user
    words = request.GET.get("q", "").strip()[:400]
    mine = access.worked_by(user)
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18 and mine.filter(pk=int(number)).exists():
        return see_other(reverse("desk:ticket", args=[int(number)]))
    found = tickets_matching(mine, words, user)
    is_settled = request.GET.get("settled") == "1"
    unresolved = found.filter(status__in=UNRESOLVED_STATUSES)
    settled = found.exclude(status__in=UNRESOLVED_STATUSES)
    shown = list((settled if is_settled else unresolved).order_by("-pk").select_related(*SHOWN)[: FOUND + 1])
    context = {
        "area": "",
        "search_words": words,
        "rows": rows.rows_for(shown[:FOUND], user),
        "more": len(shown) > FOUND,
        "people": people_matching(user, words)[:PEOPLE_FOUND] if words else [],
        "settled": settled.count() if words and not is_settled else 0,
        "unresolved": unresolved.count() if words and is_settled else 0,
        "is_settled": is_settled,
        "rail_items": rail(request),
        "view": "open",
    }
    return render(request, "desk/search.html", context)


def tickets_matching(mine: Any, words: str, user: Any) -> Any:
    """Tickets whose subject has the words, or whose requester's name or address does."""
    if not words:
        return Ticket.objects.none()
    people = list(people_matching(user, words).values_list("pk", flat=True)[:100])
    return queries.matching(mine, words) | mine.filter(requester__in=people)
