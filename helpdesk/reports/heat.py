"""When, within a week, the tickets of a report came: weekday by hour on the company's clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.reports.base import opens
from helpdesk.reports.figures import PROMISED, Share
from helpdesk.reports.filters import HOURS, WEEKDAYS, Filters
from helpdesk.reports.metrics import Definition
from helpdesk.reports.relation import Relation
from helpdesk.shades import shade
from helpdesk.words import number

_Counts = dict[tuple[str, str], Counter[str]]
_NOTHING: Counter[str] = Counter()


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


def heat_map(definition: Definition, relation: Relation, filters: Filters) -> Heat:
    """The rows of a report about promises, a relation, by weekday and hour of their instant. One query."""
    sums = relation.by_hour(filters.period).sums(("week_hour",), slices=("all", *PROMISED))
    counts = _counts(sums["week_hour",])
    most = max((told["all"] for place, told in counts.items() if all(place)), default=0)
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


def _counts(by_hour: Mapping[tuple[Any, ...], Mapping[str, int]]) -> _Counts:
    """What falls on a day (1 is Monday), an hour, or both ("": all), from the counts by hour of the week."""
    counts: _Counts = {}
    for (week_hour,), told in by_hour.items():
        day, hour = divmod(week_hour, len(HOURS))
        for place in product((WEEKDAYS[day], ""), (HOURS[hour], "")):
            counts.setdefault(place, Counter()).update(told)
    return counts


def _cell(
    definition: Definition, filters: Filters, counts: _Counts, day: str, hour: str, most: int = 0
) -> Cell:
    """What falls on a place; `most`, the largest of its kind, gives it a shade."""
    told = counts.get((day, hour), _NOTHING)
    count, met, missed = (told[name] for name in ("all", *PROMISED))
    narrowed = replace(filters, weekday=day, hour=hour)
    within = Share(met, met + missed)
    words = ": ".join(filter(None, (moment(narrowed), _told(count, within))))
    paths = (opens(narrowed, definition.key), opens(narrowed, definition.key, "judged"))
    return Cell(count, within, *paths, words, shade(count, most))


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
