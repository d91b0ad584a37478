"""How long customers wait for the first answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.reports import charts, sentences
from helpdesk.reports.base import (
    frame,
    grouped,
    names_narrowed_to,
    opens,
    report_view,
    selects,
    split_tabs,
)
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import NOTHING, PROMISED, Histogram, Waits, merged, waits
from helpdesk.reports.filters import LINKED, Filters, read
from helpdesk.reports.heat import heat_map, moment
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, weeks
from helpdesk.reports.relation import Key, Relation
from helpdesk.reports.rows import lines
from helpdesk.reports.splits import MOST, split_rows
from helpdesk.reports.waits import shared_target

MOST_BY_WEEK = 3
"""More teams than this stand in no column of a week side by side."""
TARGET = ("target", "target_working")
LISTED = 5
"""So many of those who wait longest stand on the page; the rest is one click away."""


@report_view
def first_response(request: HttpRequest) -> HttpResponse:
    """The finding, the curve, the breakdown, the weeks, and who still waits."""
    definition = DEFINITIONS["first-response"]
    filters = read(request.GET, timezone.now(), by=definition.by, splits=definition.splits)
    relation = definition.relation(filters)
    ways = dict.fromkeys([("team",), *([] if filters.split in LINKED else [(filters.split,)])])
    found, targets = relation.histograms(*ways, slices=PROMISED, beside=TARGET)
    whole = waits(merged(found["team",].values()))
    context = frame(request, "first-response", filters) | {
        "definition": definition,
        "selects": selects(filters, _dates(), basis=True),
        "summary": whole,
        "narrowed_to": [*names_narrowed_to(filters, LINKED), *filter(None, [moment(filters)])],
        "whole_address": replace(filters, organization="", tag="", weekday="", hour="").query(),
        "export": _export(filters),
    }
    if whole.n:
        more = 0
        if filters.split in LINKED:
            rows, more = split_rows(filters, relation)
            found |= rows.histograms((filters.split,), slices=PROMISED)[0]
        context |= {"not_shown": more, "most": MOST}
        target = shared_target(targets, working=filters.is_working)
        context |= _figures(filters, relation, found, whole, target)
        waiting = relation.sliced("waiting").rows("value DESC, ticket", LISTED)
        context["waiting"] = list(lines(waiting, request.user))
    else:
        context["latest"] = latest_period(filters, "opened_at")
    return render(request, "reports/first_response.html", context)


def _dates() -> dict[str, Any]:
    return {"opened": _("By opened date"), "answered": _("By answered date")}


def _export(filters: Filters) -> str:
    return filters.query(report="first-response", slice="all")


Found = dict[tuple[str, ...], dict[Key, Histogram]]


def waits_of(filters: Filters) -> Waits:
    """How long customers wait for the first answer."""
    found, _targets = DEFINITIONS["first-response"].relation(filters).histograms((), slices=PROMISED)
    return waits(found[()].get((), NOTHING))


def _figures(
    filters: Filters, relation: Relation, found: Found, whole: Waits, target: float | None
) -> dict[str, Any]:
    told = {way: {key: waits(each) for key, each in found[way].items()} for way in found}
    series = [(group.name, group.figure) for group in grouped(told["team",], "team")]
    series = [(name, each) for name, each in series if each.n >= charts.FEWEST]
    if not 1 < len(series) <= charts.MOST:
        series = [(_("All"), whole)]
    return {
        "finding": sentences.waits_finding(whole, filters.is_working),
        "target": target,
        "curve": charts.curve_chart(series, filters.is_working, target),
        "breakdown": _breakdown(filters, told[filters.split,]),
        "tabs": split_tabs(filters, DEFINITIONS["first-response"].splits),
        "heat": heat_map(DEFINITIONS["first-response"], relation, filters),
        "weeks": _weekly(filters, target),
        "opens": {
            name: opens(filters, "first-response", name) for name in DEFINITIONS["first-response"].slices
        },
        "left_out": _left_out(filters),
    }


def _breakdown(filters: Filters, figures: Mapping[Key, Waits]) -> list[dict[str, Any]]:
    lines = []
    for group in grouped(figures, filters.split):
        narrowed = filters.narrowed(filters.split, group.value)
        lines.append(
            {
                "name": group.name,
                "figure": group.figure,
                "all": opens(narrowed, "first-response"),
                "met": opens(narrowed, "first-response", "met"),
                "judged": opens(narrowed, "first-response", "judged"),
            }
        )
    return lines


def _weekly(filters: Filters, target: float | None) -> charts.WeekChart:
    """Eight weeks up to the end of the period, by team where there are few teams."""
    spans = weeks(min(filters.period.last, filters.now.astimezone(filters.zone).date()), filters.zone)
    whole = filters.during(Period(spans[0].first, spans[-1].last, filters.zone))
    relation = DEFINITIONS["first-response"].relation(whole).shared_out(spans)
    found, _targets = relation.histograms(("team", "span"), slices=PROMISED)
    by_team: dict[Key, dict[int, Histogram]] = {}
    for (team, span), histogram in found["team", "span"].items():
        by_team.setdefault((team,), {})[span] = histogram
    named = [
        (group.name, [group.figure])
        for group in grouped(by_team, "team")
        if sum(each.n for each in group.figure.values()) >= charts.FEWEST
    ]
    if not 1 < len(named) <= MOST_BY_WEEK:
        named = [(_("All"), list(by_team.values()))]
    series = [
        (name, [waits(merged(team.get(span, NOTHING) for team in teams)) for span in range(len(spans))])
        for name, teams in named
    ]
    return charts.week_chart(series, spans, filters, target)


def _left_out(filters: Filters) -> list[tuple[int, str, str]]:
    """What is not counted: how many, in words, and where they are listed."""
    if filters.by:
        return []
    words = {"unanswered": _("resolved before anybody answered"), "outgoing": _("opened by us")}
    counted = ((key, DEFINITIONS[key].relation(filters).count(), word) for key, word in words.items())
    return [(count, word, opens(filters, key)) for key, count, word in counted if count]
