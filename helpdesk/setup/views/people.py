"""People: the team and the customers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import actions as outward
from helpdesk.setup import queries
from helpdesk.setup.base import form_page, page, press, reader, settle, setup_view
from helpdesk.setup.forms import InviteForm, Nothing, PersonForm, RoleForm, SetupForm, words_of
from tickets import access, actions
from tickets.models import User


@setup_view()
def people(request: HttpRequest) -> HttpResponse:
    who = request.GET.get("who", "team")
    who = who if who in queries.WHO else "team"
    words = request.GET.get("q", "").strip()[:100]
    found, more = queries.people(reader(request), who, words, _place(request.GET.get("after", "")))
    shown = ngettext("%(number)s person shown", "%(number)s people shown", len(found))
    return page(
        request,
        "people",
        people=found,
        who=who,
        words=words,
        shown=shown % {"number": len(found)},
        after=f"{found[-1].pk}-{found[-1].name.lower()}" if more else None,
        is_first="after" not in request.GET,
    )


def _place(words: str) -> tuple[str, int] | None:
    """The person after whom the page begins: their id, a dash and their name in lower case."""
    number, dash, name = words.replace("\x00", "").partition("-")
    return (
        (name[:200], int(number))
        if dash and number.isascii() and number.isdigit() and len(number) < 18
        else None
    )


@setup_view("GET", "HEAD", "POST")
def people_invite(request: HttpRequest) -> HttpResponse:
    form = InviteForm(request.POST if request.method == "POST" else None)

    def save() -> None:
        said = form.cleaned_data
        actions.invite(
            said["email"], name=said["name"], role=said["role"], teams=said["teams"], by=reader(request)
        )

    said = _("Invitation sent to %(address)s") % {"address": str(form.data.get("email", "")).strip()}
    return form_page(request, form, save, _("Invite somebody"), _("Send invitation"), "people", said)


def _person(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(access.people_visible_to(request.user), pk=pk)


@setup_view("GET", "HEAD", "POST")
def people_edit(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(request, pk)
    if request.method != "POST":
        return _page(request, person)
    form = PersonForm(request.POST)

    def save() -> None:
        said = {name: form.cleaned_data[name] for name in ("name", "phone", "organization", "account")}
        said["account"] = said["account"] or person.account
        actions.edit_person(person, by=reader(request), **said)
        actions.tag_customer(person, words_of(form.cleaned_data["tags"]), by=reader(request))

    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:people_edit", args=[pk]),
        said=_("Person saved"),
        again=lambda status: _page(request, person, status, form=form),
    )


@setup_view("POST")
def people_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Role and teams; both count from the person's next request on."""
    person = _person(request, pk)
    form = RoleForm(request.POST)

    def save() -> None:
        if form.cleaned_data["role"] != person.role:
            actions.set_role(person, form.cleaned_data["role"], by=reader(request))
        actions.set_teams(person, form.cleaned_data["teams"], by=reader(request))

    return settle(
        request,
        form,
        save,
        to=lambda: reverse("setup:people_edit", args=[pk]),
        said=_("Role and teams saved"),
        again=lambda status: _page(request, person, status, role_form=form),
    )


@setup_view("POST")
def people_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(request, pk)
    act = partial(actions.deactivate, person, by=reader(request))
    said = _("%(name)s is deactivated") % {"name": person}
    return press(request, act, reverse("setup:people_edit", args=[pk]), said)


@setup_view("POST")
def people_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    person = _person(request, pk)
    act = partial(actions.reactivate, person, by=reader(request))
    said = _("%(name)s is active again") % {"name": person}
    return press(request, act, reverse("setup:people_edit", args=[pk]), said)


@setup_view("POST")
def people_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation once more; the new link works, and so does the old one until it ends."""
    person = _person(request, pk)
    act = partial(outward.invite_again, person, by=reader(request))
    said = _("Invitation sent to %(address)s") % {"address": person.email}
    return press(request, act, reverse("setup:people_edit", args=[pk]), said)


def _page(
    request: HttpRequest,
    person: User,
    status: int = 200,
    form: SetupForm | None = None,
    role_form: SetupForm | None = None,
) -> HttpResponse:
    about = {"name": person.name, "phone": person.phone, "organization": person.organization_id}
    about["account"] = person.account
    about["tags"] = ", ".join(person.tags.values_list("name", flat=True))
    filing: dict[str, Any] = {"role": person.role, "teams": list(person.teams.values_list("pk", flat=True))}
    return page(
        request,
        "person",
        status,
        person=person,
        is_self=person.pk == reader(request).pk,
        has_joined=person.last_login is not None,
        form=form or PersonForm(initial=about),
        role_form=role_form or RoleForm(initial=filing),
        faulty=role_form or form,
        bare=Nothing(),
    )
