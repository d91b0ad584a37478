"""What a working calendar says: its JSON form, checked and turned into plain values. Pure.

    {"timezone": "Europe/Berlin",
     "hours": {"mon": [["09:00", "12:30"], ["13:30", "17:00"]], "sat": [["22:00", "06:00"]]},
     "holidays": {"2026-12-25": "Christmas Day"},
     "date_hours": {"2026-12-24": [["09:00", "12:00"]]},
     "breaks": {"2026-06-01": [["10:00", "12:00"]]},
     "names": {"2026-12-24": "Half day"},
     "sources": [{"country": "DE", "region": "BE", "until": 2027}]}

Hours are local wall time, half-open: open at the first, closed at the second. A range whose end is not after
its start runs past midnight and belongs to the day on which it starts; "24:00" is the next midnight.
`date_hours` replaces the weekday's hours on that date (an empty list: closed), a holiday closes the date,
`breaks` are taken out of that date. Holidays may also be a plain list of dates without names. `names` are
those of dates with hours of their own. `sources` say whose public holidays were copied into `holidays`, up to
which year; they open and close nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400
_WEEK = 7 * DAY
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
CALENDAR_PARTS = frozenset({"timezone", "hours", "holidays", "date_hours", "breaks", "names", "sources"})

# Seconds of local wall time after the date's midnight; the end may lie in the next day (up to 172,800).
Range = tuple[int, int]


class CalendarError(ValueError):
    """A calendar that cannot be used; the message is a sentence for the person who wrote it."""


@dataclass(frozen=True)
class CalendarSpec:
    """A checked calendar: ranges per weekday (Monday first) and what holds on single dates."""

    timezone: str
    hours: tuple[tuple[Range, ...], ...]
    holidays: Mapping[date, str]
    date_hours: Mapping[date, tuple[Range, ...]]
    breaks: Mapping[date, tuple[Range, ...]]
    names: Mapping[date, str] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def ranges_on(self, day: date) -> tuple[Range, ...]:
        """The ranges that start on a local date; a holiday has none."""
        if day in self.holidays:
            return ()
        special = self.date_hours.get(day)
        return self.hours[day.weekday()] if special is None else special


def parse_calendar(spec: Mapping[str, Any]) -> CalendarSpec:
    """Check a calendar's JSON form.

    Raises `CalendarError` for an unknown zone, a malformed or inverted time, overlapping ranges, an unknown
    key, and a calendar that is never open.
    """
    if not isinstance(spec, Mapping):
        raise CalendarError(_("A calendar is an object with a time zone and hours."))
    unknown = set(spec) - CALENDAR_PARTS
    if unknown:
        raise CalendarError(_("“%(name)s” is not a part of a calendar.") % {"name": min(map(str, unknown))})
    hours = _week(spec.get("hours") or {})
    parsed = CalendarSpec(
        timezone=_zone(spec.get("timezone")),
        hours=hours,
        holidays=_holidays(spec.get("holidays") or {}),
        date_hours={
            _date(day): _ranges(ranges, str(day)) for day, ranges in (spec.get("date_hours") or {}).items()
        },
        breaks={_date(day): _breaks(ranges, str(day)) for day, ranges in (spec.get("breaks") or {}).items()},
        names={_date(day): str(name) for day, name in (spec.get("names") or {}).items()},
    )
    _check_sources(spec.get("sources") or [])
    if not any(hours) and not any(parsed.date_hours.values()):
        raise CalendarError(_("This calendar is never open. Enter hours for at least one day."))
    return parsed


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: Any) -> str:
    if not isinstance(name, str) or name not in _zone_names():
        raise CalendarError(
            _("“%(name)s” is not a known time zone. Choose one such as Europe/Berlin.") % {"name": name}
        )
    return name


def _date(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise CalendarError(_("“%(text)s” is not a date. Write it as 2026-12-24.") % {"text": text}) from None


def _seconds(text: Any) -> int:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match:
        hour, minute, second = (int(part or 0) for part in match.groups())
        if hour * 3600 + minute * 60 + second <= DAY:
            return hour * 3600 + minute * 60 + second
    raise CalendarError(_("“%(text)s” is not a time of day. Write it as 09:00.") % {"text": text})


def _pair(value: Any) -> tuple[int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise CalendarError(_("A range of hours has a start and an end."))
    return _seconds(value[0]), _seconds(value[1])


def _ranges(values: Any, where: str) -> tuple[Range, ...]:
    if not isinstance(values, (list, tuple)):
        raise CalendarError(_("The hours of %(day)s are a list of ranges.") % {"day": where})
    ranges = []
    for value in values:
        start, end = _pair(value)
        if start == DAY:
            raise CalendarError(_("A range cannot start at 24:00 (%(day)s).") % {"day": where})
        ranges.append((start, end if end > start else end + DAY))
    ranges.sort()
    _refuse_overlap(ranges, where)
    return tuple(ranges)


def _breaks(values: Any, where: str) -> tuple[Range, ...]:
    ranges = [_pair(value) for value in values]
    if any(end <= start for start, end in ranges):
        raise CalendarError(_("A break on %(day)s ends before it starts.") % {"day": where})
    return tuple(sorted(ranges))


def _week(hours: Any) -> tuple[tuple[Range, ...], ...]:
    if not isinstance(hours, Mapping):
        raise CalendarError(_("Weekly hours are given per weekday."))
    unknown = set(hours) - set(WEEKDAYS)
    if unknown:
        raise CalendarError(_("“%(name)s” is not a weekday.") % {"name": min(map(str, unknown))})
    week = tuple(_ranges(hours.get(name) or [], name) for name in WEEKDAYS)
    laid_out = [
        (start + index * DAY, end + index * DAY) for index, day in enumerate(week) for start, end in day
    ]
    if laid_out:
        first = laid_out[0]
        _refuse_overlap([*laid_out, (first[0] + _WEEK, first[1] + _WEEK)], "mon–sun")
    return week


def _refuse_overlap(ranges: Iterable[Range], where: str) -> None:
    previous_end: int | None = None
    for start, end in ranges:
        if previous_end is not None and start < previous_end:
            raise CalendarError(_("Two ranges of hours overlap on %(day)s.") % {"day": where})
        previous_end = end


def _holidays(values: Any) -> dict[date, str]:
    if isinstance(values, Mapping):
        return {_date(day): str(name or "") for day, name in values.items()}
    if isinstance(values, (list, tuple)):
        return {_date(day): "" for day in values}
    raise CalendarError(_("Holidays are a list of dates."))


def _check_sources(values: Any) -> None:
    if not isinstance(values, list):
        raise CalendarError(_("Sources of holidays are a list."))
    for value in values:
        if not isinstance(value, Mapping) or set(value) != {"country", "region", "until"}:
            raise CalendarError(_("A source of holidays has a country, a region and a year."))
        if not isinstance(value["until"], int):
            raise CalendarError(_("The last year of a source of holidays is a number."))
