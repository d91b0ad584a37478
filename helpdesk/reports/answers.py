"""A report's figures as data, from the same rows and with the same filters as its page, lists and files.

The API's face asks for them by the name in `settings.REPORT_FIGURES`: faces do not know each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from feedback.models import Kind
from helpdesk.company import company
from helpdesk.reports.base import Group, grouped
from helpdesk.reports.figures import Histogram, Share, Times, merged, waits
from helpdesk.reports.filters import LINKED, Filters, read
from helpdesk.reports.metrics import DEFINITIONS, Definition
from helpdesk.reports.ratings import SCORING_OF, responded, scored
from helpdesk.reports.relation import Key, Relation
from helpdesk.reports.splits import split_rows
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
    filters = read(params, timezone.now(), by=definition.by, splits=definition.splits)
    if definition.is_calendar:
        filters = replace(filters, basis="calendar")
    if not access.can_see_reports(reader):
        filters = replace(filters, agent=str(reader.pk))
    return definition, filters


def answer(report: str, params: Mapping[str, str], reader: Any) -> dict[str, Any] | None:
    """The figures of a report as plain data; None where there is no such report."""
    with timezone.override(zone_named(company().time_zone)):
        asked = question(report, params, reader)
        return told(*asked) if asked else None


def told(definition: Definition, filters: Filters) -> dict[str, Any]:
    """The figures of one metric for one question."""
    figures, groups, more = _told(definition, filters)
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
        **figures,
        "groups": [
            {"value": None if group.value is None else str(group.value), "name": group.name, **group.figure}
            for group in groups
        ],
        "groups_left_out": more,
    }


Told = dict[tuple[str, ...], dict[Key, dict[str, Any]]]
"""What is said of the rows, by the values of each set of columns."""


def _told(
    definition: Definition, filters: Filters
) -> tuple[dict[str, Any], list[Group[dict[str, Any]]], int]:
    """Counts and figures of all rows and of each group, and how many groups are left out: of organisations
    and tags those with the fewest rows. One pass over the rows; three by what is looked up."""
    relation, split = definition.relation(filters), (filters.split,)
    if definition.rating == Kind.NPS:
        return _said(definition, relation, ())[()][()], [], 0
    if filters.split not in LINKED:
        found, more = _said(definition, relation, (), split), 0
    else:
        rows, more = split_rows(filters, relation)
        found = _said(definition, relation, ()) | _said(definition, rows, split)
    return found[()][()], grouped(found[split], filters.split), more


def _said(definition: Definition, relation: Relation, *ways: tuple[str, ...]) -> Told:
    slices = tuple(definition.slices)
    if definition.slices is WAIT_SLICES:
        found, _others = relation.histograms(ways[-1], slices=slices)
        told: Told = {way: {key: _of_waits(each) for key, each in found[way].items()} for way in found}
        return told | ({(): {(): _of_waits(merged(found[ways[-1]].values()))}} if () in ways else {})
    if definition.slices is WORK_SLICES:
        times = relation.quantiles(*ways, slices=slices)
        return {way: {key: _of_work(each) for key, each in times[way].items()} for way in ways}
    sums = relation.sums(*ways)
    return {way: {key: _of_counts(definition, each) for key, each in sums[way].items()} for way in ways}


def _of_counts(definition: Definition, counts: dict[str, int]) -> dict[str, Any]:
    figures = _of_ratings(definition.key, counts) if definition.rating else []
    return {"counts": counts, "figures": figures}


def _of_waits(histogram: Histogram) -> dict[str, Any]:
    figure = waits(histogram)
    low, high = figure.median_interval if figure.median is not None else (None, None)
    figures = [
        _figure("median", SECONDS, figure.n, figure.median, low, high),
        _figure("p90", SECONDS, figure.n, figure.p90),
        _share("within_target", figure.within),
    ]
    return {"counts": {name: histogram.counts[name] for name in WAIT_SLICES}, "figures": figures}


def _of_work(told: Times) -> dict[str, Any]:
    shares = (("median", 0.5), ("p90", 0.9))
    times = [_figure(name, SECONDS, told.n, told.within(share)) for name, share in shares]
    names = [name for name in WORK_SLICES if name != "all"]
    figures = [*times, *(_share(name.replace("-", "_"), told.share(name)) for name in names)]
    return {"counts": told.counts, "figures": figures}


def _of_ratings(report: str, counts: dict[str, int]) -> Figures:
    scoring = SCORING_OF[report]
    found = scored(scoring, counts)
    score = found.score
    shown = (score.value, score.low, score.high) if found.is_enough else (None, None, None)
    figures = [_figure("score", _UNITS[scoring.kind], score.n, *shown)]
    if scoring.kind == Kind.CES:
        figures.append(_share("agree", found.share))
    return [*figures, _share("response_rate", responded(counts))]


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
