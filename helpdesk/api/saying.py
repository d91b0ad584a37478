"""Saying something on a ticket: publicly, or to the team only."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, REFUSALS, Deed, said
from tickets import access, actions
from tickets.models import Channel, Ticket


class Reply(Deed):
    for_customers = True

    @extend_schema(
        operation_id="reply",
        summary="Reply",
        parameters=[ONCE],
        request=shapes.Answered,
        responses={201: shapes.MessageOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Say something publicly, from your side. Customers send text only; long after a resolution their
        word opens a new ticket, which the answer names."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        works = access.can_work(request.user, row)
        body = read_body(request, shapes.Answered if works else shapes.Said, user=request.user)
        with refusing_values("text"):
            message = actions.reply(
                row,
                body["text"],
                by=reader(request),
                channel=Channel.API,
                then=body.get("then"),
                seen_seq=body.get("version"),
                hold=timedelta(seconds=body.get("hold_seconds", 0)),
            )
        return said(request, message)


class Note(Deed):
    @extend_schema(
        operation_id="note",
        summary="Write a note",
        parameters=[ONCE],
        request=shapes.Said,
        responses={201: shapes.MessageOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Say something to the team only."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, shapes.Said, user=request.user)
        with refusing_values("text"):
            return said(request, actions.add_note(row, body["text"], by=reader(request)))
