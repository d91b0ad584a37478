"""What came, what was settled and how, what is left and how old it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.reports.base import frame, grouped, opens, report_view, selects
from helpdesk.reports.charts import stacked
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Times
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import DAY, Period
from helpdesk.reports.work import AGES, WORK_SLICES, time_by_status
from helpdesk.times import duration
from tickets.models import Status

FEW_DAYS = 14
"""Up to so many days are shown one by one, longer periods by the week."""


@report_view
def workload(request: HttpRequest) -> HttpResponse:
    """Arrivals beside resolutions, the backlog by age, how tickets were settled, where their time went."""
    filters = replace(read(request.GET, timezone.now()), basis="calendar")
    spans = list(_pieces(filters.period))
    came, went = (_by_span(filters, spans, key) for key in ("opened", "resolved"))
    work = DEFINITIONS["work"].relation(filters).quantiles((), ("priority",), slices=tuple(WORK_SLICES))
    settled = work[()][()]
    ages, oldest = _backlog(filters)
    totals = {
        "opened": sum(came),
        "resolved": sum(went),
        "work": settled.n,
        "backlog": ages["all"],
    }
    context = frame(request, "workload", filters) | {
        "selects": selects(filters, {}, basis=False),
        "finding": _finding(totals, oldest),
        "spans": _spans(filters, spans, came, went),
        "totals": {key: (count, opens(filters, key)) for key, count in totals.items()},
        "ages": _ages(filters, ages),
        "shares": _shares(filters, settled),
        "lines": _lines(filters, settled, work["priority",]),
        "statuses": _statuses(filters),
        "definitions": [DEFINITIONS[key] for key in ("work", "backlog")],
    }
    if not any(totals.values()):
        context["latest"] = latest_period(filters, "opened_at")
    return render(request, "reports/workload.html", context)


def _by_span(filters: Filters, spans: list[Period], report: str) -> list[int]:
    """How many rows fall into each of the pieces of the period."""
    found = DEFINITIONS[report].relation(filters).shared_out(spans).sums(("span",))["span",]
    return [found[index,]["all"] if (index,) in found else 0 for index in range(len(spans))]


def _backlog(filters: Filters) -> tuple[dict[str, int], float]:
    """How many tickets that are not settled have which age, and the seconds of the oldest."""
    relation = DEFINITIONS["backlog"].relation(filters)
    return relation.sums(())[()][()], relation.count_and_ends()[2]


def _finding(totals: Mapping[str, int], oldest: float) -> str:
    """What came and went, and what is left, in two sentences."""
    came, went, left = (totals[key] for key in ("opened", "resolved", "backlog"))
    words = ngettext("%(came)d ticket came", "%(came)d tickets came", came) % {"came": came}
    words += ngettext(", %(went)d resolution.", ", %(went)d resolutions.", went) % {"went": went}
    if not left:
        return f"{words} {_('Nothing is left.')}"
    waiting = ngettext(
        "%(left)d is not settled, the oldest for %(time)s.",
        "%(left)d are not settled, the oldest for %(time)s.",
        left,
    )
    return f"{words} {waiting % {'left': left, 'time': duration(timedelta(seconds=oldest))}}"


def _spans(filters: Filters, spans: list[Period], came: list[int], went: list[int]) -> list[dict[str, Any]]:
    """Days, or weeks cut at the ends of the period: what came, what was settled, and the difference."""
    top = max((*came, *went), default=0) or 1
    return [
        {
            "name": str(span),
            "is_open": span.covers(filters.now),
            "opened": opened,
            "resolved": resolved,
            "more": opened - resolved,
            "opened_width": round(100 * opened / top, 2),
            "resolved_width": round(100 * resolved / top, 2),
            "opens": {key: opens(filters.during(span), key) for key in ("opened", "resolved")},
        }
        for span, opened, resolved in zip(spans, came, went, strict=True)
    ]


def _pieces(period: Period) -> Any:
    """Adjoining pieces of a period: days, or weeks from Monday to Sunday."""
    by_day = (period.last - period.first).days < FEW_DAYS
    first = period.first
    while first <= period.last:
        last: date = first if by_day else min(first + (6 - first.weekday()) * DAY, period.last)
        yield Period(first, last, period.zone)
        first = last + DAY


def _ages(filters: Filters, counts: Mapping[str, int]) -> Any:
    tones = dict(zip(AGES, ("best", "good", "fair", "poor", "bad"), strict=True))
    return stacked(
        [
            (str(words), counts[f"age-{key}"], tones[key], opens(filters, "backlog", f"age-{key}"))
            for key, (words, _since, _until) in AGES.items()
        ]
    )


def _shares(filters: Filters, settled: Times) -> list[dict[str, Any]]:
    names = {
        "one-touch": _("Settled by one answer"),
        "reopened": _("Reopened on the way"),
        "handed-over": _("Handed over to somebody else or another team"),
    }
    return [
        {
            "name": name,
            "share": settled.share(key),
            "count": settled.counts[key],
            "opens": opens(filters, "work", key),
        }
        for key, name in names.items()
    ]


def _lines(filters: Filters, settled: Times, by_priority: Mapping[Any, Times]) -> list[dict[str, Any]]:
    """Time to resolution in all and by priority; a median only where there are enough."""
    groups = [(_("All"), filters, settled)]
    groups += [
        (group.name, filters.narrowed("priority", group.value), group.figure)
        for group in grouped(by_priority, "priority")
    ]
    return [
        {
            "name": name,
            "n": times.n,
            "opens": opens(narrowed, "work"),
            "median": times.within(0.5),
            "p90": times.within(0.9),
        }
        for name, narrowed, times in groups
    ]


def _statuses(filters: Filters) -> list[dict[str, Any]]:
    spent = time_by_status(filters)
    whole = sum(spent.values(), timedelta())
    return [
        {
            "name": Status(key).label,
            "time": duration(time) if time else "–",
            "percent": 100 * time / whole if whole else 0.0,
        }
        for key, time in spent.items()
    ]
