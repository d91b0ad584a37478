"""Mail that follows by itself: a team's silent customers, and what comes after an answer or a resolution."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from followup import actions, queries
from followup.models import SILENT, Kind
from helpdesk.setup.base import page, reader, settle, setup_view
from helpdesk.setup.followup_forms import RulesForm
from tickets.models import Team


@setup_view("GET", "HEAD", "POST")
def teams_silence(request: HttpRequest, pk: int) -> HttpResponse:
    """When a team's customers who do not answer are reminded, and their tickets resolved."""
    team = get_object_or_404(Team, pk=pk)
    return _rules(request, tuple(SILENT), team)


@setup_view("GET", "HEAD", "POST")
def surveys_mail(request: HttpRequest) -> HttpResponse:
    """What follows an answer to a survey, and a resolution."""
    return _rules(request, (Kind.THANKS, Kind.SORRY, Kind.FIXED), None)


def _rules(request: HttpRequest, kinds: tuple[Kind, ...], team: Team | None) -> HttpResponse:
    form = RulesForm(
        request.POST if request.method == "POST" else None, rules=queries.rules_shown(kinds, team)
    )
    back = reverse("setup:teams_edit", args=[team.pk]) if team else reverse("setup:surveys")
    context: dict[str, Any] = {"form": form, "team": team, "back": back}
    if request.method != "POST":
        return page(request, "followups", **context)
    return settle(
        request,
        form,
        lambda: actions.set_rules(form.said(), team=team, by=reader(request)),
        to=lambda: request.path,
        said=_("Saved. It holds for what begins from now on."),
        again=lambda status: page(request, "followups", status, **context),
    )
