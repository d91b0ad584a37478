"""Files of the token's person's drafts: sent up before the draft is, taken away again."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import uploads
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body, reader, refusing_values
from helpdesk.api.drafts import DraftOut, represented
from helpdesk.api.parsing import StrictParser
from helpdesk.api.parts import ONCE, REFUSALS, Deed, visible
from tickets import access, actions
from tickets.models import DraftFile, DraftKind, Ticket


class NewDraftFile(Strict):
    kind = serializers.ChoiceField(choices=DraftKind.choices)
    file = serializers.FileField(max_length=255, allow_empty_file=True)


class OneDraftFile(Strict):
    file = serializers.IntegerField(
        min_value=1, max_value=shapes.BIG, help_text=gettext_lazy("Its number in the draft's list of files.")
    )


class AddDraftFile(ApiView):
    parser_classes = [MultiPartParser, StrictParser]
    takes_files = True

    @extend_schema(
        operation_id="add_draft_file",
        summary="Add a file to a draft",
        parameters=[ONCE],
        request={"multipart/form-data": NewDraftFile},
        responses={201: DraftOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Send one file up (multipart/form-data), to go with your draft; its words and version stay as they
        are. Without a draft one is begun, whose version is 0."""
        row = visible(request, number)
        if not access.can_work(request.user, row):
            raise actions.NotAllowed(_("You may not change this ticket."))
        body = read_body(request, NewDraftFile)
        file = body["file"]
        data = file.read()
        new = actions.NewFile(file.name, data, file.content_type or "application/octet-stream")
        identity = repr((body["kind"], new.name, hashlib.sha256(data).hexdigest())).encode()
        return answer_once(request, lambda: self.act(request, row, body["kind"], new), identity)

    def act(self, request: Request, row: Ticket, kind: str, new: actions.NewFile) -> Answer:
        drafts = access.drafts_visible_to(request.user, row).filter(kind=kind)
        with refusing_values("file"):
            uploads.demand_fitting(new.name, len(new.data), DraftFile.objects.filter(draft__in=drafts))
            actions.add_draft_file(row, new, by=reader(request), kind=kind)
        return 201, represented(drafts.get())


class RemoveDraftFile(Deed):
    @extend_schema(
        operation_id="remove_draft_file",
        summary="Take a file away from a draft",
        parameters=[ONCE],
        request=OneDraftFile,
        responses={200: DraftOut(many=True), **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Take a file away; one that is gone already is as good. Answers with your drafts on the ticket."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        number: Any = read_body(request, OneDraftFile)["file"]
        mine = access.drafts_visible_to(request.user, row)
        file = DraftFile.objects.filter(draft__in=mine, pk=number).select_related("draft__ticket").first()
        if file is not None:
            actions.remove_draft_file(file, by=reader(request))
        return 200, [represented(one) for one in mine.order_by("kind")]
