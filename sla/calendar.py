"""Working time: how much of it lies between two instants, and which instant lies so much of it ahead. Pure.

Elapsed time is real time inside opening hours, so an hour that the clocks repeat counts twice (once per real
second) and an hour that they skip does not count. A local boundary becomes an instant date by date, as
PEP 495 reads it with fold=0: a time that the clocks skip moves forward by the gap, a time that they repeat is
its first occurrence.

Opening hours are laid out a year at a time as sorted integers with running sums and kept, so that a question
costs a bisection and one addition for each year between, however long the span.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sla.calendar_spec import DAY, CalendarError, CalendarSpec, parse_calendar

__all__ = [
    "CalendarError",
    "Interval",
    "WorkingCalendar",
    "add_working_time",
    "compile_calendar",
    "working_time_between",
]

_MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)
_HORIZON = 200  # years; no promise reaches further, and a mistyped target must not compute for minutes


class Interval(NamedTuple):
    """A stretch of opening hours, half-open, aware UTC instants."""

    start: datetime
    end: datetime


class _Year:
    """The opening hours of one UTC year: starts, ends and the working time done by each end, microseconds."""

    __slots__ = ("ends", "lengths", "starts", "total")

    def __init__(self, intervals: list[tuple[int, int]]) -> None:
        self.starts = [start for start, _end in intervals]
        self.ends = [end for _start, end in intervals]
        self.lengths = list(accumulate(end - start for start, end in intervals))
        self.total = self.lengths[-1] if self.lengths else 0

    def done_by(self, instant: int) -> int:
        """Working time from the year's start to an instant."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        return self.lengths[index] - max(0, self.ends[index] - instant)

    def earliest(self, amount: int) -> int:
        """The first instant by which `amount` (more than 0, at most the total) is done."""
        index = bisect_left(self.lengths, amount)
        return self.ends[index] - (self.lengths[index] - amount)

    def latest(self, amount: int) -> int:
        """The last instant by which no more than `amount` (less than the total) is done."""
        index = bisect_right(self.lengths, amount)
        return self.ends[index] - (self.lengths[index] - amount)


