"""The API's addresses. Each calls the same actions and asks the same access as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import company
from helpdesk.api import lists, represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body, reader, refusing_values
from helpdesk.downloads import download
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.models import Channel, Priority, Speaker, Ticket, TicketType, User
from tickets.queries import gone_for_good_at

ONCE = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 characters of your choice. The same request under the same key acts once.",
)
REFUSALS = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429), shapes.ErrorOut)
READ_REFUSALS = dict.fromkeys((400, 401, 404, 429), shapes.ErrorOut)
MESSAGE_ORDER = lists.Order("said_at", "said_at", falling=False)


def visible(request: Request, number: int) -> Ticket:
    """The ticket, or the one 404 for what is absent and what is forbidden."""
    row = represent.with_parts(access.visible_to(request.user)).filter(pk=number).first()
    if row is None:
        raise Http404
    return row


def _represented(row: Ticket, request: Request) -> dict[str, Any]:
    """A ticket as it stands after a change, also when the reader has just passed it out of their sight."""
    return represent.ticket(represent.with_parts(Ticket.objects.filter(pk=row.pk)).get(), request)


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
        return 201, _represented(row, request)


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


class Change(Deed):
    """A change of the ticket by one action; `version` guards what others did meanwhile."""

    body_class: ClassVar[type[Strict]]
    change: ClassVar[Callable[[Ticket, dict[str, Any], User], Ticket]]

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, self.body_class, user=request.user)
        with transaction.atomic(), refusing_values():
            if "version" in body:
                actions.demand_version(row, body["version"])
            type(self).change(row, body, reader(request))
        return 200, _represented(row, request)


def _change(
    verb: str,
    summary: str,
    body_class: type[Strict],
    change: Callable[[Ticket, dict[str, Any], User], Ticket],
    for_customers: bool = False,
) -> type[Change]:
    """The view of one verb."""

    def post(self: Change, request: Request, number: int) -> Response:
        return Deed.post(self, request, number)

    described = extend_schema(
        operation_id=verb.replace("-", "_"),
        summary=summary,
        parameters=[ONCE],
        request=body_class,
        responses={200: shapes.TicketOut, **REFUSALS},
    )
    parts = {
        "body_class": body_class,
        "change": staticmethod(change),
        "for_customers": for_customers,
        "post": described(post),
        "__doc__": summary,
    }
    return type(verb.title().replace("-", ""), (Change,), parts)


def _other(number: int, user: User) -> Ticket:
    found = access.worked_by(user).filter(pk=number).first()
    if found is None:
        raise ValueError("There is no ticket with this number.")
    return found


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
        return 200, _represented(actions.restore(row, by=reader(request)), request)


CHANGES: dict[str, type[Change]] = {
    "assign": _change(
        "assign",
        "Assign a ticket, or put it back",
        shapes.Assigned,
        lambda row, body, by: actions.assign(row, body["assignee"], by=by),
    ),
    "prioritize": _change(
        "prioritize",
        "Change the priority",
        shapes.Prioritized,
        lambda row, body, by: actions.prioritize(row, shapes.PRIORITIES[body["priority"]], by=by),
    ),
    "move": _change(
        "move",
        "Hand a ticket to another team",
        shapes.Moved,
        lambda row, body, by: actions.move(row, body["team"], by=by),
    ),
    "merge": _change(
        "merge",
        "Merge a ticket into an older one",
        shapes.Merged,
        lambda row, body, by: actions.merge(row, into=_other(body["into"], by), by=by),
    ),
    "unmerge": _change(
        "unmerge",
        "Let a merged ticket stand for itself again",
        shapes.Seen,
        lambda row, body, by: actions.unmerge(row, by=by),
    ),
    "change-requester": _change(
        "change-requester",
        "Give a ticket to another requester",
        shapes.RequesterChanged,
        lambda row, body, by: actions.change_requester(
            row,
            actions.meet(body["requester_email"], name=body.get("requester_name", "")),
            keep=body.get("keep", False),
            by=by,
        ),
    ),
    "retype": _change(
        "retype",
        "Change the type",
        shapes.Retyped,
        lambda row, body, by: actions.retype(row, body["type"], by=by),
    ),
    "tag": _change(
        "tag",
        "Put a tag on a ticket",
        shapes.Tagged,
        lambda row, body, by: actions.tag(row, body["tag"], by=by),
    ),
    "untag": _change(
        "untag",
        "Take a tag off a ticket",
        shapes.Tagged,
        lambda row, body, by: actions.untag(row, body["tag"], by=by),
    ),
    "resolve": _change(
        "resolve",
        "Resolve a ticket",
        shapes.Seen,
        lambda row, body, by: actions.resolve(row, by=by),
        for_customers=True,
    ),
    "reopen": _change(
        "reopen",
        "Reopen a ticket",
        shapes.Seen,
        lambda row, body, by: actions.reopen(row, by=by),
        for_customers=True,
    ),
    "close": _change("close", "Close a ticket", shapes.Seen, lambda row, body, by: actions.close(row, by=by)),
    "set-waiting": _change(
        "set-waiting",
        "Wait for the customer",
        shapes.Seen,
        lambda row, body, by: actions.set_waiting(row, by=by),
    ),
    "put-on-hold": _change(
        "put-on-hold",
        "Wait for a third party",
        shapes.Seen,
        lambda row, body, by: actions.put_on_hold(row, by=by),
    ),
    "set-open": _change(
        "set-open", "Set a ticket open", shapes.Seen, lambda row, body, by: actions.set_open(row, by=by)
    ),
}
"""The changes by the last word of their address."""


class Me(ApiView):
    @extend_schema(operation_id="me", summary="Who you are", responses={200: shapes.MeOut, **READ_REFUSALS})
    def get(self, request: Request) -> Response:
        """The person whose token it is."""
        user = reader(request)
        teams = [represent.named(team) for team in user.teams.all()] if user.is_member else []
        return Response(
            {"id": user.pk, "name": user.name, "email": user.email, "role": user.role, "teams": teams}
        )


class Teams(ApiView):
    @extend_schema(
        operation_id="list_teams",
        summary="List the teams",
        responses={200: shapes.TeamOut(many=True), **READ_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """The teams that tickets may be filed into. Empty for customers."""
        return Response([represent.named(team) for team in access.teams_visible_to(request.user)])


class Nowhere(ApiView):
    """Any other address: the same 404 as for what is not open to the reader."""

    schema = None

    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404

    post = put = patch = delete = get
