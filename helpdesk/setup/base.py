"""What every view of setup shares: who may enter, the rail, and forms that count once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.once import KeyReused, once
from helpdesk.setup.forms import Nothing, SetupForm
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import User

View = Callable[..., HttpResponse]


def setup_view(*methods: str, members: bool = False, overseers: bool = False) -> Callable[[View], View]:
    """A page for administrators (with `overseers`: for supervisors too, with `members`: for everybody who
    works here). Signed-out readers go to the sign-in page; for all others setup does not exist."""

    def wrap(view: View) -> View:
        @never_cache
        @require_http_methods(list(methods) or ["GET", "HEAD"])
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            may = access.can_set_promises if overseers else access.can_administer
            if not (access.is_member if members else may)(request.user):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def reader(request: HttpRequest) -> User:
    """The signed-in person; every view here has refused the others."""
    assert isinstance(request.user, User)
    return request.user


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """A page of setup with its rail."""
    shared = {"area": "setup", "problem": status >= 400, "rail_items": rail(request)}
    return render(request, f"setup/{template}.html", shared | context, status=status)


def rail(request: HttpRequest) -> list[tuple[str, str, str, None, bool]]:
    """The rooms of setup that the reader may enter: (path, word, icon, no count, is current)."""
    tokens = ("tokens", _("API tokens"), "key")
    promises = ("hours", _("Calendars and SLA"), "clock")
    work = ("jobs", _("Background work"), "settings")
    rooms = [
        ("index", _("Start"), "list"),
        ("company", _("Company"), "flag"),
        ("addresses", _("Mail addresses"), "at"),
        ("sources", _("Mailboxes"), "box"),
        ("mail", _("Mailroom"), "mail"),
        promises,
        ("teams", _("Teams"), "team"),
        ("people", _("People"), "people"),
        ("organizations", _("Organisations"), "globe"),
        ("topics", _("Topics"), "tag"),
        ("wording", _("Mail texts"), "pen"),
        ("replies", _("Saved replies"), "saved"),
        ("surveys", _("Surveys"), "star"),
        work,
        ("faults", _("Put aside"), "alert"),
        tokens,
    ]
    match = request.resolver_match
    here = (match.url_name or "").partition("_")[0] if match else ""
    if access.can_administer(request.user):
        shown = rooms
    else:
        shown = [promises, work, tokens] if access.can_set_promises(request.user) else [tokens]
    return [(reverse(f"setup:{name}"), word, icon, None, name == here) for name, word, icon in shown]


def done(request: HttpRequest, path: str, text: str) -> HttpResponse:
    """After a change: say so on the page at `path` (303, so that a reload repeats nothing)."""
    messages.success(request, text)
    return see(path)


def see(path: str) -> HttpResponse:
    """On to another page (303, so that a reload repeats nothing)."""
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def settle(
    request: HttpRequest,
    form: SetupForm,
    act: Callable[[], Any],
    *,
    to: Callable[[], str],
    said: str,
    again: Callable[[int], HttpResponse],
) -> HttpResponse:
    """Take a posted form. Invalid or refused, it comes back by `again(status)` with its values; else `act`
    runs once, however often the form is sent, and the reader goes `to` a page that says `said`."""
    if not form.is_valid():
        if "once" in form.errors:
            form.renew()
        return again(422)
    try:
        once(f"user:{reader(request).pk}", form.key(request), form.fingerprint(), lambda: _nothing(act()))
    except KeyReused:
        form.add_error(None, _("This form was sent before with other values. Check it and save it again."))
        form.renew()
        return again(409)
    except (NotAllowed, ValueError) as refusal:
        form.add_error(form.blamed, str(refusal))
        return again(422)
    except IntegrityError:
        form.add_error(form.blamed, _("This name is taken. Choose another one."))
        return again(422)
    return done(request, to(), said)


def form_page(
    request: HttpRequest,
    form: SetupForm,
    save: Callable[[], Any],
    title: str,
    button: str,
    room: str,
    said: str,
    template: str = "",
    **extra: Any,
) -> HttpResponse:
    """The page of one form (`template`, else setup/form.html); sent, it leads to the room or comes back."""
    template = template or "form"
    back = reverse(f"setup:{room}")
    context = {"form": form, "title": title, "button": button, "back": back, **extra}
    if request.method != "POST":
        return page(request, template, **context)
    return settle(
        request,
        form,
        save,
        to=lambda: back,
        said=said,
        again=lambda status: page(request, template, status, **context),
    )


def press(
    request: HttpRequest, act: Callable[[], Any], to: str, said: str, form: SetupForm | None = None
) -> HttpResponse:
    """A button that counts once; a refusal is told on a page of its own that leads back."""
    form = form or Nothing(request.POST)
    return settle(
        request,
        form,
        act,
        to=lambda: to,
        said=said,
        again=lambda status: page(request, "refused", status, form=form, back=to),
    )


def _nothing(_answer: Any) -> bool:
    """What is kept of a form's act: that it ran."""
    return True
