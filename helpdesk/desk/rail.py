"""The views in the left rail, with their counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.context import path_of
from helpdesk.desk.frame import Frame, frame
from helpdesk.desk.listing import VIEWS, at_most
from helpdesk.desk.where import CAPPED, Where, reaches_settled
from tickets import access, queries
from tickets.models import SavedView
from tickets.searching import BadQuery, parse

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
Item = tuple[str, str, str, int | str | None, bool]


@dataclass(frozen=True)
class SavedItem:
    """A saved view in the rail. `count` is None until it was asked for, or where counting says nothing;
    `problem` why its filter means nothing any more."""

    view: SavedView
    path: str
    count: str | None = None
    problem: str = ""


class Rail(list[Item]):
    """The rail's items: (path, word, icon, count, is current); `saved` are the saved views."""

    def __init__(self, items: Iterable[Item], saved: list[SavedItem]) -> None:
        super().__init__(items)
        self.saved = saved


def rail(request: HttpRequest, current: str = "", known: Frame | None = None) -> Rail:
    """The views that everybody has, what is to be written or mended, and the saved views. One query, unless
    the frame is `known`."""
    user: Any = request.user
    around = known or frame(user)
    held: dict[str, int | str] = around.counts.held | {"soon": at_most(around.counts.held["soon"])}
    items = Rail(
        (
            (view_path(view), str(VIEW_WORDS[view]), VIEW_ICONS[view], held[view], view == current)
            for view in VIEWS
        ),
        saved_items(around.saved),
    )
    written, stuck = around.drafts, around.stuck
    if written or current == "drafts":
        items.append((path_of("desk:drafts"), _("Drafts"), "pen", written, current == "drafts"))
    if stuck or current == "undelivered":
        path, is_here = path_of("desk:undelivered"), current == "undelivered"
        items.append((path, _("Not delivered"), "alert", at_most(stuck), is_here))
    if access.can_restore(user):  # not counted: nobody has to do anything about them
        items.append((path_of("desk:deleted"), _("Deleted"), "trash", None, current == "deleted"))
    return items


def saved_items(views: Iterable[SavedView]) -> list[SavedItem]:
    """Saved views without their counts."""
    return [SavedItem(view, view_path(f"s{view.pk}")) for view in views]


def saved_rail(request: HttpRequest, *, counted: bool = False) -> list[SavedItem]:
    """The reader's saved views and those shared with them. One query; counting them asks once more, and once
    for each name of a person or team in their filters."""
    user: Any = request.user
    views = list(access.saved_views_visible_to(user))
    if not counted:
        return saved_items(views)
    conditions: dict[str, Q] = {}
    problems: dict[int, str] = {}
    for view in views:
        try:
            query = parse(view.text, user)
        except BadQuery as error:
            problems[view.pk] = str(error)
            continue
        if not query.phrases and not reaches_settled(query):
            conditions[str(view.pk)] = query.condition
    found, is_least = queries.counts_among_newest(user, conditions) if conditions else ({}, False)
    return [
        SavedItem(
            view,
            view_path(f"s{view.pk}"),
            _capped(found.get(str(view.pk)), is_least),
            problems.get(view.pk, ""),
        )
        for view in views
    ]


def _capped(count: int | None, is_least: bool) -> str | None:
    if count is None:
        return None
    return f"{min(count, CAPPED)}+" if count > CAPPED or is_least else str(count)


def view_path(view: str) -> str:
    return f"{path_of('desk:queue')}?view={view}"


def view_word(where: Where) -> str:
    return where.saved.name if where.saved else str(VIEW_WORDS.get(where.view, _("Queue")))
