"""Who else is at a ticket: told by its page while it is open, shown there and in the queue."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from helpdesk import presence
from helpdesk.desk import listing
from helpdesk.desk.base import desk_view, find_ticket, is_part, see_other
from tickets import access


@desk_view("POST")
def here(request: HttpRequest, number: int) -> HttpResponse:
    """The page of a ticket is open and its reader is `doing` reading or replying, or left it: who else is."""
    ticket = find_ticket(request, number)
    user: Any = request.user
    tab, doing = request.POST.get("tab", ""), request.POST.get("doing", "")
    if doing not in presence.DOINGS:
        presence.leave(ticket, user, tab)
        return HttpResponse(status=204)
    presence.visit(ticket, user, tab, doing)
    return render(request, "desk/_presence.html", {"present": presence.beside(ticket, user)})


@desk_view()
def there(request: HttpRequest) -> HttpResponse:
    """Who is at the tickets of the shown `rows` ("1042-1063"): one entry for each where somebody is.
    Opened by itself it leads to the queue."""
    if not is_part(request):
        return see_other(reverse("desk:queue"))
    user: Any = request.user
    given = request.GET.get("rows", "").split("-")[: listing.PAGE * 2]
    numbers = [int(pk) for pk in given if pk.isascii() and pk.isdigit() and len(pk) < 18]
    found = presence.among(numbers, user)
    allowed = set(access.worked_by(user).filter(pk__in=found).values_list("pk", flat=True)) if found else ()
    marks = {pk: seen for pk, seen in found.items() if pk in allowed}
    return render(request, "desk/_there.html", {"marks": marks})
