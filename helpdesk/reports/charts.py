"""Charts ready to be written into a page: every mark with its place and its words. Pure of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from helpdesk.reports.figures import ENOUGH, Waits
from helpdesk.reports.filters import Filters
from helpdesk.reports.geometry import (
    Tick,
    TimeAxis,
    column_place,
    line_path,
    nice_top,
    spread,
    step_path,
    time_axis,
    time_label,
)
from helpdesk.reports.periods import Period
from helpdesk.reports.ratings import Scored

FEWEST = ENOUGH
"""A group with fewer rows gets no curve of its own."""
MOST = 4
"""More curves than this cannot be told apart."""
LABEL_GAP = 7.0
"""Per cent of a plot's height that a label needs."""


@dataclass(frozen=True)
class CurveLine:
    """One step curve: its colour number, its words at the right end and where it crosses the target."""

    number: int
    name: str
    path: str
    end_label: str
    end_place: float
    target_share: float | None
    target_label: str
    shares: list[float]


@dataclass(frozen=True)
class CurveChart:
    lines: list[CurveLine]
    ticks: list[Tick]
    target_place: float | None
    target_label: str


def curve_chart(series: Sequence[tuple[str, Waits]], is_working: bool, target: float | None) -> CurveChart:
    """The share answered as time goes by, one curve for each (name, waits); `target` in seconds."""
    longest = [each.curve.longest for _name, each in series if each.curve.longest]
    times = [step.time for _name, each in series for step in each.curve.steps] + longest
    axis = time_axis([*times, *([target] if target else [])], is_working)
    ends = [100 * (1 - (each.curve.steps[-1].share if each.curve.steps else 0)) for _name, each in series]
    places = spread(ends, LABEL_GAP)
    lines = [
        _curve_line(number, name, each, axis, target, place)
        for number, ((name, each), place) in enumerate(zip(series, places, strict=True), 1)
    ]
    label = _("Target %(time)s") % {"time": time_label(target, is_working)} if target else ""
    return CurveChart(lines, axis.ticks, axis.place(target) if target else None, label)


def _curve_line(
    number: int, name: str, waits: Waits, axis: TimeAxis, target: float | None, place: float
) -> CurveLine:
    curve = waits.curve
    end = curve.steps[-1].share if curve.steps else 0.0
    at_target = curve.share_by(target) if target else None
    ticks = [axis.low * (axis.high / axis.low) ** (tick.place / 100) for tick in axis.ticks]
    return CurveLine(
        number=number,
        name=name,
        path=step_path(curve, axis),
        end_label=f"{name} {percent(end)}",
        end_place=place,
        target_share=None if at_target is None else 100 * (1 - at_target),
        target_label="" if at_target is None else percent(at_target),
        shares=[100 * curve.share_by(tick * 1.000001) for tick in ticks],
    )


def percent(share: float) -> str:
    """A share from 0 to 1 as whole per cent."""
    return f"{round(100 * share)}%"


@dataclass(frozen=True)
class WeekMark:
    """One week: where its marks stand (None where there are too few), and what it says."""

    place: float
    label: str
    n: int
    is_open: bool
    value: float | None
    low: float | None
    high: float | None
    value_label: str = ""
    high_label: str = ""
    is_high_known: bool = True


@dataclass(frozen=True)
class WeekSeries:
    number: int
    name: str
    marks: list[WeekMark]


@dataclass(frozen=True)
class WeekChart:
    """Small multiples on one scale: a mark for each week."""

    series: list[WeekSeries]
    ticks: list[Tick]
    target_place: float | None = None


def week_label(span: Period, before: Period | None) -> str:
    """The day a week begins; the month where it is a new one."""
    is_new = before is None or before.first.month != span.first.month
    return date_format(span.first, _("j M")) if is_new else str(span.first.day)


