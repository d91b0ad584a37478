"""Views of the queue that people make for themselves or for others."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed
from tickets.events import record
from tickets.models import SavedView, Team, User
from tickets.searching import parse
from tickets.text import clean_line

MOST = 50
"""More views than this nobody keeps."""


def create_view(
    name: str, text: str, *, by: User, shared: str = "mine", team: Team | None = None, sort: str = "due"
) -> SavedView:
    """Keep a filter under a name. Raises NotAllowed for who does not work here, ValueError in words."""
    if not access.is_member(by):
        raise NotAllowed(_("You may not keep views."))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)  # one after the other: names and their number
        if by.saved_views.count() >= MOST:
            raise ValueError(_("You have %(number)s views. Delete one first.") % {"number": MOST})
        view = SavedView(owner=by)
        _fill(view, by, name=name, text=text, shared=shared, team=team, sort=sort)
        record("saved_view.created", subject=view, by=by, data={"saved_view": view.pk})
        return view


def edit_view(
    view: SavedView, *, by: User, name: str, text: str, shared: str, team: Team | None, sort: str
) -> SavedView:
    """Change a view for all who see it. Raises as `create_view`, and NotAllowed for another's view."""
    with transaction.atomic():
        view = _lock(view, by)
        _fill(view, by, name=name, text=text, shared=shared, team=team, sort=sort)
        record("saved_view.edited", subject=view, by=by, data={"saved_view": view.pk})
        return view


def delete_view(view: SavedView, *, by: User) -> None:
    """The tickets stay; who had the view gets the first one instead."""
    with transaction.atomic():
        view = _lock(view, by)
        record("saved_view.deleted", subject=view, by=by, data={"saved_view": view.pk})
        view.delete()


def _lock(view: SavedView, by: User) -> SavedView:
    if not access.can_change_view(by, view):
        raise NotAllowed(_("Only the person who made this view can change it."))
    return SavedView.objects.select_for_update().get(pk=view.pk)


def _fill(view: SavedView, by: User, *, shared: str, team: Team | None, **given: Any) -> None:
    name, text = clean_line(given["name"], 60), clean_line(given["text"], 400)
    if not name:
        raise ValueError(_("Enter a name."))
    if not text:
        raise ValueError(_("Enter what the view holds, such as is:unanswered."))
    parse(text, by)
    shared = SavedView.Shared(shared)
    if shared == SavedView.Shared.TEAM and (team is None or not team.is_active):
        raise ValueError(_("Choose a team."))
    if SavedView.objects.filter(owner=view.owner_id, name=name).exclude(pk=view.pk).exists():
        raise ValueError(_("You have a view of this name. Choose another."))
    view.name, view.text, view.shared, view.sort = name, text, shared, given["sort"]
    view.team = team if shared == SavedView.Shared.TEAM else None
    view.save()
