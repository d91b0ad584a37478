"""The palette's options for what was typed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from helpdesk.desk.base import desk_view
from helpdesk.desk.palette import groups
from tickets import access, searching


@desk_view()
def palette(request: HttpRequest) -> HttpResponse:
    """A part of every page of the desk. Opened by itself it is the page of the search.

    `words` were typed, `ticket` is the one at hand, and the rest says from which list it was opened.
    """
    text = request.GET.get("words", "").replace("\x00", " ").strip()[: searching.LONGEST]
    if not request.headers.get("HX-Request"):
        return redirect(f"{reverse('desk:search')}?{urlencode({'q': text})}")
    user: Any = request.user
    number = searching.number_in(request.GET.get("ticket", ""))
    rows = access.worked_by(user).select_related("requester", "team", "assignee")
    ticket = rows.filter(pk=number).first() if number else None
    found = groups(request, text, ticket)
    count = sum(len(group.options) for group in found)
    told = ngettext("%(number)s result", "%(number)s results", count) % {"number": count}
    return render(request, "desk/_palette_options.html", {"groups": found, "told": told})
