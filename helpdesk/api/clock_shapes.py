"""What the API tells of clocks, and takes to set their deadlines."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from helpdesk.api.base import Strict
from helpdesk.api.serializers import PersonOut
from sla.models import ClockState, MetricName


class TargetOut(serializers.Serializer[Any]):
    seconds = serializers.FloatField()
    basis = serializers.ChoiceField(choices=["working", "calendar"])


class VersionOut(serializers.Serializer[Any]):
    """A version of a policy or of a calendar."""

    id = serializers.IntegerField(help_text=_("The policy's or calendar's number."))
    name = serializers.CharField()
    version = serializers.IntegerField()


class ByHandOut(serializers.Serializer[Any]):
    due_at = serializers.DateTimeField()
    set_at = serializers.DateTimeField()
    by = PersonOut(allow_null=True)


class CauseOut(serializers.Serializer[Any]):
    """An event of the ticket."""

    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    by = PersonOut(allow_null=True)


class IntervalOut(serializers.Serializer[Any]):
    """A stretch of a clock's life. Counted and over stretches add up to what the clock used."""

    kind = serializers.ChoiceField(choices=["counted", "closed", "paused", "over"])
    reason = serializers.CharField(
        help_text=_("Of a pause the status; closed: night, break, days, date, holiday.")
    )
    holiday = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    seconds = serializers.FloatField(help_text=_("Counted and over: in the target's time, else plain time."))
    sum_seconds = serializers.FloatField(help_text=_("Used up to the end of this stretch."))
    words = serializers.CharField()
    started_by = CauseOut(allow_null=True)
    ended_by = CauseOut(allow_null=True)
    target = TargetOut(allow_null=True)
    policy = VersionOut(allow_null=True)
    calendar = VersionOut(allow_null=True)
    by_hand = ByHandOut(allow_null=True)


class ClockOut(serializers.Serializer[Any]):
    """One promise, explained. Past `due_at` while open, `remaining_seconds` is negative."""

    metric = serializers.ChoiceField(choices=MetricName.choices)
    instance = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ClockState.choices)
    sentence = serializers.CharField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text=_("Null while the clock is paused."))
    stopped_at = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)
    used_seconds = serializers.FloatField(help_text=_("In the target's time; without one in working time."))
    used_working_seconds = serializers.FloatField()
    used_calendar_seconds = serializers.FloatField()
    remaining_seconds = serializers.FloatField(allow_null=True)
    overrun_seconds = serializers.FloatField()
    target = TargetOut(allow_null=True)
    policy = VersionOut(allow_null=True)
    calendar = VersionOut(allow_null=True)
    by_hand = ByHandOut(allow_null=True)
    intervals = IntervalOut(many=True)


class ClocksOut(serializers.Serializer[Any]):
    now = serializers.DateTimeField(help_text=_("The instant as of which open clocks read."))
    clocks = ClockOut(many=True)


class OneMetric(Strict):
    metric = serializers.ChoiceField(choices=MetricName.choices)


class NewDeadline(OneMetric):
    due_at = serializers.DateTimeField(help_text=_("Still to come, and within five years."))
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text=_("Kept as a note.")
    )
