"""What all API views share: strict bodies and queries, and safe repetition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpdesk.once import KEY_LENGTH, once
from tickets.models import User


class Strict(serializers.Serializer[Any]):
    """A serializer for which an unknown name is an error that lists the known ones."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = [name for name in data if name not in known]
            if unknown:
                words = _("Not known here. Known: %(names)s.") % {"names": ", ".join(known) or _("nothing")}
                raise ValidationError({str(name)[:100]: [words] for name in unknown[:50]})
        return super().to_internal_value(data)


class NoQuery(Strict):
    """For addresses that take no parameters."""


class ApiView(APIView):
    """A view whose query parameters are those of `query_class` and no others."""

    query_class: type[Strict] = NoQuery
    query: dict[str, Any]
    takes_files: ClassVar[bool] = False
    """Whether a form with files is taken, which is not read whole into memory."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in ("GET", "HEAD", "OPTIONS") and not self._is_form(request):
            _ = request._request.body  # read whole, within DATA_UPLOAD_MAX_MEMORY_SIZE
        reads = request.method in ("GET", "HEAD")
        self.query = read_query(request, self.query_class_for(request) if reads else NoQuery)

    def _is_form(self, request: Request) -> bool:
        return self.takes_files and (request.content_type or "").startswith("multipart/")

    def query_class_for(self, request: Request) -> type[Strict]:
        return self.query_class


def reader(request: Request) -> User:
    """The person who asks; every view here has refused those without a token."""
    return cast(User, request.user)


def read_query(request: Request, query_class: type[Strict]) -> dict[str, Any]:
    """The validated query parameters. Lists may be given by commas or by repetition, the rest once."""
    query = query_class(data={})
    fields = query.fields
    data: dict[str, Any] = {}
    for name, values in request.query_params.lists():
        if isinstance(fields.get(name), serializers.ListField):
            data[name] = [part.strip() for value in values for part in value.split(",") if part.strip()]
        elif len(values) > 1:
            raise ValidationError({name[:100]: [_("Give this once.")]})
        else:
            data[name] = values[0]
    query = query_class(data=data)
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


def read_body(request: Request, body_class: type[Strict], **context: Any) -> dict[str, Any]:
    """The validated body."""
    body = body_class(data=request.data, context=context)
    body.is_valid(raise_exception=True)
    found: dict[str, Any] = body.validated_data
    return found


Answer = tuple[int, Any]
"""Status code and body."""


def answer_once(request: Request, act: Callable[[], Answer], body: bytes | None = None) -> Response:
    """Run `act`; under an Idempotency-Key only the first time, and answer repetitions like the first.

    The key belongs to the person and to this exact request (method, path and body; `body` stands for one
    that was not read whole). A refused request keeps no key, so it may be mended and sent again under the
    same one.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        code, found = act()
        return Response(found, status=code)
    if not 0 < len(key) <= KEY_LENGTH:
        words = _("Must have 1 to %(limit)s characters.") % {"limit": KEY_LENGTH}
        raise ValidationError({"Idempotency-Key": [words]})
    owner, identity = f"user:{request.user.pk}", _identity(request._request, body)
    (code, text), repeated = once(owner, key, identity, lambda: _kept(*act()))
    response = Response(json.loads(text), status=code)
    if repeated:
        response["Idempotency-Replayed"] = "true"
    return response


def _identity(request: HttpRequest, body: bytes | None) -> bytes:
    return f"{request.method} {request.path}\n".encode() + (request.body if body is None else body)


def _kept(code: int, body: Any) -> list[Any]:
    """The answer as it is kept: the body as text, so that a repetition repeats it sign by sign."""
    return [code, JSONRenderer().render(body).decode()]


@contextmanager
def refusing_values(field: str = "") -> Iterator[None]:
    """What an action calls a wrong value (ValueError, its text is for the reader) is a 400 about `field`."""
    try:
        yield
    except ValueError as error:
        raise ValidationError({field: [str(error)]}) from error
