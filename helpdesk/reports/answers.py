"""A report's figures as data, from the same rows and with the same filters as its page, lists and files.

The API's face asks for them by the name in `settings.REPORT_FIGURES`: faces do not know each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from feedback.models import Kind
from feedback.scores import percentile
from helpdesk.company import company
from helpdesk.reports.base import grouped
from helpdesk.reports.figures import ENOUGH, Share, waits
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS, Definition
from helpdesk.reports.ratings import SCORING_OF, responded, scored
from helpdesk.reports.waits import WAIT_SLICES
from helpdesk.reports.work import WORK_SLICES
from helpdesk.times import zone_named
from tickets import access

Figures = list[dict[str, Any]]
PERCENT, SECONDS = "per cent", "seconds"
_UNITS = {Kind.CSAT: PERCENT, Kind.CES: "mean of 1 to 7", Kind.NPS: "points"}


def question(report: str, params: Mapping[str, str], reader: Any) -> tuple[Definition, Filters] | None:
    """The report and the question in an address; None for a report that does not exist.

    Who may not see the reports asks about themselves, and only this.
    """
    definition = DEFINITIONS.get(report)
    if definition is None:
        return None
    filters = read(params, timezone.now(), by=definition.by)
    if definition.is_calendar:
        filters = replace(filters, basis="calendar")
    if not access.can_see_reports(reader):
        filters = replace(filters, agent=str(reader.pk))
    return definition, filters


def answer(report: str, params: Mapping[str, str], reader: Any) -> dict[str, Any] | None:
    """The figures of a report as plain data; None where there is no such report."""
    with timezone.override(zone_named(company().time_zone)):
        asked = question(report, params, reader)
        return _answer(*asked) if asked else None


def _answer(definition: Definition, filters: Filters) -> dict[str, Any]:
    rows = definition.rows(filters)
    groups = [] if definition.rating == Kind.NPS else grouped(rows, filters.split)
    return {
        "report": definition.key,
        "name": str(definition.name),
        "question": str(definition.question),
        "from": None if definition.is_now else filters.period.first,
        "to": None if definition.is_now else filters.period.last,
        "time_zone": filters.zone.key,
        "basis": filters.basis,
        "by": filters.by or next(iter(definition.by), ""),
        "split": filters.split,
        "counted_at": filters.now,
        "counts": _counts(definition, rows),
        "figures": _figures(definition, rows),
        "groups": [
            {
                "value": None if group.value is None else str(group.value),
                "name": group.name,
                "counts": _counts(definition, group.rows),
                "figures": _figures(definition, group.rows),
            }
            for group in groups
        ],
    }


def _counts(definition: Definition, rows: Sequence[Any]) -> dict[str, int]:
    """How many rows each slice has: as many as its list and its file."""
    return {name: sum(map(belongs, rows)) for name, (_words, belongs) in definition.slices.items()}


def _figures(definition: Definition, rows: Sequence[Any]) -> Figures:
    make: Callable[[Sequence[Any]], Figures] | None = None
    if definition.rating:
        return _of_ratings(definition.key, rows)
    if definition.slices is WAIT_SLICES:
        make = _of_waits
    elif definition.slices is WORK_SLICES:
        make = _of_work
    return make(rows) if make else []


def _of_waits(rows: Sequence[Any]) -> Figures:
    figure = waits((row.value, row.done, row.verdict) for row in rows)
    low, high = figure.median_interval if figure.median is not None else (None, None)
    return [
        _figure("median", SECONDS, figure.n, figure.median, low, high),
        _figure("p90", SECONDS, figure.n, figure.p90),
        _share("within_target", figure.within),
    ]


def _of_work(rows: Sequence[Any]) -> Figures:
    values = [row.value for row in rows] if len(rows) >= ENOUGH else []
    names = [name for name in WORK_SLICES if name != "all"]
    shares = [
        _share(name.replace("-", "_"), Share(sum(map(WORK_SLICES[name][1], rows)), len(rows)))
        for name in names
    ]
    times = [
        _figure(name, SECONDS, len(rows), percentile(values, share))
        for name, share in (("median", 0.5), ("p90", 0.9))
    ]
    return [*times, *shares]


def _of_ratings(report: str, rows: Sequence[Any]) -> Figures:
    scoring = SCORING_OF[report]
    found = scored(scoring, rows)
    score = found.score
    shown = (score.value, score.low, score.high) if found.is_enough else (None, None, None)
    figures = [_figure("score", _UNITS[scoring.kind], score.n, *shown)]
    if scoring.kind == Kind.CES:
        figures.append(_share("agree", found.share))
    return [*figures, _share("response_rate", responded(rows))]


def _figure(
    key: str,
    unit: str,
    n: int,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    hits: int | None = None,
) -> dict[str, Any]:
    return {"key": key, "unit": unit, "n": n, "hits": hits, "value": value, "low": low, "high": high}


def _share(key: str, share: Share) -> dict[str, Any]:
    low, high = share.interval if share.is_enough and share.interval else (None, None)
    return _figure(key, PERCENT, share.n, share.percent if share.is_enough else None, low, high, share.hits)
