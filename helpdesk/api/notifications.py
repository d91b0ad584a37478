"""What the token's person was told of in the app."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import notifications as told
from helpdesk.api import represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, member
from helpdesk.wishes import WISHES


class ToldQuery(Strict):
    before = serializers.IntegerField(
        required=False, min_value=1, max_value=shapes.BIG, help_text=_("As in “next” of the page before.")
    )
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100, default=told.PAGE)


class ReadUpTo(Strict):
    """Without a ticket, all of it; `up_to` is the number of the newest notification that was seen."""

    ticket = serializers.IntegerField(required=False, min_value=1, max_value=shapes.BIG)
    up_to = serializers.IntegerField(required=False, min_value=1, max_value=shapes.BIG)


class LineOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=list(WISHES))
    told_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    by = shapes.PersonOut(allow_null=True)


class GroupOut(serializers.Serializer[Any]):
    """A ticket with what you were told of it, the newest first."""

    ticket = serializers.IntegerField()
    subject = serializers.CharField()
    unread = serializers.IntegerField()
    notifications = LineOut(many=True)


class ToldOut(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text=_("Tickets with unread notifications, 100 for more."))
    next = serializers.URLField(allow_null=True, help_text=_("The next page."))
    results = GroupOut(many=True)


class UnreadOut(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text=_("Tickets with unread notifications, 100 for more."))


class Notifications(ApiView):
    query_class = ToldQuery

    @extend_schema(
        operation_id="list_notifications",
        summary="List your notifications",
        parameters=[ToldQuery],
        responses={200: ToldOut, **READ_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """What you were told of, by ticket, the newest first. Members only."""
        person, query = member(request), self.query
        groups, following = told.groups(person, query.get("before"), query["page_size"])
        path = f"{request.path}?before={following}&page_size={query['page_size']}"
        return Response(
            {
                "unread": told.Alerts(person).count,
                "next": request.build_absolute_uri(path) if following else None,
                "results": [_group(group) for group in groups],
            }
        )


def _group(group: told.Group) -> dict[str, Any]:
    return {
        "ticket": group.ticket.pk,
        "subject": group.ticket.subject,
        "unread": len(group.unread),
        "notifications": [
            {
                "id": row.pk,
                "kind": row.kind,
                "told_at": row.told_at,
                "read_at": row.read_at,
                "by": represent.person(row.event.actor, works=True),
            }
            for row in group.rows
        ],
    }


class MarkRead(ApiView):
    @extend_schema(
        operation_id="mark_notifications_read",
        summary="Mark notifications as read",
        parameters=[ONCE],
        request=ReadUpTo,
        responses={200: UnreadOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Of one ticket, up to a notification, or all of them. Members only."""
        return answer_once(request, lambda: self._act(request))

    def _act(self, request: Request) -> Answer:
        person, body = member(request), read_body(request, ReadUpTo)
        told.mark_read(person, ticket=body.get("ticket"), up_to=body.get("up_to"))
        return 200, {"unread": told.Alerts(person).count}
