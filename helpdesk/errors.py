"""The pages people see when something is wrong. None of them needs the database.

A request that failed because PostgreSQL was away (restarting, full, too slow) is answered 503 and gives the
typed words back, with a button that sends the same form again.
"""

import logging
import re
import sys
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.template import loader
from django.utils.html import format_html
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10
# Fields of a form that are not somebody's words.
_MACHINE_FIELDS = {"csrfmiddlewaretoken"}
_SAYING = re.compile(r"(/desk/tickets/\d+/)(reply|note)/")
_SECRET_FIELDS = {"password", "password1", "password2", "oldpassword"}


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
        _("This form is too old"),
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
    """Called while the exception is being handled, so that its kind decides between 503 and 500."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    return _answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong here"),
        _("Nothing was left half done. Try again; if it happens again, tell us what you were doing."),
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 for a database that is away, with the posted form to be sent again."""
    fields, had_files = _posted(request)
    title = _("The helpdesk is restarting")
    advice = _("This takes a few seconds. Nothing was lost; try again in a moment.")
    said = _SAYING.match(request.path) if fields else None
    if said:
        title = _("Your reply was not sent") if said[2] == "reply" else _("Your note was not added")
        advice = _(
            "The server did not answer. The text is safe below. Nobody has got it. Try again in a moment."
        )
    response = _answer(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        title,
        advice,
        fields=fields,
        had_files=had_files,
        ticket_path=said[1] if said else "",
    )
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _posted(request: HttpRequest) -> tuple[list[tuple[str, str, bool]], bool]:
    """Name, value and "is it somebody's words" of each field of the form that could not be taken; and whether
    files came with it, which cannot be given back."""
    if request.method != "POST":
        return [], False
    try:
        fields = [
            (name, value, name not in _MACHINE_FIELDS and (" " in value or "\n" in value))
            for name, values in request.POST.lists()
            for value in values
            if name not in _SECRET_FIELDS
        ]
        return fields, bool(request.FILES)
    except (RawPostDataException, MultiPartParserError, OSError):
        return [], False


def _answer(request: HttpRequest, status: HTTPStatus, title: str, advice: str, **more: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        error = {"code": status.name.lower(), "message": f"{title}. {advice}", "fields": {}}
        return JsonResponse({"error": error}, status=status)
    context = {
        "status": int(status),
        "title": title,
        "advice": advice,
        "path": request.get_full_path(),
        "fields": [],
        "had_files": False,
        "ticket_path": "",
        **more,
    }
    try:
        # Without the request: context processors would ask the database who is signed in.
        page = loader.get_template("errors/page.html").render(context)
    except Exception:  # an error page must not fail, whatever broke before it
        logger.exception("the error page could not be rendered")
        page = format_html("<!doctype html><title>{0}</title><h1>{0}</h1><p>{1}</p>", title, advice)
    return HttpResponse(page, status=status)
