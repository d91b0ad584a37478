"""Saved views: made from what the queue shows, changed, deleted; their counts in the rail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from helpdesk.desk.base import desk_view, see_other, tell
from helpdesk.desk.filters import to_keep
from helpdesk.desk.rail import rail, saved_rail, view_path
from helpdesk.desk.where import SORT_WORDS, where_of
from tickets import access, actions
from tickets.models import SavedView, Team
from tickets.searching import BadQuery


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60, error_messages={"required": _("Enter a name")})
    text = forms.CharField(
        label=_("What it holds"),
        max_length=400,
        help_text=_("As in the filter, such as: team:billing is:unanswered"),
        error_messages={"required": _("Enter what the view holds, such as is:unanswered")},
    )
    sort = forms.ChoiceField(label=_("Order"), choices=tuple(SORT_WORDS.items()))
    shared = forms.ChoiceField(
        label=_("Who sees it"), choices=SavedView.Shared.choices, widget=forms.RadioSelect, initial="mine"
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), label=_("Team"), required=False, empty_label=_("No team")
    )

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("shared") == SavedView.Shared.TEAM and not data.get("team") and "team" not in self.errors:
            self.add_error("team", _("Choose a team"))
        return data


@desk_view()
def counted(request: HttpRequest) -> HttpResponse:
    """The saved views of the rail with their counts: a part, asked for when the page is there. Opened by
    itself it leads to the queue."""
    where = where_of(request)
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(where.path)
    context = {"saved_items": saved_rail(request, counted=True), "where": where, "is_counted_rail": True}
    return render(request, "desk/_saved_views.html", context)


@desk_view("GET", "HEAD", "POST")
def new(request: HttpRequest) -> HttpResponse:
    """Keep what the queue shows under a name."""
    where = where_of(request)
    given = {"text": to_keep(where), "sort": where.sort, "shared": "mine"}

    def act(**fields: Any) -> SavedView:
        return actions.create_view(by=_by(request), **fields)

    return _form(request, gettext("Save as view"), given, act, gettext("View saved"))


@desk_view("GET", "HEAD", "POST")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    view, where = _one(request, pk), where_of(request)
    text = where.text if where.saved == view else view.text
    given = {"name": view.name, "text": text, "sort": view.sort, "shared": view.shared, "team": view.team_id}

    def act(**fields: Any) -> SavedView:
        return actions.edit_view(view, by=_by(request), **fields)

    return _form(request, gettext("Edit view"), given, act, gettext("View changed"), view)


@desk_view("POST")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = _one(request, pk)
    actions.delete_view(view, by=_by(request))
    tell(request, gettext("View “%(name)s” deleted") % {"name": view.name})
    return see_other(reverse("desk:queue"))


def _form(
    request: HttpRequest,
    title: str,
    given: dict[str, Any],
    act: Callable[..., SavedView],
    done: str,
    view: SavedView | None = None,
) -> HttpResponse:
    """The form, and what it does when it is sent."""
    teams = access.teams_visible_to(request.user)
    form = ViewForm(request.POST if request.method == "POST" else None, initial=given, teams=teams)
    if form.is_bound and form.is_valid():
        try:
            kept = act(**form.cleaned_data)
        except actions.NotAllowed as refusal:
            form.add_error(None, str(refusal))
        except ValueError as refusal:
            form.add_error("text" if isinstance(refusal, BadQuery) else "name", str(refusal))
        else:
            tell(request, done)
            return see_other(view_path(f"s{kept.pk}"))
    context = {
        "area": "queue",
        "title": title,
        "form": form,
        "problem": bool(form.errors),
        "view_row": view,
        "where": where_of(request),
        "rail_items": rail(request),
    }
    return render(request, "desk/view.html", context, status=422 if form.errors else 200)


def _one(request: HttpRequest, pk: int) -> SavedView:
    """A view that the reader may change; another's is as if it were not there."""
    view = access.saved_views_visible_to(request.user).filter(pk=pk).first()
    if view is None or not access.can_change_view(request.user, view):
        raise Http404
    return view


def _by(request: HttpRequest) -> Any:
    return request.user
