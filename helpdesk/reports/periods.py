"""Stretches of days in the company's time zone, and the instants they begin and end at. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
WEEKS = 8
LONGEST = timedelta(days=5 * 366)


@dataclass(frozen=True)
class Period:
    """Whole days from `first` to `last`, both included, as a calendar on the wall in `zone` shows them."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """The instant at which the first day begins."""
        return midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The instant at which the day after the last one begins; it does not belong to the period."""
        return midnight(self.last + DAY, self.zone)

    def covers(self, at: datetime) -> bool:
        return self.since <= at < self.until

    @property
    def offsets(self) -> list[tuple[datetime, int]]:
        """By how many seconds the zone's clocks are ahead of UTC: each with the instant until which it holds,
        the last with the end of the period."""
        found = []
        at, until = self.since.astimezone(UTC), self.until.astimezone(UTC)
        while at < until:
            after = min(at + DAY, until)
            if (ahead := _ahead(at, self.zone)) != _ahead(after, self.zone):
                after = _change(at, after, self.zone)
                found.append((after, ahead))
            at = after
        return [*found, (until, _ahead(until - SECOND, self.zone))]

    def __str__(self) -> str:
        first, last = self.first, self.last
        if first == last:
            return date_format(last, _("j M Y"))
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{date_format(last, _('j M Y'))}"
        if first.year == last.year:
            return f"{date_format(first, _('j M'))} – {date_format(last, _('j M Y'))}"
        return f"{date_format(first, _('j M Y'))} – {date_format(last, _('j M Y'))}"


def _ahead(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, from which on a zone's clocks stand as `after`, and not as `before`."""
    while after - before > SECOND:
        middle = before + SECOND * ((after - before) // SECOND // 2)
        if _ahead(middle, zone) == _ahead(before, zone):
            before = middle
        else:
            after = middle
    return after


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone (where the clocks skip midnight, the one after the gap)."""
    return datetime.combine(day, time(), zone)


def _month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date) -> tuple[date, date]:
    end = today.replace(day=1) - DAY
    return end.replace(day=1), end


def _days(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - (count - 1) * DAY, today)


def _year(today: date) -> tuple[date, date]:
    return today.replace(month=1, day=1), today


PRESETS: dict[str, tuple[object, Callable[[date], tuple[date, date]]]] = {
    "7d": (gettext_lazy("Last 7 days"), _days(7)),
    "30d": (gettext_lazy("Last 30 days"), _days(30)),
    "90d": (gettext_lazy("Last 90 days"), _days(90)),
    "month": (gettext_lazy("This month"), _month),
    "last_month": (gettext_lazy("Last month"), _last_month),
    "year": (gettext_lazy("This year"), _year),
}
DEFAULT = "30d"


def preset(name: str, today: date, zone: ZoneInfo) -> Period:
    """The period of a name in `PRESETS`; raises KeyError for another one."""
    return Period(*PRESETS[name][1](today), zone)


def between(first: str, last: str, zone: ZoneInfo) -> Period | None:
    """The period of two dates as forms send them (ISO 8601); None where they make no sense."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        if start > end or end - start > LONGEST or start.year < 1970 or end.year > 9000:
            return None
    except ValueError:
        return None
    return Period(start, end, zone)


def weeks(last: date, zone: ZoneInfo, count: int = WEEKS) -> list[Period]:
    """The `count` weeks, Monday to Sunday, of which the last one holds the day `last`; oldest first."""
    monday = last - timedelta(days=last.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    return [Period(start, start + timedelta(days=6), zone) for start in starts]
