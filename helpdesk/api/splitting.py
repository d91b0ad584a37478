"""Splitting messages off into a ticket of their own."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, REFUSALS, Deed, represented
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.models import Ticket


class Split(Deed):
    @extend_schema(
        operation_id="split",
        summary="Split messages off into a ticket of their own",
        parameters=[ONCE],
        request=shapes.Split,
        responses={201: shapes.TicketOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """The new ticket has copies; notes stay notes. Its clocks begin with the customer's first message."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, shapes.Split, user=request.user)
        requester = None
        if address := body.get("requester_email", "").lower():
            requester = access.people_visible_to(request.user).filter(email=address).first()
            if requester is None:
                raise NotAllowed(_("The requester of the new ticket has to be one of those who wrote."))
        with refusing_values("messages"):
            new = actions.split(
                row,
                body["messages"],
                subject=body.get("subject", ""),
                requester=requester,
                by=reader(request),
            )
        return 201, represented(new, request)
