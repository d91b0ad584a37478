"""What the API's rooms share: the header against repetition, the refusals, finding a ticket, deeds on one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, answer_once, reader
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import Ticket, User

ONCE = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 characters of your choice. The same request under the same key acts once.",
)
REFUSALS = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429), shapes.ErrorOut)
READ_REFUSALS = dict.fromkeys((400, 401, 404, 429), shapes.ErrorOut)


def visible(request: Request, number: int) -> Ticket:
    """The ticket, or the one 404 for what is absent and what is forbidden."""
    row = represent.with_parts(access.visible_to(request.user)).filter(pk=number).first()
    if row is None:
        raise Http404
    return row


def represented(row: Ticket, request: Request) -> dict[str, Any]:
    """A ticket as it stands after a change, also when the reader has just passed it out of their sight."""
    return represent.ticket(represent.with_parts(Ticket.objects.filter(pk=row.pk)).get(), request)


def member(request: Request) -> User:
    """The token's person, for what customers do not have: to them it does not exist."""
    if not access.is_member(request.user):
        raise Http404
    return reader(request)


class Deed(ApiView):
    """Something done to one ticket. Who sees the ticket without working on it is refused before the body is
    read, unless the deed is open to customers."""

    for_customers: ClassVar[bool] = False

    def post(self, request: Request, number: int) -> Response:
        row = visible(request, number)
        if not self.for_customers and not access.can_work(request.user, row):
            raise NotAllowed(_("You may not change this ticket."))
        return answer_once(request, lambda: self.act(request, row))

    def act(self, request: Request, row: Ticket) -> Answer:
        raise NotImplementedError


def said(request: Request, row: Any) -> Answer:
    """The answer of what said something: the message."""
    message = represent.with_files(type(row).objects.filter(pk=row.pk)).get()
    return 201, represent.message(message, request, access.can_work(request.user, message.ticket))
