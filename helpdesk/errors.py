"""The pages people see when something is wrong. None of them needs the database.

A request that failed because PostgreSQL was away (restarting, full, too slow) is answered 503 and gives the
typed words back, with a button that sends the same form again.
"""

import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import get_language
from django.utils.translation import gettext as _

RETRY_AFTER_SECONDS = 10
# Form fields that are not somebody's words.
_MACHINE_FIELDS = {"csrfmiddlewaretoken"}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(
        request,
        HTTPStatus.BAD_REQUEST,
        _("This request could not be read"),
        _("Go back and try it once more."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(
        request,
        HTTPStatus.FORBIDDEN,
        _("This is not open to you"),
        _("Sign in with another account, or ask your administrator for access."),
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(
        request,
        HTTPStatus.FORBIDDEN,
        _("This form had grown too old"),
        _("Go back, load the page again and send the form once more."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is nothing here"),
        _("The address may be mistyped, or what was here is not open to you."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    return _answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong here"),
        _("Nothing you sent was half done. Try again; if it happens again, tell us what you were doing."),
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    response = _answer(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        _("The helpdesk is restarting"),
        _("This takes a few seconds. Nothing was lost; try again in a moment."),
        fields=_posted(request),
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _posted(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """Name, value and "is it somebody's words" of each field of the form that could not be taken."""
    if request.method != "POST":
        return []
    return [
        (name, value, name not in _MACHINE_FIELDS and (" " in value or "\n" in value))
        for name, values in request.POST.lists()
        for value in values
    ]


def _answer(request: HttpRequest, status: HTTPStatus, title: str, advice: str, **more: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": f"{title}. {advice}"}, status=status)
    context = {
        "status": int(status),
        "title": title,
        "advice": advice,
        "path": request.get_full_path(),
        "language": get_language() or "en",
        "fields": [],
        **more,
    }
    # Without the request: context processors would ask the database who is signed in.
    return HttpResponse(loader.get_template("errors/page.html").render(context), status=status)
