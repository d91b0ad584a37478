"""Whether the token's person is there or away."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from duty import actions, queries
from duty.models import Duty
from helpdesk.api import serializers as shapes
from helpdesk.api.base import Answer, ApiView, Strict, answer_once, read_body, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, member
from tickets.models import User


class WentAway(Strict):
    until = serializers.DateTimeField(
        allow_null=True,
        required=False,
        help_text=_("With a time zone, later than now; null or left out: until you come back."),
    )
    hand_back = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=shapes.BIG),
        required=False,
        max_length=200,
        help_text=_("Numbers of your unresolved tickets that wait for an answer and go back into the queue."),
    )


class AvailabilityOut(serializers.Serializer[Any]):
    """Who is away is given no ticket. `owed` are your tickets on which the customer waits for an answer."""

    available = serializers.BooleanField()
    away_since = serializers.DateTimeField(allow_null=True)
    away_until = serializers.DateTimeField(allow_null=True)
    owed = serializers.ListField(child=serializers.IntegerField())


def represented(person: User) -> dict[str, Any]:
    duty = Duty.objects.filter(person=person).first() or Duty(person=person)
    away = duty.is_away(timezone.now())
    return {
        "available": not away,
        "away_since": duty.away_since if away else None,
        "away_until": duty.away_until if away else None,
        "owed": list(queries.owed_by(person).values_list("pk", flat=True)[:200]),
    }


class Availability(ApiView):
    @extend_schema(
        operation_id="availability",
        summary="Whether you are available",
        responses={200: AvailabilityOut, **READ_REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """Whether you are given tickets at present, and what you could hand back. Members only."""
        return Response(represented(member(request)))


class GoAway(ApiView):
    @extend_schema(
        operation_id="go_away",
        summary="Go away",
        parameters=[ONCE],
        request=WentAway,
        responses={200: AvailabilityOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """From now on you are given no ticket. What you own stays yours unless you hand it back."""
        return answer_once(request, lambda: self._act(request))

    def _act(self, request: Request) -> Answer:
        person = member(request)
        body = read_body(request, WentAway)
        with refusing_values("until"):
            actions.go_away(person, by=person, until=body.get("until"), hand_back=body.get("hand_back", ()))
        return 200, represented(person)


class ComeBack(ApiView):
    @extend_schema(
        operation_id="come_back",
        summary="Come back",
        parameters=[ONCE],
        request=shapes.Nothing,
        responses={200: AvailabilityOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """From now on you are given tickets again."""
        return answer_once(request, lambda: self._act(request))

    def _act(self, request: Request) -> Answer:
        person = member(request)
        read_body(request, shapes.Nothing)
        actions.come_back(person, by=person)
        return 200, represented(person)
