"""Deleting a ticket, and bringing it back."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, answer_once, read_body, reader
from helpdesk.api.parts import ONCE, REFUSALS, Deed, represented
from tickets import access, actions
from tickets.models import Ticket
from tickets.queries import gone_for_good_at


class Delete(Deed):
    """Deleting: the ticket cannot be shown afterwards."""

    @extend_schema(
        operation_id="delete",
        summary="Delete a ticket",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={200: shapes.DeletedOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """For supervisors and administrators. The ticket is gone at once and can be restored for 30 days."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        read_body(request, shapes.Nothing, user=request.user)
        gone = actions.delete(row, by=reader(request))
        return 200, {"id": gone.pk, "erased_at": gone_for_good_at(gone)}


class Restore(Deed):
    @extend_schema(
        operation_id="restore",
        summary="Bring a deleted ticket back",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={200: shapes.TicketOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """For supervisors and administrators, within 30 days."""
        row = access.deleted_visible_to(request.user).filter(pk=number).first()
        if row is None:
            raise Http404
        return answer_once(request, lambda: self.act(request, row))

    def act(self, request: Request, row: Ticket) -> Answer:
        read_body(request, shapes.Nothing, user=request.user)
        return 200, represented(actions.restore(row, by=reader(request)), request)
