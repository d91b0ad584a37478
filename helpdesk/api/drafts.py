"""Drafts of the token's person: kept with a version, sent now or later, discarded; and words taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, Deed, said, visible
from tickets import access, actions
from tickets.actions.drafts import CHANGED
from tickets.models import Draft, DraftKind, Status, Ticket

VERSION = _("The version you have seen, 0 for none. When it was saved elsewhere since, the answer is 409.")


# --- shapes ---------------------------------------------------------------------------------------------


class OneDraft(Strict):
    """Which of the ticket's two drafts, and the version that was seen."""

    kind = serializers.ChoiceField(choices=DraftKind.choices)
    version = serializers.IntegerField(min_value=0, max_value=shapes.BIG, help_text=VERSION)


class SavedDraft(OneDraft):
    text = shapes.Text()
    then = serializers.ChoiceField(
        choices=[status.value for status in Status if status is not Status.NEW],
        required=False,
        help_text=_("The status to go on to when it is sent."),
    )


class ScheduledDraft(OneDraft):
    send_at = serializers.DateTimeField(
        allow_null=True, help_text=_("With a time zone, later than now; null takes the time back.")
    )


class SentDraft(OneDraft):
    seen = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=shapes.BIG,
        help_text=_("The ticket's version you have seen. When the customer wrote since, the answer is 409."),
    )
    hold_seconds = serializers.IntegerField(required=False, min_value=0, max_value=60)


class DraftFileOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text=_("In octets."))


class DraftOut(serializers.Serializer[Any]):
    """What you are writing. With `send_at` it is sent by itself then, unless the customer writes first:
    `cancelled_at` and `why_not` tell that."""

    kind = serializers.ChoiceField(choices=DraftKind.choices)
    version = serializers.IntegerField()
    text = serializers.CharField()
    then = serializers.CharField(allow_null=True)
    files = DraftFileOut(many=True)
    send_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    why_not = serializers.ChoiceField(choices=Draft.WhyNot.choices, allow_null=True)
    updated_at = serializers.DateTimeField()


def represented(draft: Draft) -> dict[str, Any]:
    files = draft.files.order_by("pk").select_related("blob").defer("blob__data")
    return {
        "kind": draft.kind,
        "version": draft.version,
        "text": draft.text,
        "then": draft.then or None,
        "files": [
            {"id": row.pk, "name": row.name, "content_type": row.content_type, "size": row.blob.size}
            for row in files
        ],
        "send_at": draft.send_at,
        "cancelled_at": draft.cancelled_at,
        "why_not": draft.why_not or None,
        "updated_at": draft.updated_at,
    }


# --- views ----------------------------------------------------------------------------------------------


class Drafts(ApiView):
    @extend_schema(
        operation_id="list_drafts",
        summary="List your drafts on a ticket",
        responses={200: DraftOut(many=True), **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """Your own unsent words on a ticket that you work on: at most a reply and a note."""
        rows = access.drafts_visible_to(request.user, visible(request, number))
        return Response([represented(row) for row in rows.order_by("kind")])


class SaveDraft(Deed):
    @extend_schema(
        operation_id="save_draft",
        summary="Save a draft",
        parameters=[ONCE],
        request=SavedDraft,
        responses={200: DraftOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Keep what you are writing, in place of what you kept before."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, SavedDraft, user=request.user)
        with refusing_values("text"):
            draft = actions.save_draft(row, by=reader(request), **body)
        return 200, represented(draft)


class DiscardDraft(Deed):
    @extend_schema(
        operation_id="discard_draft",
        summary="Discard a draft",
        parameters=[ONCE],
        request=OneDraft,
        responses={200: DraftOut(many=True), **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Throw a draft away; what waited for its time is not sent. Answers with what is left."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, OneDraft, user=request.user)
        actions.discard_draft(row, by=reader(request), kind=body["kind"], version=body["version"])
        return 200, [represented(one) for one in access.drafts_visible_to(request.user, row)]


class ScheduleDraft(Deed):
    @extend_schema(
        operation_id="schedule_draft",
        summary="Send a draft later",
        parameters=[ONCE],
        request=ScheduledDraft,
        responses={200: DraftOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Send a reply by itself at an instant, unless the customer writes first. Until then it stops no
        clock."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, ScheduledDraft, user=request.user)
        with refusing_values("send_at"):
            draft = actions.schedule_draft(
                _mine(request, row, body), body["send_at"], by=reader(request), version=body["version"]
            )
        return 200, represented(draft)


class SendDraft(Deed):
    @extend_schema(
        operation_id="send_draft",
        summary="Send a draft",
        parameters=[ONCE],
        request=SentDraft,
        responses={201: shapes.MessageOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Say a draft now; it is gone then. `hold_seconds` keeps a reply back, during which it can be
        withdrawn."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, SentDraft, user=request.user)
        with refusing_values("text"):
            message = actions.send_draft(
                _mine(request, row, body),
                by=reader(request),
                version=body["version"],
                seen_seq=body.get("seen"),
                hold=timedelta(seconds=body.get("hold_seconds", 0)),
            )
        return said(request, message)


def _mine(request: Request, row: Ticket, body: dict[str, Any]) -> Draft:
    """The draft meant; one that is gone was sent or discarded elsewhere meanwhile."""
    draft = access.drafts_visible_to(request.user, row).filter(kind=body["kind"]).first()
    if draft is None:
        raise actions.Conflict(CHANGED)
    return draft


class Withdraw(Deed):
    @extend_schema(
        operation_id="withdraw",
        summary="Take a reply back",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={201: shapes.MessageOut, **REFUSALS},
    )
    def post(self, request: Request, number: int, message: int = 0) -> Response:
        """Take back a reply during its hold, as if it had never been said."""
        self.message = message
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        read_body(request, shapes.Nothing)
        found = access.messages_visible_to(request.user, row).filter(pk=self.message).first()
        if found is None:
            raise Http404
        return said(request, actions.withdraw(found, by=reader(request)))
