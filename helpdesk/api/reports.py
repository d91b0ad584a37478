"""The figures of the reports: the same values from the same rows as their pages, lists and files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api.base import ApiView, Strict
from helpdesk.api.parts import READ_REFUSALS, member
from tickets.models import Channel, Priority

LONGEST = timedelta(days=5 * 366)
NUMBER_OR_NOBODY = r"^([0-9]{1,17}|none)$"


class ReportQuery(Strict):
    """The same question as in the address of the report's page."""

    period = serializers.ChoiceField(
        choices=["7d", "30d", "90d", "month", "last_month", "year"],
        required=False,
        help_text=_("Instead of “from” and “to”; the last 30 days where neither is given."),
    )
    team = serializers.RegexField(NUMBER_OR_NOBODY, required=False)
    agent = serializers.RegexField(NUMBER_OR_NOBODY, required=False)
    priority = serializers.ChoiceField(choices=[str(value) for value in Priority.values], required=False)
    channel = serializers.ChoiceField(choices=Channel.values, required=False)
    organization = serializers.RegexField(NUMBER_OR_NOBODY, required=False)
    tag = serializers.RegexField(NUMBER_OR_NOBODY, required=False)
    weekday = serializers.ChoiceField(
        choices=[str(day) for day in range(1, 8)],
        required=False,
        help_text=_("Of the row’s instant, in the company’s time zone; 1 is Monday."),
    )
    hour = serializers.ChoiceField(
        choices=[str(hour) for hour in range(24)],
        required=False,
        help_text=_("Of the row’s instant, in the company’s time zone; 9 is from 09:00 to 10:00."),
    )
    basis = serializers.ChoiceField(choices=["working", "calendar"], required=False)
    by = serializers.ChoiceField(choices=["opened", "answered", "resolved"], required=False)
    cause = serializers.RegexField(
        r"^[a-z0-9]{1,8}$", required=False, help_text=_("Of recovery cases: the code of what went wrong.")
    )
    split = serializers.ChoiceField(
        choices=["team", "agent", "priority", "channel", "organization", "tag", "cause"],
        required=False,
        help_text=_(
            "Of organisations and tags the 50 with the most rows; a row stands in each of its tags. "
            "“cause” is of recovery cases; other reports are then split by team."
        ),
    )
    q = serializers.CharField(
        required=False, max_length=200, help_text=_("Of feedback: words of the comment.")
    )

    def get_fields(self) -> dict[str, Any]:
        words = _("A whole day in the company’s time zone; both ends belong to the period.")
        days = {name: serializers.DateField(required=False, help_text=words) for name in ("from", "to")}
        return days | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.get("from"), attrs.get("to")
        if first is None and last is None:
            return attrs
        if first is None or last is None or not timedelta(0) <= last - first <= LONGEST:
            raise serializers.ValidationError(
                {"to": [_("Give both days, the earlier one first, at most five years apart.")]}
            )
        return attrs


class FigureOut(serializers.Serializer[Any]):
    """`value` with its 95% interval; null where there are fewer than ten, or nothing to give it from."""

    key = serializers.CharField()
    unit = serializers.CharField()
    n = serializers.IntegerField()
    hits = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class ReportGroupOut(serializers.Serializer[Any]):
    value = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    figures = FigureOut(many=True)


class ReportOut(serializers.Serializer[Any]):
    """`counts` says how many rows each slice has: as many as the list behind the figure."""

    report = serializers.CharField()
    name = serializers.CharField()
    question = serializers.CharField()
    time_zone = serializers.CharField()
    basis = serializers.CharField()
    by = serializers.CharField()
    split = serializers.CharField()
    counted_at = serializers.DateTimeField()
    counts = serializers.DictField(child=serializers.IntegerField())
    figures = FigureOut(many=True)
    groups = ReportGroupOut(many=True)
    groups_left_out = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        days = {name: serializers.DateField(allow_null=True) for name in ("from", "to")}
        return days | super().get_fields()


class Report(ApiView):
    query_class = ReportQuery

    @extend_schema(
        operation_id="report",
        summary="The figures of a report",
        parameters=[ReportQuery],
        responses={200: ReportOut, **READ_REFUSALS},
    )
    def get(self, request: Request, key: str) -> Response:
        """What the report's page shows, as data: each figure with its n and interval, in all and by group.

        `key` is that of the definition, as in the address of a list (“first-response”, “feedback”, “work” …).
        Supervisors and administrators ask about everybody, agents about themselves. Members only.
        """
        answer = import_string(settings.REPORT_FIGURES)
        found = answer(key, request.query_params, member(request))
        if found is None:
            raise Http404
        return Response(found)
