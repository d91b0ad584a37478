"""Every refusal has one shape: `{"error": {"code", "message", "fields": {name: [words]}}}`."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from helpdesk.once import KeyReused
from tickets.actions import Conflict, NotAllowed

logger = logging.getLogger("helpdesk.api")
denials = logging.getLogger("helpdesk.security")


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """The answer to anything a view raises (DRF's EXCEPTION_HANDLER)."""
    request = context["request"]
    response = _known(exc) or _from_framework(exc, context) or _unforeseen(exc, context)
    if response.status_code in (401, 403, 404, 429):
        who = getattr(getattr(request, "user", None), "pk", None)
        method, path = request.method, request.path
        denials.info("api %s: person %s, %s %r", response.status_code, who, method, path)
    return response


def _known(exc: Exception) -> Response | None:
    """Refusals of our own domain, and those for which the framework has no words."""
    if isinstance(exc, Conflict):
        return _refuse(409, "conflict", str(exc))
    if isinstance(exc, NotAllowed | PermissionDenied | exceptions.PermissionDenied):
        words = str(exc) if isinstance(exc, NotAllowed) else _("You may not do this.")
        return _refuse(403, "not_allowed", words)
    if isinstance(exc, Http404 | exceptions.NotFound):
        return _refuse(404, "not_found", _("There is nothing here, or it is not open to you."))
    if isinstance(exc, KeyReused):
        return _refuse(
            422, "key_reused", _("This Idempotency-Key came with another request before. Use a new one.")
        )
    if isinstance(exc, RequestDataTooBig):
        return _refuse(413, "too_large", _("This request is too large. Send less at once."))
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(exc)
    return None


def _invalid(exc: exceptions.ValidationError) -> Response:
    detail = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
    fields = {str(name): _words(words) for name, words in detail.items()}
    general = fields.pop("non_field_errors", []) + fields.pop("", [])
    message = " ".join(general) or _("Some fields are not right. Nothing was changed.")
    return _refuse(400, "invalid", message, fields)


def _words(found: Any) -> list[str]:
    """All messages below one field, flat."""
    if isinstance(found, dict):
        return [word for value in found.values() for word in _words(value)]
    if isinstance(found, list | tuple):
        return list(dict.fromkeys(word for value in found for word in _words(value)))
    return [str(found)]


CODES = {
    400: "unreadable",
    401: "not_signed_in",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many",
}


def _from_framework(exc: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(exc, context)
    if response is None:
        return None
    message = str(getattr(exc, "detail", exc))
    if isinstance(exc, exceptions.Throttled):
        message = _("Too many requests. Wait %(seconds)s seconds.") % {
            "seconds": int(getattr(exc, "wait", 1) or 1)
        }
    elif isinstance(exc, exceptions.NotAuthenticated):
        message = _("Send your token: “Authorization: Token …”.")
    response.data = _body(CODES.get(response.status_code, "refused"), message)
    return response


def _unforeseen(exc: Exception, context: dict[str, Any]) -> Response:
    """A fault of ours: told without details, logged with them."""
    set_rollback()
    request = context["request"]._request
    logger.error("%s %s failed", request.method, request.path, exc_info=exc)
    if isinstance(exc, OperationalError | InterfaceError):
        response = _refuse(503, "unavailable", _("The helpdesk is restarting. Try again in a moment."))
        response["Retry-After"] = "10"
        return response
    got_request_exception.send(sender=type(context["view"]), request=request)
    return _refuse(500, "failed", _("Something went wrong here. Nothing was half done; try again."))


def _refuse(code: int, name: str, message: str, fields: dict[str, list[str]] | None = None) -> Response:
    set_rollback()
    return Response(_body(name, message, fields), status=code)


def _body(name: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    return {"error": {"code": name, "message": message, "fields": fields or {}}}
