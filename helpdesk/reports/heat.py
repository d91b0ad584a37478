"""When, within a week, the tickets of a report came: weekday by hour on the company's clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.reports.base import opens
from helpdesk.reports.figures import PROMISED, Share
from helpdesk.reports.filters import HOURS, WEEKDAYS, Filters
from helpdesk.reports.metrics import Definition
from helpdesk.shades import shade
from helpdesk.words import number

_PLACES = ("weekday", "hour")
_Counts = Mapping[tuple[int, int], Mapping[str, int]]


@dataclass(frozen=True)
class Cell:
    """The tickets of an hour of the week, of a whole day, or of an hour on all days; `path` lists them."""

    count: int
    within: Share
    path: str
    judged: str
    words: str
    shade: int = 0


@dataclass(frozen=True)
class Day:
    name: str
    cells: list[Cell]
    whole: Cell


@dataclass(frozen=True)
class Heat:
    """Seven days of 24 hours, with what all of them have at each hour, and together."""

    days: list[Day]
    hours: list[Cell]
    whole: Cell


def moment(filters: Filters) -> str:
    """The part of the week that is asked about, as in “Monday, 09:00–10:00”; "" where all of it is."""
    day = str(WEEKDAY_NAMES[int(filters.weekday) - 1]) if filters.weekday else ""
    hour = int(filters.hour or 0)
    hours = f"{hour:02d}:00–{hour + 1:02d}:00" if filters.hour else ""
    return ", ".join(filter(None, (day, hours)))


def heat_map(definition: Definition, filters: Filters) -> Heat:
    """The rows of a report about promises by weekday and hour of their instant. One query."""
    sums = definition.relation(filters).by_hour(filters.zone.key).sums(_PLACES, slices=("all", *PROMISED))
    counts: _Counts = sums[_PLACES]
    most = max((told["all"] for told in counts.values()), default=0)
    days = [
        Day(
            str(WEEKDAY_NAMES[int(day) - 1]),
            [_cell(definition, filters, counts, day, hour, most) for hour in HOURS],
            _cell(definition, filters, counts, day, filters.hour),
        )
        for day in WEEKDAYS
    ]
    hours = [_cell(definition, filters, counts, filters.weekday, hour) for hour in HOURS]
    return Heat(days, hours, _cell(definition, filters, counts, filters.weekday, filters.hour))


def _cell(
    definition: Definition, filters: Filters, counts: _Counts, day: str, hour: str, most: int = 0
) -> Cell:
    """What falls on a day, an hour, or both ("": all); `most`, the largest of its kind, gives it a shade."""
    told = [each for place, each in counts.items() if _falls(place, day, hour)]
    count, met, missed = (sum(each[name] for each in told) for name in ("all", *PROMISED))
    narrowed = replace(filters, weekday=day, hour=hour)
    within = Share(met, met + missed)
    words = ": ".join(filter(None, (moment(narrowed), _told(count, within))))
    paths = (opens(narrowed, definition.key), opens(narrowed, definition.key, "judged"))
    return Cell(count, within, *paths, words, shade(count, most))


def _falls(place: Iterable[int], day: str, hour: str) -> bool:
    return all(asked in ("", str(given)) for asked, given in zip((day, hour), place, strict=True))


def _told(count: int, within: Share) -> str:
    """How many tickets, and how many of them within target, as far as there are enough to say so."""
    tickets = ngettext("%(num)s ticket", "%(num)s tickets", count) % {"num": number(count)}
    if not within.n:
        return tickets
    share = (
        _("%(percent)d%% within target") % {"percent": round(within.percent or 0)}
        if within.is_enough
        else _("%(hits)d of %(n)d within target") % {"hits": within.hits, "n": within.n}
    )
    return f"{tickets}, {share}"
