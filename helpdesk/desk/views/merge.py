"""Two tickets about one request: choose the other, read what would happen, merge, take it back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from helpdesk.desk import merging
from helpdesk.desk.base import desk_view, find_ticket, see_other, tell
from helpdesk.desk.neighbours import view_of, with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import change_view, number_of, path
from tickets import access, actions, queries
from tickets.models import Ticket


@desk_view("GET", "HEAD", "POST")
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """Without `with`: tickets to choose from. With it: what would happen; a POST lets it happen."""
    ticket = find_ticket(request, number)
    if request.method != "POST":
        return _page(request, ticket, chosen(request, ticket))
    other = chosen(request, ticket)
    if other is None:
        return _page(request, ticket, None, _("Choose the other ticket."), 422)
    seen = merging.preview(ticket, other)
    if request.POST.get("between") != seen.between:
        return _page(
            request, ticket, other, _("A requester changed meanwhile. Read it again, then merge."), 409
        )
    if seen.are_different_people and not request.POST.get("sure"):
        return _page(request, ticket, other, _("Confirm that two people share this request."), 422)
    stays, goes = seen.stays.ticket, seen.goes.ticket
    try:
        actions.merge(goes, into=stays, by=_by(request))
    except actions.NotAllowed as refusal:
        return _page(request, find_ticket(request, number), None, str(refusal), 409)
    words = _("#%(goes)s merged into #%(stays)s") % {"goes": goes.pk, "stays": stays.pk}
    tell(request, words, path("unmerge", goes, f"?view={view_of(request)}"))
    return see_other(with_view(request, stays.pk))


@change_view
def unmerge(request: HttpRequest, ticket: Ticket) -> None:
    into = ticket.merged_into_id
    if into is not None:
        actions.unmerge(ticket, by=_by(request))
        words = {"number": ticket.pk, "into": into}
        tell(request, _("#%(number)s stands for itself again, apart from #%(into)s") % words)


def chosen(request: HttpRequest, ticket: Ticket) -> Ticket | None:
    """The other ticket that the address or the form names, if the reader may work on it; of a merged one, the
    one that stands for it."""
    given = request.POST.get("with") or request.GET.get("with") or request.GET.get("q", "")
    number = number_of(given.strip().removeprefix("#"))
    rows = access.worked_by(request.user).select_related("requester", "assignee", "team")
    found = rows.filter(pk=number).first() if number else None
    if found is not None and found.merged_into_id is not None:
        found = rows.filter(pk=queries.where_it_goes(found).pk).first()
    return None if found is None or found.pk == ticket.pk else found


def _page(
    request: HttpRequest, ticket: Ticket, other: Ticket | None, problem: str = "", status: int = 200
) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:400]
    context: dict[str, Any] = {
        "area": "queue",
        "ticket": ticket,
        "plan": merging.preview(ticket, other) if other else None,
        "said": problem,
        "problem": bool(problem),
        "search_words": words,
        "found": merging.found(ticket, _by(request), words) if words and not other else [],
        "suggested": [] if other else merging.suggested(ticket, _by(request)),
        "rail_items": rail(request),
        "view": view_of(request),
        "back": with_view(request, ticket.pk),
    }
    return render(request, "desk/merge.html", context, status=status)


def _by(request: HttpRequest) -> Any:
    return request.user
