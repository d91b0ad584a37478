"""What every view of the desk shares: who may enter, finding a ticket, going on after a post."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sla.queries import with_next_due
from tickets import access
from tickets.models import Ticket, User
from tickets.statements import NUMBER, kept_models

View = Callable[..., HttpResponse]


class NoSuchTicket(Exception):
    """The number is unknown or belongs to somebody else: both look the same."""


def desk_view(*methods: str) -> Callable[[View], View]:
    """A page for members; the signed-out go to sign in, for customers the desk does not exist."""

    def wrap(view: View) -> View:
        @never_cache
        @require_http_methods(list(methods) or ["GET", "HEAD"])
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(_page_of(request, kwargs))
            if not access.is_member(request.user):
                raise Http404
            try:
                return view(request, *args, **kwargs)
            except NoSuchTicket:
                # Taken away while somebody wrote: what was typed comes back, to be copied.
                typed = {"typed": request.POST.get("text", "").strip()}
                return render(request, "desk/no_such_ticket.html", typed, status=404)

        return guarded

    return wrap


def is_part(request: HttpRequest) -> bool:
    """Whether a page that is open asks for parts: opened by itself, and restored from the history of htmx,
    an address is a whole page."""
    return bool(request.htmx and not request.htmx.history_restore_request)  # type: ignore[attr-defined]


def _page_of(request: HttpRequest, kwargs: dict[str, Any]) -> str:
    """Where to go on after signing in: this page, or the one whose form was posted."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    if "number" in kwargs:
        return reverse("desk:ticket", args=[kwargs["number"]])
    return request.path if request.path == reverse("desk:new") else reverse("desk:queue")


def find_ticket(request: HttpRequest, number: int) -> Ticket:
    """The ticket, `with_next_due`, if the reader may work on it. Raises NoSuchTicket."""
    user: Any = request.user
    found = kept_models(
        ("ticket", access.footing(user)),
        lambda: _ticket(access.someone_like(user)),
        number=min(number, NUMBER),
        reader=user.pk,
    )
    if not found:
        raise NoSuchTicket
    return found[0]


def _ticket(user: User) -> QuerySet[Ticket]:
    rows = access.worked_by(user).select_related("requester__organization", "team", "assignee", "follows")
    return with_next_due(rows.filter(pk=NUMBER))


def see_other(path: str) -> HttpResponse:
    """After a POST: show that page (303), so that a reload repeats nothing."""
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def tell(request: HttpRequest, text: str, undo: str = "") -> None:
    """A toast on the next page; `undo` is a path to which its Undo button posts, from the same place in the
    list."""
    place = {name: request.GET[name] for name in ("view", "sort", "q") if request.GET.get(name)}
    if undo and place and "view=" not in undo:
        undo += ("&" if "?" in undo else "?") + urlencode(place)
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
