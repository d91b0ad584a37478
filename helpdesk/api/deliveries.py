"""What became of the mail about a ticket, recipient by recipient, and sending it again."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import outbox
from helpdesk.api.base import Answer, ApiView, Strict, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, Deed, visible
from helpdesk.delivery_words import fact_of
from helpdesk.models import Delivery
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import Ticket

MOST = 500


class DeliveryOut(serializers.Serializer[Any]):
    """One mail to one recipient. `words` and `reason` tell its state as an agent reads it."""

    id = serializers.IntegerField()
    message = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("The reply that it carries."))
    template = serializers.CharField()
    address = serializers.CharField()
    state = serializers.ChoiceField(choices=Delivery.State.choices)
    words = serializers.CharField()
    reason = serializers.CharField()
    server_said = serializers.CharField()
    attempts = serializers.IntegerField()
    send_at = serializers.DateTimeField(help_text=gettext_lazy("The earliest instant of the next try."))
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class SentAgain(Strict):
    address = serializers.EmailField(
        max_length=254, required=False, help_text=gettext_lazy("Another address of the same person.")
    )


def represented(row: Delivery) -> dict[str, Any]:
    fact = fact_of(row, timezone.now())
    return {
        "id": row.pk,
        "message": row.message_id,
        "template": row.template,
        "address": row.address,
        "state": row.state,
        "words": fact.title,
        "reason": fact.reason,
        "server_said": row.last_error,
        "attempts": row.attempts,
        "send_at": row.send_at,
        "sent_at": row.sent_at,
        "ended_at": row.ended_at,
    }


class Deliveries(ApiView):
    @extend_schema(
        operation_id="list_deliveries",
        summary="List what became of a ticket's mail",
        responses={200: DeliveryOut(many=True), 403: REFUSALS[403], **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """Every mail about the ticket, the latest 500, oldest first. For members who work on it."""
        row = visible(request, number)
        if not access.can_work(request.user, row):
            raise NotAllowed(_("You may not read what became of this ticket's mail."))
        latest = outbox.deliveries_of(row).defer("secret").order_by("-pk")[:MOST]
        return Response([represented(one) for one in reversed(latest)])


class Retry(Deed):
    @extend_schema(
        operation_id="retry_delivery",
        summary="Send a mail again",
        parameters=[ONCE],
        request=SentAgain,
        responses={200: DeliveryOut, **REFUSALS},
    )
    def post(self, request: Request, number: int, delivery: int = 0) -> Response:
        """Send a mail once more that failed, may not have arrived or waits; to another address of the same
        person if one is given."""
        self.delivery = delivery
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, SentAgain)
        found = outbox.deliveries_of(row).filter(pk=self.delivery).first()
        if found is None:
            raise Http404
        with refusing_values("address"):
            return 200, represented(outbox.retry(found, by=reader(request), address=body.get("address")))
