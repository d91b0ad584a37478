"""Signing in and out, passwords, invitations, preferences. allauth does most of the work."""

from __future__ import annotations

import math
from typing import Any

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from helpdesk.accounts import forms, invitations, sessions, tries
from helpdesk.accounts.adapter import home_of, too_many
from helpdesk.context import path_of
from tickets import access, actions
from tickets.models import Role, User

_FIRST_ADMIN_LOCK = 7_430_002  # an advisory lock's number, ours alone


class Honest:
    """A form that was not accepted is answered 422, and one try too many 429."""

    request: HttpRequest

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)  # type: ignore[misc]
        if hasattr(response, "context_data"):
            response.context_data["problem"] = True
            refuse(self.request, response)
        return response


class NotCaught:
    """Whoever has asked for a code may still sign in another way, or ask for another address."""

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        return None


def refuse(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Give the answer to an invalid form its status."""
    wait = getattr(request, "wait", None)
    response.status_code = 422 if wait is None else 429
    if wait is not None:
        response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response


class SignIn(Honest, NotCaught, allauth_views.LoginView):
    form_class = forms.SignIn

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        if self.request.user.is_authenticated:
            sessions.begin(self.request, self.request.user)  # allauth has set a limit of its own
        return response


class AskForCode(Honest, NotCaught, allauth_views.RequestLoginCodeView):
    form_class = forms.AskForCode

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}


class EnterCode(Honest, allauth_views.ConfirmLoginCodeView):
    """The link in the mail fills the code in; only the button uses it."""

    form_class = forms.EnterCode

    def get_initial(self) -> dict[str, Any]:
        return super().get_initial() | {"code": self.request.GET.get("code", "")[:20]}


class ChangePassword(Honest, allauth_views.PasswordChangeView):
    form_class = forms.ChangePassword


class SetPassword(Honest, allauth_views.PasswordSetView):
    pass


class ResetPassword(Honest, allauth_views.PasswordResetView):
    def form_valid(self, form: Any) -> HttpResponse:
        email = form.cleaned_data["email"].lower()
        wait = tries.wait("reset", mail=email, address=tries.address_of(self.request))
        if wait is not None:
            form.add_error(None, too_many(self.request, wait))
            return self.form_invalid(form)
        return super().form_valid(form)


class ResetPasswordFromKey(Honest, allauth_views.PasswordResetFromKeyView):
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        actions.prove_address(self.reset_user)
        return response


@never_cache
def join_link(request: HttpRequest, uid: int, token: str) -> HttpResponse:
    """Take an invitation's token out of the address. Opening the link uses nothing up."""
    return _swap(request, "account_join_here", [uid, token])


@never_cache
@sensitive_post_parameters("password")
def join(request: HttpRequest) -> HttpResponse:
    """Where an invited person chooses a name and a password."""
    uid, token = _held(request, "account_join_here", [0, ""])
    person = invitations.invited_by(uid, token)
    if person is None:
        if request.user.pk == uid:
            return redirect(home_of(request.user))
        return render(request, "account/link_ended.html", {"kind": "join"}, status=404)
    form = forms.ChoosePassword(request.POST or None, person=person, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        return _enter(request, _join(person, token, **form.cleaned_data))
    return _page(request, "account/join.html", form, person=person)


def _join(person: User, token: str, *, name: str, password: str) -> User | None:
    """None when the link was used meanwhile."""
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        if invitations.invited_by(person.pk, token) is None:
            return None
        person = actions.join(person, name=name)
        get_adapter().set_password(person, password)
        return person


@never_cache
def first_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the first administrator's token out of the address."""
    return _swap(request, "account_first_here", token)


@never_cache
@sensitive_post_parameters("password")
def first_administrator(request: HttpRequest) -> HttpResponse:
    """Makes the first administrator of an empty installation, and closes itself with that."""
    if not invitations.opens_first_admin(_held(request, "account_first_here", "")):
        return render(request, "account/link_ended.html", {"kind": "first"}, status=404)
    form = forms.FirstAdministrator(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _enter(request, _make_first_administrator(**form.cleaned_data), path_of("setup:index"))
    return _page(request, "account/first_administrator.html", form)


def _make_first_administrator(*, name: str, email: str, password: str) -> User | None:
    """None when somebody else was faster."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_FIRST_ADMIN_LOCK])
        if invitations.has_administrator():
            return None
        person = actions.invite(email, name=name, role=Role.ADMINISTRATOR, by=None)
        person = actions.join(person, name=name)
        get_adapter().set_password(person, password)
        return person


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """How somebody is called, in which language and time zone they read, and what they are told of."""
    user = request.user
    assert isinstance(user, User)
    initial = {
        "name": user.name,
        "time_zone": user.time_zone,
        "language": user.language,
        "salutation": user.salutation,
        "plain_mail": user.wants_plain_mail,
    }
    form = forms.Preferences(request.POST if request.method == "POST" else None, person=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            # Read under the lock: other wishes of the person stand beside these.
            kept = User.objects.select_for_update(no_key=True).get(pk=user.pk).preferences
            wished = {"preferences": kept | form.wished()}
            actions.edit_person(user, by=user, **form.said(), **wished)
        messages.success(request, _("Saved."))
        return redirect("account_preferences")
    mails = path_of("reports:mails") if access.can_see_reports(user) else ""
    return _page(request, "account/preferences.html", form, home=home_of(user), report_mails=mails)


def _page(request: HttpRequest, template: str, form: Any, **more: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    context = {"form": form, "problem": form.is_bound, **more}
    return render(request, template, context, status=status)


def _swap(request: HttpRequest, route: str, secret: Any) -> HttpResponse:
    """Keep a link's secret in the session and go on to an address without it."""
    request.session[route] = secret
    response = redirect(route)
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _held(request: HttpRequest, route: str, default: Any) -> Any:
    return request.session.get(route, default)


def _enter(request: HttpRequest, person: User | None, target: str = "") -> HttpResponse:
    """Sign somebody in who has just proven who they are; without anybody, lead to the sign-in."""
    if person is None:
        return redirect("account_login")
    get_adapter().login(request, person)
    response = HttpResponseRedirect(target or home_of(person))
    tries.remember_device(response, person, secure=request.is_secure())
    return response
