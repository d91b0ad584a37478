"""Where marks of a chart stand: positions in per cent of the plot, paths in a square of 1,000 units. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise

from feedback.scores import Curve
from helpdesk.times import duration

MINUTE, HOUR, DAY = 60, 3600, 86400
_SHORT = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
WORKING_TICKS = (*_SHORT, 16 * HOUR, 40 * HOUR, 80 * HOUR, 160 * HOUR, 480 * HOUR, 1920 * HOUR, 9600 * HOUR)
CALENDAR_TICKS = (
    *_SHORT,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
    1825 * DAY,
)


@dataclass(frozen=True)
class Tick:
    """A line of the scale: where it stands (per cent) and what is written there."""

    place: float
    label: str
    is_minor: bool = False


@dataclass(frozen=True)
class TimeAxis:
    """A logarithmic scale of seconds from `low` to `high` with ticks at times that people use."""

    low: float
    high: float
    is_working: bool

    def place(self, seconds: float) -> float:
        """Where a time stands, in per cent from the low end; what lies outside stands at the end."""
        if seconds <= self.low:
            return 0.0
        return min(100.0, 100 * math.log(seconds / self.low) / self._width)

    @cached_property
    def _width(self) -> float:
        return math.log(self.high / self.low)

    @property
    def ticks(self) -> list[Tick]:
        """Every second one is minor: narrow screens leave it out."""
        inside = [tick for tick in _ticks(self.is_working) if self.low <= tick <= self.high]
        return [
            Tick(self.place(tick), time_label(tick, self.is_working), number % 2 == 1)
            for number, tick in enumerate(inside)
        ]


def _ticks(is_working: bool) -> tuple[int, ...]:
    return WORKING_TICKS if is_working else CALENDAR_TICKS


def time_label(seconds: float, is_working: bool) -> str:
    """A time as it is read: working time counts on in hours, calendar time turns into days."""
    return duration(timedelta(seconds=seconds), days=not is_working)


def time_axis(values: Iterable[float], is_working: bool) -> TimeAxis:
    """The scale on which all `values` (seconds) stand, from a tick to a tick."""
    ticks, values = _ticks(is_working), sorted(values)
    if not values:
        return TimeAxis(MINUTE, 8 * HOUR, is_working)
    first = max((place for place, tick in enumerate(ticks) if tick <= values[len(values) // 20]), default=0)
    last = next((place for place, tick in enumerate(ticks) if tick >= values[-1]), len(ticks) - 1)
    last = max(last, 3)
    return TimeAxis(ticks[min(first, last - 3)], ticks[last], is_working)


def step_path(curve: Curve, axis: TimeAxis) -> str:
    """The rising share as an SVG path; steps that no eye could tell apart are drawn as one."""
    heights: dict[int, float] = {}  # the last of the steps at a place
    for step in curve.steps:
        heights[round(10 * axis.place(step.time))] = 1 - step.share
    parts, last_x, height = ["M0 1000"], 0.0, 1000.0
    for x, left in heights.items():
        height = round(1000 * left, 1)
        parts.append(f"H{x}V{height:g}" if x > 0 else f"V{height:g}")
        last_x = x
    if curve.longest is not None:
        parts.append(f"H{max(last_x, round(10 * axis.place(curve.longest))):g}")
    return "".join(parts) if height < 1000 or len(parts) > 1 else ""


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """Points in per cent, joined by straight lines."""
    return "".join(f"{'M' if not n else 'L'}{10 * x:g} {10 * y:g}" for n, (x, y) in enumerate(points))


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Places (per cent) moved apart so that labels there keep `gap` between them; order is kept."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, index in pairwise(order):
        moved[index] = max(moved[index], moved[before] + gap)
    over = max((moved[index] for index in order), default=0) - 100
    return [place - over for place in moved] if over > 0 else moved


def column_place(index: int, count: int) -> float:
    """The middle of one of `count` equal columns, in per cent."""
    return round(100 * (index + 0.5) / count, 3)


def nice_top(highest: float) -> int:
    """A round number at or above `highest`, for a scale of counts that begins at zero."""
    if highest <= 4:
        return 4
    magnitude = 10 ** math.floor(math.log10(highest))
    return int(
        next(step * magnitude for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * magnitude >= highest)
    )
