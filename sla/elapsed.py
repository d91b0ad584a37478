"""How long clocks have run, reckoned in the database: `sla.measure.Reading.elapsed` of many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Min,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from sla.book import BOOK
from sla.calendar import WorkingCalendar
from sla.measure import ALWAYS
from sla.models import OPEN_STATES, Clock


class Seconds(Func):
    """An interval in seconds."""

    template = "date_part('epoch', %(expressions)s)"
    output_field = FloatField()


def seconds_between(start: Any, end: Any) -> Seconds:
    """The seconds from an instant to another; each a column's name or an instant."""
    first, last = (Value(at, DateTimeField()) if isinstance(at, datetime) else F(at) for at in (start, end))
    return Seconds(ExpressionWrapper(last - first, output_field=DurationField()))


def seconds_run(metrics: Sequence[str], now: datetime, *, working: bool) -> Any:
    """An expression on open clocks of some metrics: the seconds each has run up to `now`, in working or
    calendar time.

    Exact, in whatever calendar each counts. Asks once in which calendars such clocks run and since when.
    """
    if not working:
        since = Greatest(seconds_between("running_since", now), Value(0.0))
        return Seconds(F("elapsed_calendar")) + Coalesce(since, Value(0.0))
    clocks = Clock.objects.filter(metric__in=metrics, state__in=OPEN_STATES, running_since__isnull=False)
    found = clocks.order_by().values_list("calendar_version")
    cases = [
        When(
            running_since__isnull=False,
            calendar_version=version,
            then=_WorkedUntil(ALWAYS if version is None else BOOK.calendar(version), since, now),
        )
        for version, since in found.annotate(Min("running_since"))
    ]
    return Seconds(F("elapsed_working")) + Case(*cases, default=Value(0.0), output_field=FloatField())


class _WorkedUntil(Func):
    """The seconds of working time from `running_since`, which is `first` or later, to an instant.

    What is open in between goes into the statement as lists: when each stretch begins and ends, and how much
    is done by then. As in `sla.calendar`, what is done by an instant is the sum up to the end of its stretch,
    less what is left of it.
    """

    output_field = FloatField()

    def __init__(self, calendar: WorkingCalendar, first: datetime, until: datetime) -> None:
        stretches = list(calendar.intervals(first, until))
        total, sums = 0.0, []
        for stretch in stretches:
            total += (stretch.end - stretch.start).total_seconds()
            sums.append(repr(total))
        starts = _list((stretch.start.isoformat() for stretch in stretches), "timestamptz")
        ends = _list((stretch.end.isoformat() for stretch in stretches), "timestamptz")
        place = f"width_bucket(%(expressions)s, {starts})"
        left = f"greatest(0, date_part('epoch', ({ends})[{place}] - %(expressions)s))"
        done = f"coalesce(({_list(sums, 'float8')})[{place}] - {left}, 0)"
        super().__init__(F("running_since"), template=f"({total!r} - {done})" if sums else "0.0::float8")


def _list(values: Iterable[str], kind: str) -> str:
    return "'{" + ",".join(values) + "}'::" + kind + "[]"