def week_chart(
    series: Sequence[tuple[str, list[Waits]]], spans: list[Period], filters: Filters, target: float | None
) -> WeekChart:
    """Median and nine in ten by week; the week that is not over is marked as open."""
    figures = [waits for _name, weeks in series for waits in weeks]
    values = [value for waits in figures for value in (waits.median, waits.p90) if value is not None]
    axis = time_axis([*values, *([target] if target and values else [])], filters.is_working)
    rows = [
        WeekSeries(
            number,
            name,
            [_week_mark(waits, index, spans, axis, filters) for index, waits in enumerate(weeks)],
        )
        for number, (name, weeks) in enumerate(series, 1)
    ]
    ticks = [Tick(100 - tick.place, tick.label, tick.is_minor) for tick in axis.ticks]
    return WeekChart(rows, ticks, 100 - axis.place(target) if target and values else None)


def _week_mark(waits: Waits, index: int, spans: list[Period], axis: TimeAxis, filters: Filters) -> WeekMark:
    median, p90 = waits.median, waits.p90
    return WeekMark(
        place=column_place(index, len(spans)),
        label=week_label(spans[index], spans[index - 1] if index else None),
        n=waits.n,
        is_open=spans[index].covers(filters.now),
        value=None if median is None else 100 - axis.place(median),
        low=None if median is None else 100 - axis.place(median),
        high=0.0 if p90 is None else 100 - axis.place(p90),
        value_label="–" if median is None else time_label(median, filters.is_working),
        high_label="–" if p90 is None else time_label(p90, filters.is_working),
        is_high_known=p90 is not None,
    )


def score_weeks(scores: list[Scored], spans: list[Period], filters: Filters) -> list[WeekMark]:
    """A score with its interval by week, on its own scale."""
    marks = []
    for index, each in enumerate(scores):
        value, low, high = each.places or (None, None, None)
        marks.append(
            WeekMark(
                place=column_place(index, len(spans)),
                label=week_label(spans[index], spans[index - 1] if index else None),
                n=each.n,
                is_open=spans[index].covers(filters.now),
                value=None if value is None else 100 - value,
                low=None if low is None else 100 - low,
                high=None if high is None else 100 - high,
                value_label=each.value_words if each.is_enough or each.scoring.has_share else "",
            )
        )
    return marks


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    is_open: bool


@dataclass(frozen=True)
class TrendLine:
    number: int
    path: str
    dots: list[Dot]
    first_label: str
    last_label: str


@dataclass(frozen=True)
class Trend:
    """A small multiple: one or two lines over eight weeks; the open week is a hollow dot on its own."""

    title: str
    value: str
    evidence: str
    lines: list[TrendLine]
    table: list[tuple[str, list[str]]]
    names: list[str] = field(default_factory=list)
    goal_place: float | None = None
    goal_label: str = ""
    opens: str = ""
    since: str = ""


def trend_line(
    values: Sequence[float | None], labels: Sequence[str], is_open: Sequence[bool], number: int, top: float
) -> TrendLine:
    """Values from 0 to `top` as dots joined by lines; the open week stands apart."""
    count = len(values)
    dots, joined = [], []
    for index, value in enumerate(values):
        if value is None:
            continue
        x, y = round(1.5 + 97 * index / (count - 1), 2), round(100 - 100 * min(value / top, 1.0), 2)
        dots.append(Dot(x, y, is_open[index]))
        if not is_open[index]:
            joined.append((x, y))
    known = zip(values, labels, is_open, strict=True)
    closed = [label for value, label, still_open in known if value is not None and not still_open]
    return TrendLine(
        number, line_path(joined), dots, closed[0] if closed else "", closed[-1] if closed else ""
    )


def scale_top(*series: Sequence[float | None]) -> float:
    """A round end for a scale that begins at zero."""
    return float(nice_top(max((value for values in series for value in values if value), default=1)))


@dataclass(frozen=True)
class Piece:
    """A stretch of a stacked bar: from `place`, `width` wide (both per cent)."""

    place: float
    width: float
    count: int
    name: str
    tone: str
    opens: str = ""


def stacked(counts: Sequence[tuple[str, int, str, str]]) -> list[Piece]:
    """One bar of (name, count, tone, address), each as wide as its share; nothing is left out."""
    whole = sum(count for _name, count, _tone, _opens in counts)
    pieces, place = [], 0.0
    for name, count, tone, address in counts:
        width = 100 * count / whole if whole else 0.0
        pieces.append(Piece(round(place, 3), round(width, 3), count, name, tone, address))
        place += width
    return pieces
