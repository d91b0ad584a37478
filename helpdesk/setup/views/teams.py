"""Teams, and the organisations of customers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from duty import actions as duty
from duty import queries as duty_queries
from helpdesk import actions as outward
from helpdesk.models import TeamLook
from helpdesk.setup import queries
from helpdesk.setup.base import form_page, page, press, reader, settle, setup_view
from helpdesk.setup.forms import Nothing, OrganizationForm, SharingForm, TeamForm, TeamLookForm, words_of
from tickets import actions
from tickets.models import Organization, Team

TEAM_FIELDS = ("open_to_all_agents", "lead", "cc_rule", "reopen_days", "close_after_days")


@setup_view()
def teams(request: HttpRequest) -> HttpResponse:
    return page(request, "teams", teams=queries.teams_with_counts())


@setup_view("GET", "HEAD", "POST")
def teams_new(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in TEAM_FIELDS}
        actions.create_team(form.cleaned_data["name"], by=reader(request), **said)

    return form_page(request, form, save, _("New team"), _("Add team"), "teams", _("Team added"))


@setup_view("GET", "HEAD", "POST")
def teams_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Team, pk=pk)
    given = {name: getattr(row, name) for name in ("name", *TEAM_FIELDS)} | {"lead": row.lead_id}
    form = TeamForm(request.POST if request.method == "POST" else None, initial=given)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("name", *TEAM_FIELDS)}
        actions.edit_team(row, by=reader(request), **said)

    members = row.members.filter(is_active=True).order_by("name")
    extra: dict[str, Any] = {"template": "team_form", "team": row, "members": members, "bare": Nothing()}
    return form_page(request, form, save, row.name, _("Save team"), "teams", _("Team saved"), **extra)


@setup_view("GET", "HEAD", "POST")
def teams_look(request: HttpRequest, pk: int) -> HttpResponse:
    """How the team's mails to customers look, beside a preview."""
    team = get_object_or_404(Team, pk=pk)
    row = TeamLook.objects.filter(team=team).first() or TeamLook(team=team)
    posted: tuple[Any, ...] = (request.POST, request.FILES) if request.method == "POST" else ()
    form = TeamLookForm(*posted, team=team, initial=TeamLookForm.of(row))

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("sender", "accent", "footer", "logo_choice")}
        picture = form.cleaned_data["logo"]
        data = picture.read() if picture else None
        outward.edit_team_look(team, by=reader(request), logo=data, **said)

    context: dict[str, Any] = {"form": form, "team": team, "code": settings.LANGUAGE_CODE}
    if request.method != "POST":
        return page(request, "team_look", **context)
    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:teams_look", args=[pk]),
        said=_("Saved. Mails from now on look like this."),
        again=lambda status: page(request, "team_look", status, **context),
    )


@setup_view("GET", "HEAD", "POST")
def teams_sharing(request: HttpRequest, pk: int) -> HttpResponse:
    """How the team's tickets find their owners, and how much and when each of its people works."""
    team = get_object_or_404(Team, pk=pk)
    row, people = duty_queries.sharing_of(team), duty_queries.members_of(team)
    given = {"mode": row.mode, "calendar": row.calendar_id}
    form = SharingForm(request.POST if request.method == "POST" else None, people=people, initial=given)

    def save() -> None:
        said, by = form.cleaned_data, reader(request)
        duty.set_sharing(team, mode=said["mode"], calendar=said["calendar"], by=by)
        for person, limit, calendar in form.chosen():
            duty.set_duty(person, limit=limit, calendar=calendar, by=by)

    now, owned = timezone.now(), duty_queries.loads(people)
    there = {one.pk for one in duty_queries.who_is_there(people, row.calendar_id, now)}
    away = {one.pk for one in people if duty_queries.duty_of(one).is_away(now)}
    context: dict[str, Any] = {"form": form, "team": team, "owned": owned, "there": there, "away": away}
    if request.method != "POST":
        return page(request, "team_sharing", **context)
    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:teams_sharing", args=[pk]),
        said=_("Saved. It holds for tickets that come in from now on."),
        again=lambda status: page(request, "team_sharing", status, **context),
    )


@setup_view("POST")
def teams_close(request: HttpRequest, pk: int) -> HttpResponse:
    """No new tickets and no new members; what it has stays."""
    row = get_object_or_404(Team, pk=pk)

    def close() -> None:
        queries.demand_dispensable(row)
        actions.edit_team(row, by=reader(request), is_active=False)

    return press(request, close, reverse("setup:teams"), _("Team closed for new tickets"))


@setup_view("POST")
def teams_open(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Team, pk=pk)
    act = partial(actions.edit_team, row, by=reader(request), is_active=True)
    return press(request, act, reverse("setup:teams"), _("Team opened again"))


@setup_view()
def organizations(request: HttpRequest) -> HttpResponse:
    return page(request, "organizations", organizations=queries.organizations_with_counts())


@setup_view("GET", "HEAD", "POST")
def organizations_new(request: HttpRequest) -> HttpResponse:
    form = OrganizationForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.cleaned_data
        by = reader(request)
        row = actions.create_organization(said["name"], by=by, shares_tickets=said["shares_tickets"])
        actions.tag_customer(row, words_of(said["tags"]), by=by)

    return form_page(
        request,
        form,
        save,
        _("New organisation"),
        _("Add organisation"),
        "organizations",
        _("Organisation added"),
    )


@setup_view("GET", "HEAD", "POST")
def organizations_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Organization, pk=pk)
    given = {"name": row.name, "shares_tickets": row.shares_tickets}
    tags = {"tags": ", ".join(row.tags.values_list("name", flat=True))}
    form = OrganizationForm(request.POST if request.method == "POST" else None, initial=given | tags)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in given}
        actions.edit_organization(row, by=reader(request), **said)
        actions.tag_customer(row, words_of(form.cleaned_data["tags"]), by=reader(request))

    return form_page(
        request, form, save, row.name, _("Save organisation"), "organizations", _("Organisation saved")
    )
