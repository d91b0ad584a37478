"""What needs somebody now, and the last eight weeks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.reports import charts, needs
from helpdesk.reports.base import frame, member_view, opens, selects
from helpdesk.reports.changes import changes
from helpdesk.reports.figures import NOTHING, PROMISED, Share, Waits, waits
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.geometry import time_label
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, weeks
from helpdesk.reports.views.feedback import satisfied
from tickets import access


@member_view
def overview(request: HttpRequest) -> HttpResponse:
    """For agents, who see no other's numbers, their own page instead."""
    if not access.can_see_reports(request.user):
        return HttpResponseRedirect(reverse("reports:mine"))
    filters = replace(read(request.GET, timezone.now()), tag="")
    spans = weeks(filters.now.astimezone(filters.zone).date(), filters.zone)
    whole = filters.during(Period(spans[0].first, spans[-1].last, filters.zone))
    context = frame(request, "index", filters) | {
        "selects": [select for select in selects(filters, {}, basis=False) if select.name == "team"],
        "needs": needs.needs_now(request.user, filters),
        "trends": trends(whole, spans),
        # The open week is never compared.
        "changes": changes(whole, (spans[-3], spans[-2])),
        "compared": spans[-2],
    }
    return render(request, "reports/overview.html", context)


Counts = list[dict[str, int]]
"""How many rows each slice has, week by week."""


def trends(filters: Filters, spans: list[Period]) -> list[charts.Trend]:
    """Four small multiples over the same eight weeks; the evidence is of the last week that is over."""
    is_open = [span.covers(filters.now) for span in spans]
    relation = DEFINITIONS["first-response"].relation(filters).shared_out(spans)
    found, _others = relation.histograms(("span",), slices=PROMISED)
    responses = [waits(found["span",].get((index,), NOTHING)) for index in range(len(spans))]
    opened, resolved, asked = (_by_week(filters, spans, key) for key in ("opened", "resolved", "feedback"))
    return [
        _median(filters, spans, responses, is_open),
        _within(filters, spans, responses, is_open),
        _volume(filters, spans, opened, resolved, is_open),
        _satisfied(filters, spans, asked, is_open),
    ]


def _by_week(filters: Filters, spans: list[Period], report: str) -> Counts:
    definition = DEFINITIONS[report]
    found = definition.relation(filters).shared_out(spans).sums(("span",))["span",]
    return [found.get((index,), dict.fromkeys(definition.slices, 0)) for index in range(len(spans))]


def _last_closed(is_open: list[bool]) -> int:
    return max((index for index, still in enumerate(is_open) if not still), default=0)


def _week_of(spans: list[Period], index: int) -> str:
    return _("week of %(day)s") % {"day": charts.week_label(spans[index], None)}


def _trend(
    filters: Filters, spans: list[Period], report: str, is_open: list[bool], **words: Any
) -> charts.Trend:
    week = filters.during(spans[_last_closed(is_open)])
    return charts.Trend(
        opens=opens(week, report, words.pop("slice_", "all")),
        since=charts.week_label(spans[0], None),
        **words,
    )


def _median(filters: Filters, spans: list[Period], figures: list[Waits], is_open: list[bool]) -> charts.Trend:
    values = [figure.median for figure in figures]
    labels = ["–" if value is None else time_label(value, filters.is_working) for value in values]
    last = _last_closed(is_open)
    return _trend(
        filters,
        spans,
        "first-response",
        is_open,
        title=_("First response, median"),
        value=labels[last],
        evidence=f"{_week_of(spans, last)}, n = {figures[last].n}",
        lines=[charts.trend_line(values, labels, is_open, 1, max(filter(None, values), default=1) * 1.25)],
        table=_table(spans, labels, [str(figure.n) for figure in figures]),
        names=[_("Median"), "n"],
    )


def _within(filters: Filters, spans: list[Period], figures: list[Waits], is_open: list[bool]) -> charts.Trend:
    shares = [figure.within for figure in figures]
    return _share_trend(
        filters, spans, shares, is_open, _("Answered within target"), ("first-response", "judged", 1)
    )


def _satisfied(filters: Filters, spans: list[Period], asked: Counts, is_open: list[bool]) -> charts.Trend:
    shares = [satisfied(week) for week in asked]
    return _share_trend(
        filters, spans, shares, is_open, _("Satisfied, 4 or 5 of 5"), ("feedback", "answered", 3)
    )


def _share_trend(
    filters: Filters,
    spans: list[Period],
    shares: list[Share],
    is_open: list[bool],
    title: str,
    kind: tuple[str, str, int],
) -> charts.Trend:
    report, slice_, number = kind
    last = _last_closed(is_open)
    values = [share.percent if share.is_enough else None for share in shares]
    labels = ["–" if value is None else f"{round(value)}%" for value in values]
    share = shares[last]
    low, high = share.interval or (0, 0)
    interval = f"{round(low)}–{round(high)}, " if share.is_enough else ""
    return _trend(
        filters,
        spans,
        report,
        is_open,
        slice_=slice_,
        title=title,
        value=_counts(share) if share.n and not share.is_enough else labels[last],
        evidence=f"{interval}{_week_of(spans, last)}, n = {share.n}",
        lines=[charts.trend_line(values, labels, is_open, number, 100)],
        table=_table(spans, labels, [str(each.n) for each in shares]),
        names=[title, "n"],
    )


def _counts(share: Share) -> str:
    return _("%(hits)d of %(n)d") % {"hits": share.hits, "n": share.n}


def _volume(
    filters: Filters, spans: list[Period], came: Counts, went: Counts, is_open: list[bool]
) -> charts.Trend:
    opened, resolved = ([float(week["all"]) for week in weeks] for weeks in (came, went))
    top, last = charts.scale_top(opened, resolved), _last_closed(is_open)
    words = [[str(round(value)) for value in values] for values in (opened, resolved)]
    return _trend(
        filters,
        spans,
        "opened",
        is_open,
        title=_("Opened, and resolved (dashed)"),
        value=_("%(opened)s and %(resolved)s") % {"opened": words[0][last], "resolved": words[1][last]},
        evidence=_week_of(spans, last),
        lines=[
            charts.trend_line(resolved, ["" for _w in words[1]], is_open, 0, top),
            charts.trend_line(opened, words[0], is_open, 1, top),
        ],
        table=_table(spans, *words),
        names=[_("Opened"), _("Resolved")],
    )


def _table(spans: list[Period], *columns: list[str]) -> list[tuple[str, list[str]]]:
    return [(str(span), list(cells)) for span, *cells in zip(spans, *columns, strict=True)]
