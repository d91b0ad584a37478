"""A calendar drawn as a month: each day with its hours, what is different about it, and sums."""

from __future__ import annotations

from calendar import Calendar as Weeks
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from helpdesk.setup.calendar_words import ranges_words
from helpdesk.times import duration
from sla.calendar import CalendarError, WorkingCalendar
from sla.calendar_spec import DAY, Range

USUAL, SPECIAL, HOLIDAY, CLOSED, OTHER = "usual", "special", "holiday", "closed", "other"
BAR = 100


@dataclass
class Day:
    """One cell. `kind`: usual, special (hours of its own), holiday, closed, or other (another month).
    `bar` are stretches of its hours as (start, width) in parts of BAR."""

    date: date
    kind: str
    hours: str = ""
    name: str = ""
    bar: tuple[tuple[float, float], ...] = ()


@dataclass
class Month:
    """A month of a calendar, in the calendar's own zone."""

    first: date
    weeks: list[list[Day]]
    working_days: int
    working: timedelta

    @property
    def before(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def sums(self) -> str:
        """ "22 working days, 168 h"."""
        words = {"days": self.working_days, "hours": duration(self.working, days=False)}
        return _("%(days)s working days, %(hours)s") % words


def month_of(calendar: WorkingCalendar, first: date) -> Month:
    """The month that begins at `first`, whole weeks from Monday on."""
    low, high = _span(calendar)
    weeks = [
        [_day(calendar, day, first, low, high) for day in week]
        for week in Weeks().monthdatescalendar(first.year, first.month)
    ]
    days = [day for week in weeks for day in week if day.kind != OTHER]
    following = (first + timedelta(days=32)).replace(day=1)
    working = calendar.between(_instant(calendar, first), _instant(calendar, following))
    return Month(first, weeks, sum(bool(day.bar) for day in days), working)


def _day(calendar: WorkingCalendar, day: date, first: date, low: int, high: int) -> Day:
    spec = calendar.spec
    if (day.year, day.month) != (first.year, first.month):
        return Day(day, OTHER)
    ranges, name = spec.ranges_on(day), spec.holidays.get(day) or spec.names.get(day, "")
    if day in spec.holidays:
        return Day(day, HOLIDAY, name=name or _("closed"))
    words = ranges_words(ranges)
    if spec.breaks.get(day):
        words = _("%(hours)s without %(breaks)s") % {"hours": words, "breaks": ranges_words(spec.breaks[day])}
    kind = SPECIAL if day in spec.date_hours or day in spec.breaks else USUAL if ranges else CLOSED
    return Day(day, kind, words, name, tuple(_bar(each, low, high) for each in ranges))


def _bar(each: Range, low: int, high: int) -> tuple[float, float]:
    scale = BAR / (high - low)
    start, end = max(each[0], low), min(each[1], high)
    return round((start - low) * scale, 2), round(max(end - start, 0) * scale, 2)


def _span(calendar: WorkingCalendar) -> tuple[int, int]:
    """From the earliest opening to the latest closing of the week, in seconds after midnight."""
    ranges = [each for day in calendar.spec.hours for each in day]
    if not ranges:
        return 0, DAY
    return min(start for start, _end in ranges), max(end for _start, end in ranges)


def _instant(calendar: WorkingCalendar, day: date) -> datetime:
    return datetime.combine(day, time(), calendar.zone).astimezone(UTC)


# --- beside the month -----------------------------------------------------------------------------------


def next_days_off(calendar: WorkingCalendar, today: date, count: int = 8) -> list[tuple[date, str, str]]:
    """The exceptions that come next: (date, name, hours), the hours empty for a day that is closed."""
    spec = calendar.spec
    coming = sorted(day for day in {*spec.holidays, *spec.date_hours} if day >= today)[:count]
    return [
        (
            day,
            spec.holidays.get(day) or spec.names.get(day) or (_("Closed") if not spec.ranges_on(day) else ""),
            ranges_words(spec.ranges_on(day)) if spec.ranges_on(day) else "",
        )
        for day in coming
    ]


def clock_change(calendar: WorkingCalendar, now: datetime) -> str:
    """When the zone's clocks change next, and whether that falls into hours; "" where they do not."""
    zone, at = calendar.zone, now
    for _day_number in range(400):
        following = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            local = following.astimezone(zone)
            low, high = at, following
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            local = high.astimezone(zone)
            opened = calendar.is_open(low) or calendar.is_open(high)
            words = {"day": date_format(local, _("D j M Y"))}
            told = _("Next clock change: %(day)s, within hours.")
            return (told if opened else _("Next clock change: %(day)s, outside hours.")) % words
        at = following
    return ""


@dataclass
class Tried:
    """What became of a stretch of working time: when it is up, and how much of it fell on which day."""

    due: str
    parts: str


def try_it(calendar: WorkingCalendar, amount: timedelta, start: datetime) -> Tried:
    """When so much working time from `start` is up, in the calendar's zone. Raises `CalendarError`."""
    due = calendar.add(start, amount)
    by_day: dict[date, timedelta] = {}
    for number, interval in enumerate(calendar.intervals(start, due)):
        if number > 400:
            raise CalendarError(_("Try a shorter time; this one takes more than a year."))
        day = calendar.local(interval.start).date()
        by_day[day] = by_day.get(day, timedelta(0)) + (interval.end - interval.start)
    shown: list[Any] = list(by_day.items())
    words = [
        _("%(time)s on %(day)s") % {"time": duration(each, days=False), "day": date_format(day, _("j M"))}
        for day, each in shown[:6]
    ]
    if len(shown) > 6:
        words.append(_("… on %(count)s days in all") % {"count": len(shown)})
    return Tried(date_format(calendar.local(due), _("D j M Y, H:i")), ", ".join(words))
