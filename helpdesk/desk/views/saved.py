"""Saved replies at the ticket: found, filled and put into the composer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import actions as outward
from helpdesk import saved_replies
from helpdesk.desk.base import desk_view, find_ticket, is_part, see_other
from helpdesk.desk.composing import quotable, quoted
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of
from helpdesk.desk.views.drafts import keep_typed, wants_json
from helpdesk.desk.views.ticket import Composing, ticket_page
from helpdesk.desk.where import where_of
from tickets import access
from tickets.models import DraftKind, Ticket


@desk_view()
def replies(request: HttpRequest, number: int) -> HttpResponse:
    """The saved replies for a ticket that have the words `q`: a page, or for its script the options."""
    ticket, words = find_ticket(request, number), request.GET.get("q", "")[:200]
    offered = saved_replies.matching(saved_replies.offered_on(ticket), words)
    found = list(offered[: saved_replies.MOST_OFFERED + 1])
    context: dict[str, Any] = {
        "ticket": ticket,
        "found": found[: saved_replies.MOST_OFFERED],
        "has_more": len(found) > saved_replies.MOST_OFFERED,
        "q": words,
        "where": where_of(request),
    }
    if is_part(request):
        return render(request, "desk/_saved_options.html", context)
    return render(request, "desk/saved.html", context | {"area": "queue", "rail_items": rail(request)})


@desk_view("POST")
def choose_reply(request: HttpRequest, number: int) -> HttpResponse:
    """Without scripts: keep what was typed, then go to the list of saved replies."""
    ticket = find_ticket(request, number)
    stopped = keep_typed(request, ticket)
    return stopped or see_other(
        f"{reverse('desk:saved-replies', args=[ticket.pk])}?view={where_of(request).address}"
    )


@desk_view("POST")
def insert(request: HttpRequest, number: int) -> HttpResponse:
    """A saved reply (`saved`) with its places filled, or the customer's last words (`quote`): as JSON for
    the page's script, else the page with it below what was typed or kept."""
    ticket, user = find_ticket(request, number), request.user
    text, left = _asked_for(request, ticket)
    if wants_json(request):
        said = _still_to_write(left)
        return JsonResponse({"text": text, "said": said})
    typed = request.POST.get("text")
    if typed is None:
        draft = access.drafts_visible_to(user, ticket).filter(kind=DraftKind.REPLY).first()
        typed = draft.text if draft else ""
    words = "\n\n".join(filter(None, [typed.rstrip(), text]))
    return ticket_page(
        request, ticket, draft=Composing("reply", words, request.POST.get("then", ""), left=left)
    )


def _asked_for(request: HttpRequest, ticket: Ticket) -> tuple[str, tuple[str, ...]]:
    """The words to put in, and the places in them that are still to be filled."""
    user: Any = request.user
    if "quote" in request.POST:
        message = quotable(ticket, user)
        return (quoted(message) + "\n" if message else ""), ()
    row = saved_replies.offered_on(ticket).filter(pk=number_of(request.POST.get("saved", ""))).first()
    if row is None:
        return "", ()
    outward.count_use(row)
    filled = saved_replies.fill(row.text, saved_replies.values_for(ticket, user))
    return filled.text, filled.left


def _still_to_write(left: tuple[str, ...]) -> str:
    return (
        _("Nothing is known for %(places)s. Write it by hand.") % {"places": ", ".join(left)} if left else ""
    )
