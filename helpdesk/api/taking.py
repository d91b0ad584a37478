"""Taking the next ticket."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from duty import actions
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, answer_once, read_body
from helpdesk.api.parts import ONCE, REFUSALS, member, represented


class TakenOut(serializers.Serializer[Any]):
    ticket = shapes.TicketOut(allow_null=True)


class TakeNext(ApiView):
    @extend_schema(
        operation_id="take_next",
        summary="Take the next ticket",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={200: TakenOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """The ticket of your teams that is due next and belongs to nobody becomes yours; null where none
        waits. Refused while you are away or outside of your working hours. Members only."""
        return answer_once(request, lambda: self._act(request))

    def _act(self, request: Request) -> Answer:
        person = member(request)
        read_body(request, shapes.Nothing)
        ticket = actions.take_next(person)
        return 200, {"ticket": represented(ticket, request) if ticket else None}