class WorkingCalendar:
    """A compiled calendar. Immutable in effect; its years are laid out when first asked for."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.zone: ZoneInfo = spec.zone
        self._years: dict[int, _Year] = {}
        dates = [*spec.date_hours, *spec.breaks, *spec.holidays]
        self._first_dated = min(dates).year - 1 if dates else 9999
        self._last_dated = max(dates).year + 1 if dates else 0
        self._weekly = any(spec.hours)

    # --- laying out -----------------------------------------------------------------------------------

    def _year(self, year: int) -> _Year:
        laid_out = self._years.get(year)
        if laid_out is None:
            laid_out = self._years[year] = _Year(self._lay_out(year))
        return laid_out

    def _lay_out(self, year: int) -> list[tuple[int, int]]:
        start, end = _year_start(year), _year_start(year + 1)
        to_instant = _Offsets(self.zone, start // _MICRO - 3 * DAY, end // _MICRO + 3 * DAY).to_instant
        day, last = date(year - 1, 12, 29), date(year + 1, 1, 2)
        raw: list[tuple[int, int]] = []
        while day <= last:
            ranges = self.spec.ranges_on(day)
            if ranges:
                midnight = (day.toordinal() - 719_163) * DAY
                opened = [(to_instant(midnight + a), to_instant(midnight + b)) for a, b in ranges]
                breaks = self.spec.breaks.get(day, ())
                raw += _without(
                    opened, [(to_instant(midnight + a), to_instant(midnight + b)) for a, b in breaks]
                )
            day += timedelta(days=1)
        merged = _joined(sorted((a * _MICRO, b * _MICRO) for a, b in raw if b > a))
        return [(max(a, start), min(b, end)) for a, b in merged if b > start and a < end]

    def _has_time_beyond(self, year: int, step: int) -> bool:
        """Whether any year from here on in that direction may still be open."""
        if self._weekly:
            return True
        return year <= self._last_dated if step > 0 else year >= self._first_dated

    # --- the two questions ----------------------------------------------------------------------------

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; negative when `end` is earlier."""
        a, b = _micros(start), _micros(end)
        if b < a:
            return -self.between(end, start)
        first, last = _year_of(a), _year_of(b)
        done = self._year(last).done_by(b) - self._year(first).done_by(a)
        done += sum(self._year(year).total for year in range(first, last))
        return timedelta(microseconds=done)

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest instant by which `amount` of working time has passed since `start`.

        A result at closing time is the closing instant. Nothing added is `start` itself while open, else the
        next opening. A negative amount gives the latest instant from which it reaches to `start`. Raises
        `CalendarError` where the calendar does not hold so much time.
        """
        wanted = amount // _ONE
        if wanted < 0:
            return self._subtract(_micros(start), -wanted)
        if wanted == 0:
            return self.next_open(start)
        instant = _micros(start)
        year = first = _year_of(instant)
        wanted += self._year(year).done_by(instant)
        while wanted > self._year(year).total:
            wanted -= self._year(year).total
            year = self._step(year, first, 1)
        return _instant(self._year(year).earliest(wanted))

    def _subtract(self, instant: int, wanted: int) -> datetime:
        year = first = _year_of(instant)
        left = self._year(year).done_by(instant) - wanted
        while left < 0:
            year = self._step(year, first, -1)
            left += self._year(year).total
        return _instant(self._year(year).latest(left))

    def _step(self, year: int, first: int, step: int) -> int:
        year += step
        if abs(year - first) > _HORIZON or not self._has_time_beyond(year, step):
            raise CalendarError(_("This calendar does not hold so much working time."))
        return year

    # --- smaller questions ----------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in opening hours; the opening instant does, the closing instant does not."""
        instant = _micros(at)
        year = self._year(_year_of(instant))
        index = bisect_right(year.starts, instant) - 1
        return index >= 0 and instant < year.ends[index]

    def is_holiday(self, at: datetime) -> bool:
        """Whether the local date of `at` is a holiday."""
        return self.local(at).date() in self.spec.holidays

    def local(self, at: datetime) -> datetime:
        """`at` as wall time in the calendar's zone."""
        return at.astimezone(self.zone)

    def next_open(self, at: datetime) -> datetime:
        """`at` itself while open, else the next opening."""
        return next(self.intervals_after(at)).start

    def next_opening(self, at: datetime) -> datetime:
        """The first opening after `at` (never `at` itself)."""
        for interval in self.intervals_after(at):
            if interval.start > at:
                return interval.start
        raise CalendarError(_("This calendar does not open again."))

    def next_closing(self, at: datetime) -> datetime:
        """The first closing after `at`; raises `CalendarError` for a calendar that never closes."""
        if self.never_closes:
            raise CalendarError(_("This calendar never closes."))
        return next(self.intervals_after(at)).end

    def previous_open(self, at: datetime) -> datetime:
        """`at` itself while open or just closing, else the last closing before it."""
        return next(self.intervals_before(at)).end

    @property
    def never_closes(self) -> bool:
        """Whether this is a 24×7 calendar without a dated closing."""
        full = sum(end - start for day in self.spec.hours for start, end in day) >= 7 * DAY
        return full and not (self.spec.holidays or self.spec.date_hours or self.spec.breaks)

    def intervals(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Opening hours between two instants, in order, cut to them; touching ranges are one."""
        if end <= start:
            return
        try:
            for interval in self.intervals_after(start):
                if interval.start >= end:
                    return
                yield Interval(interval.start, min(interval.end, end))
                if interval.end >= end:
                    return
        except CalendarError:
            return  # a calendar of single dates: nothing more comes

    def intervals_after(self, at: datetime) -> Iterator[Interval]:
        """Opening hours from `at` on, the first cut to it; `CalendarError` where nothing more comes."""
        instant = _micros(at)
        if self.never_closes:
            yield Interval(_instant(instant), _instant(_year_start(_year_of(instant) + _HORIZON)))
            return
        pieces = ((max(start, instant), end) for start, end in self._walk(instant, 1))
        for start, end in _joined(pieces):
            yield Interval(_instant(start), _instant(end))
        raise CalendarError(_("This calendar does not open again."))

    def intervals_before(self, at: datetime) -> Iterator[Interval]:
        """Opening hours back from `at`, latest first, the first cut to it. Raises as `intervals_after`."""
        instant = _micros(at)
        if self.never_closes:
            yield Interval(_instant(_year_start(_year_of(instant) - _HORIZON)), _instant(instant))
            return
        pieces = ((-min(end, instant), -start) for start, end in self._walk(instant, -1))
        for end, start in _joined(pieces):
            yield Interval(_instant(-start), _instant(-end))
        raise CalendarError(_("This calendar was not open before."))

    def _walk(self, instant: int, step: int) -> Iterator[tuple[int, int]]:
        """Intervals that end after `instant` (or, backwards, start before it), a year at a time."""
        year = first = _year_of(instant)
        while abs(year - first) <= _HORIZON:
            laid_out = self._year(year)
            pairs = list(zip(laid_out.starts, laid_out.ends, strict=True))
            if step > 0:
                yield from pairs[bisect_right(laid_out.ends, instant) :]
            else:
                yield from reversed(pairs[: bisect_left(laid_out.starts, instant)])
            year += step
            if not self._has_time_beyond(year, step):
                return


class _Offsets:
    """The zone's offsets over a stretch of time, and with them local seconds turned into instants."""

    def __init__(self, zone: ZoneInfo, start: int, end: int) -> None:
        self._offsets = [_offset(zone, start)]
        self._until: list[int] = []  # local seconds below which the offset of the same index holds
        at = start
        while at < end:
            following = at + DAY
            if _offset(zone, following) != self._offsets[-1]:
                self._note_change(zone, at, following)
            at = following

    def _note_change(self, zone: ZoneInfo, low: int, high: int) -> None:
        old, new = self._offsets[-1], _offset(zone, high)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == old else (low, middle)
        # Skipped local times (new > old) and repeated ones (old > new) both still take the old offset.
        self._until.append(high + max(old, new))
        self._offsets.append(new)

    def to_instant(self, local: int) -> int:
        return local - self._offsets[bisect_right(self._until, local)]


def _offset(zone: ZoneInfo, seconds: int) -> int:
    offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("An instant needs its zone.")
    return (at - _EPOCH) // _ONE


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _year_start(year: int) -> int:
    return (date(year, 1, 1).toordinal() - 719_163) * DAY * _MICRO


def _year_of(micros: int) -> int:
    return date.fromordinal(micros // (DAY * _MICRO) + 719_163).year


def _joined(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted intervals, those that touch or overlap made one (such as a night cut by the turn of a year)."""
    held: tuple[int, int] | None = None
    for start, end in intervals:
        if held and start <= held[1]:
            held = (held[0], max(end, held[1]))
            continue
        if held:
            yield held
        held = (start, end)
    if held:
        yield held


def _without(opened: list[tuple[int, int]], breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    for cut_start, cut_end in breaks:
        opened = [
            piece
            for start, end in opened
            for piece in ((start, min(end, cut_start)), (max(start, cut_end), end))
            if piece[0] < piece[1]
        ]
    return opened


@lru_cache(maxsize=512)
def _compiled(canonical: str) -> WorkingCalendar:
    return WorkingCalendar(parse_calendar(json.loads(canonical)))


def compile_calendar(spec: Mapping[str, Any]) -> WorkingCalendar:
    """The compiled calendar of a JSON form, the same object for the same form. Raises `CalendarError`."""
    return _compiled(json.dumps(spec, sort_keys=True))


def add_working_time(calendar: WorkingCalendar, start: datetime, amount: timedelta) -> datetime:
    """The instant at which `amount` of working time has passed since `start`: `WorkingCalendar.add`."""
    return calendar.add(start, amount)


def working_time_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Working time from `start` to `end`: `WorkingCalendar.between`."""
    return calendar.between(start, end)
