"""Tickets: the list, opening, reading one with its messages and files."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import company
from helpdesk.api import lists, represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, represented, visible
from helpdesk.downloads import download
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.models import Channel, Priority, Speaker, Ticket, TicketType

MESSAGE_ORDER = lists.Order("said_at", "said_at", falling=False)


class Tickets(ApiView):
    """The list, and opening."""

    def query_class_for(self, request: Request) -> type[Strict]:
        return lists.TicketQuery if reader(request).is_member else lists.OwnTicketQuery

    @extend_schema(
        operation_id="list_tickets",
        summary="List tickets",
        parameters=[lists.TicketQuery],
        responses={200: shapes.TicketPageOut, **READ_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The tickets you may see, newest first. Customers may use status, search, ordering by created_at,
        page_size and cursor."""
        user = reader(request)
        query = self.query
        rows = lists.chosen(represent.with_parts(access.visible_to(user)), query, user)
        found, following = lists.page(rows, lists.Order.named(query["ordering"]), query, request)
        return Response({"next": following, "results": [represent.ticket(row, request) for row in found]})

    @extend_schema(
        operation_id="open_ticket",
        summary="Open a ticket",
        parameters=[ONCE],
        request=shapes.NewTicketForSomebody,
        responses={201: shapes.TicketOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Members open tickets for somebody, by address. Customers open their own and send subject and text
        only."""
        return answer_once(request, lambda: self._open(request))

    @transaction.atomic
    def _open(self, request: Request) -> Answer:
        user = reader(request)
        body = read_body(
            request, shapes.NewTicketForSomebody if user.is_member else shapes.NewTicket, user=user
        )
        team = body.get("team") or company.team_for_new_tickets()
        if team is None:
            raise NotAllowed(_("There is no team yet that could take a ticket."))
        requester = user
        if user.is_member:
            with refusing_values("requester_email"):
                requester = actions.meet(body["requester_email"], name=body.get("requester_name", ""))
        with refusing_values():
            row = actions.open_ticket(
                requester=requester,
                subject=body["subject"],
                words=body["text"],
                team=team,
                by=user,
                channel=body.get("channel", Channel.API),
                priority=shapes.PRIORITIES[body["priority"]] if "priority" in body else Priority.NORMAL,
                type=body.get("type", TicketType.QUESTION),
                assignee=body.get("assignee"),
                tags=body.get("tags", ()),
                spoke_first=body.get("spoke_first", Speaker.CUSTOMER),
            )
        return 201, represented(row, request)


class OneTicket(ApiView):
    """A ticket with what was said on it."""

    @extend_schema(
        operation_id="read_ticket",
        summary="Read a ticket",
        responses={200: shapes.TicketWithMessagesOut, **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """A ticket and its first hundred messages. Notes are shown to members only."""
        row = visible(request, number)
        found, following = _messages(request, row, {"page_size": 100})
        shown = represent.ticket(row, request) | {"messages": found}
        path = request.build_absolute_uri(f"{request.path}messages/")
        shown["more_messages"] = following and f"{path}?{following.partition('?')[2]}"
        return Response(shown)


class Messages(ApiView):
    query_class = lists.Page

    @extend_schema(
        operation_id="list_messages",
        summary="List a ticket's messages",
        parameters=[lists.Page],
        responses={200: shapes.MessagePageOut, **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """What was said on a ticket, oldest first. Notes are shown to members only."""
        found, following = _messages(request, visible(request, number), self.query)
        return Response({"next": following, "results": found})


def _messages(
    request: Request, row: Ticket, query: dict[str, Any]
) -> tuple[list[dict[str, Any]], str | None]:
    works = access.can_work(request.user, row)
    rows = represent.with_files(access.messages_visible_to(request.user, row))
    found, following = lists.page(rows, MESSAGE_ORDER, query, request)
    return represent.messages(found, request, works), following


class OneAttachment(ApiView):
    @extend_schema(
        operation_id="download_attachment",
        summary="Download a file",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> HttpResponse:
        """A file of a message that you may read, always as a download."""
        row = Ticket.objects.filter(messages__attachments=number).first()
        files = access.attachments_visible_to(request.user, row) if row else None
        found = files.select_related("blob").filter(pk=number).first() if files is not None else None
        if found is None:
            raise Http404
        return download(found)
