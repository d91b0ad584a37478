"""The views in the left rail, with their counts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import outbox
from helpdesk.desk.listing import VIEWS, Counts, counts

VIEW_WORDS = {
    "mine": gettext_lazy("My open"),
    "team": gettext_lazy("My teams"),
    "unassigned": gettext_lazy("Unassigned"),
    "soon": gettext_lazy("Due soon"),
    "waiting": gettext_lazy("Waiting"),
    "snoozed": gettext_lazy("Snoozed"),
    "mentions": gettext_lazy("Mentions"),
    "open": gettext_lazy("All open"),
}
VIEW_ICONS = {
    "mine": "box",
    "team": "team",
    "unassigned": "unassigned",
    "soon": "clock",
    "waiting": "status-waiting",
    "snoozed": "moon",
    "mentions": "at",
    "open": "list",
}
Item = tuple[str, str, str, int, bool]


def rail(request: HttpRequest, current: str = "", known: Counts | None = None) -> list[Item]:
    """The rail's items: (path, word, icon, count, is current). Two queries, or one."""
    user: Any = request.user
    held = (known or counts(user)).held
    items = [
        (view_path(view), str(VIEW_WORDS[view]), VIEW_ICONS[view], held[view], view == current)
        for view in VIEWS
    ]
    stuck = outbox.stuck_for(user).count()
    if stuck or current == "undelivered":
        path, is_here = reverse("desk:undelivered"), current == "undelivered"
        items.append((path, _("Not delivered"), "alert", stuck, is_here))
    return items


def view_path(view: str) -> str:
    return f"{reverse('desk:queue')}?view={view}"


def view_word(view: str) -> str:
    return str(VIEW_WORDS.get(view, _("Queue")))
