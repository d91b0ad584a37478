"""Notifications: what the reader was told of, by ticket, and the count in the top bar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import notifications as told
from helpdesk.desk import alerts
from helpdesk.desk.base import desk_view, is_part, see_other, tell
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of


@desk_view()
def notifications(request: HttpRequest) -> HttpResponse:
    """A page of tickets with news, the newest first. The number of queries does not depend on it."""
    user: Any = request.user
    before = number_of(request.GET.get("before", "")) or None
    groups, following = told.groups(user, before)
    here = reverse("desk:notifications")
    context = {
        "area": "notifications",
        "rail_items": rail(request),
        "shown": alerts.shown(groups, user),
        "newest": told.newest_of(groups),
        "older": f"{here}?before={following}" if following else None,
        "newer": here if before else None,
        "size": told.PAGE,
    }
    return render(request, "desk/notifications.html", context)


@desk_view()
def count(request: HttpRequest) -> HttpResponse:
    """The count alone, for the top bar of pages that are open. 304 where it is as it was. Opened by itself
    it leads to what is counted."""
    if not is_part(request):
        return see_other(reverse("desk:notifications"))
    counted = request.alerts = told.Alerts(request.user)  # type: ignore[attr-defined]
    tag = f'"{counted.count}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    response = render(request, "desk/_alerts.html", {"area": ""})
    response["ETag"] = tag
    return response


@desk_view("POST")
def mark_read(request: HttpRequest) -> HttpResponse:
    """What the page showed becomes read: of one ticket, or all of it. What came later stays unread."""
    user: Any = request.user
    up_to = number_of(request.POST.get("up_to", "")) or None
    one = number_of(request.POST.get("ticket", ""))
    told.mark_read(user, ticket=one or None, up_to=up_to)
    tell(request, _("Marked as read"))
    return see_other(reverse("desk:notifications"))
