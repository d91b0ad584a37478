"""Saved replies as agents meet them at a ticket: found, and filled with its names and numbers."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import actions as outward
from helpdesk import saved_replies
from helpdesk.api import represent
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, read_body, reader
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, Deed, visible
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import Ticket


class SavedQuery(Strict):
    q = serializers.CharField(
        required=False, max_length=200, help_text=gettext_lazy("Words in title, folder or text.")
    )


class OneSavedReply(Strict):
    saved_reply = serializers.IntegerField(min_value=1, max_value=shapes.BIG)


class SavedReplyOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    folder = serializers.CharField()
    team = shapes.NamedOut(allow_null=True, help_text=gettext_lazy("null: for all teams"))
    text = serializers.CharField(help_text=gettext_lazy("With its placeholders, such as {customer.name}."))
    uses = serializers.IntegerField()
    used_at = serializers.DateTimeField(allow_null=True)


class FilledReplyOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    left = serializers.ListField(
        child=serializers.CharField(),
        help_text=gettext_lazy("Placeholders of which nothing is known; they stand in the text."),
    )


class SavedReplies(ApiView):
    query_class = SavedQuery

    @extend_schema(
        operation_id="list_saved_replies",
        summary="List the saved replies for a ticket",
        parameters=[SavedQuery],
        responses={200: SavedReplyOut(many=True), **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """Those of the ticket's team and those for all, at most 50: the best match first, without words by
        folder and title."""
        row = visible(request, number)
        if not access.can_work(request.user, row):
            raise NotAllowed(_("You may not change this ticket."))
        offered = saved_replies.offered_on(row).select_related("team")
        found = saved_replies.matching(offered, self.query.get("q", ""))[: saved_replies.MOST_OFFERED]
        return Response(
            [
                {
                    "id": one.pk,
                    "title": one.title,
                    "folder": one.folder,
                    "team": represent.named(one.team),
                    "text": one.text,
                    "uses": one.uses,
                    "used_at": one.used_at,
                }
                for one in found
            ]
        )


class FillReply(Deed):
    @extend_schema(
        operation_id="fill_reply",
        summary="Fill a saved reply",
        parameters=[ONCE],
        request=OneSavedReply,
        responses={200: FilledReplyOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """The words of a saved reply with the ticket's values in their places; counts as one use. Nothing is
        said by it."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        number = read_body(request, OneSavedReply)["saved_reply"]
        found = saved_replies.offered_on(row).filter(pk=number).first()
        if found is None:
            raise Http404
        outward.count_use(found)
        filled = saved_replies.fill(found.text, saved_replies.values_for(row, reader(request)))
        return 200, {"text": filled.text, "left": list(filled.left)}
