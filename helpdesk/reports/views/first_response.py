"""How long customers wait for the first answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.reports import charts, sentences
from helpdesk.reports.base import frame, grouped, opens, report_view, selects, split_tabs
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Waits, waits
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, shared_out, weeks
from helpdesk.reports.rows import lines
from helpdesk.reports.waits import Wait, shared_target

LISTED = 5
"""So many of those who wait longest stand on the page; the rest is one click away."""


@report_view
def first_response(request: HttpRequest) -> HttpResponse:
    """The finding, the curve, the breakdown, the weeks, and who still waits."""
    definition = DEFINITIONS["first-response"]
    filters = read(request.GET, timezone.now(), by=definition.by)
    rows = definition.rows(filters)
    context = frame(request, "first-response", filters) | {
        "definition": definition,
        "selects": selects(filters, _dates(), basis=True),
        "summary": summary(rows),
        "export": _export(filters),
    }
    if rows:
        context |= _figures(request, filters, rows)
    else:
        context["latest"] = latest_period(filters, "opened_at")
    return render(request, "reports/first_response.html", context)


def _dates() -> dict[str, Any]:
    return {"opened": _("By opened date"), "answered": _("By answered date")}


def _export(filters: Filters) -> str:
    return filters.query(report="first-response", slice="all")


def summary(rows: Sequence[Wait]) -> Waits:
    return waits((row.value, row.done, row.verdict) for row in rows)


def _figures(request: HttpRequest, filters: Filters, rows: list[Wait]) -> dict[str, Any]:
    whole = summary(rows)
    target = shared_target(rows, working=filters.is_working)
    teams = [group for group in grouped(rows, "team") if len(group.rows) >= charts.FEWEST]
    series = [(group.name, summary(group.rows)) for group in teams]
    if not 1 < len(series) <= charts.MOST:
        series = [(_("All"), whole)]
    waiting = sorted((row for row in rows if not row.done), key=lambda row: (-row.value, row.ticket))
    return {
        "finding": sentences.waits_finding(whole, filters.is_working),
        "target": target,
        "curve": charts.curve_chart(series, filters.is_working, target),
        "breakdown": _breakdown(filters, rows),
        "tabs": split_tabs(filters),
        "weeks": _weekly(filters, target),
        "waiting": list(lines(waiting[:LISTED], request.user)),
        "opens": {
            name: opens(filters, "first-response", name) for name in DEFINITIONS["first-response"].slices
        },
        "left_out": _left_out(filters),
    }


def _breakdown(filters: Filters, rows: list[Wait]) -> list[dict[str, Any]]:
    found = []
    for group in grouped(rows, filters.split):
        narrowed = filters.narrowed(filters.split, group.value)
        found.append(
            {
                "name": group.name,
                "figure": summary(group.rows),
                "all": opens(narrowed, "first-response"),
                "met": opens(narrowed, "first-response", "met"),
                "judged": opens(narrowed, "first-response", "judged"),
            }
        )
    return found


def _weekly(filters: Filters, target: float | None) -> charts.WeekChart:
    """Eight weeks up to the end of the period, by team where there are few teams."""
    spans = weeks(min(filters.period.last, filters.now.astimezone(filters.zone).date()), filters.zone)
    whole = filters.during(Period(spans[0].first, spans[-1].last, filters.zone))
    rows = DEFINITIONS["first-response"].rows(whole)
    groups = [group for group in grouped(rows, "team") if len(group.rows) >= charts.FEWEST]
    named = [(group.name, group.rows) for group in groups] if 1 < len(groups) <= 3 else [(_("All"), rows)]
    series = [(name, [summary(week) for week in shared_out(members, spans)]) for name, members in named]
    return charts.week_chart(series, spans, filters, target)


def _left_out(filters: Filters) -> list[tuple[int, str, str]]:
    """What is not counted: how many, in words, and where they are listed."""
    if filters.by:
        return []
    words = {"unanswered": _("resolved before anybody answered"), "outgoing": _("opened by us")}
    counted = ((key, len(DEFINITIONS[key].rows(filters)), word) for key, word in words.items())
    return [(count, word, opens(filters, key)) for key, count, word in counted if count]
