"""What came, what was settled and how, what is left and how old it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.scores import percentile
from helpdesk.reports.base import frame, grouped, opens, report_view, selects
from helpdesk.reports.charts import stacked
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import ENOUGH, Share
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import DAY, Period, shared_out
from helpdesk.reports.waits import Wait
from helpdesk.reports.work import AGES, WORK_SLICES, Work, time_by_status
from helpdesk.times import duration
from tickets.models import Status

FEW_DAYS = 14
"""Up to so many days are shown one by one, longer periods by the week."""


@report_view
def workload(request: HttpRequest) -> HttpResponse:
    """Arrivals beside resolutions, the backlog by age, how tickets were settled, where their time went."""
    filters = replace(read(request.GET, timezone.now()), basis="calendar")
    rows = {key: DEFINITIONS[key].rows(filters) for key in ("opened", "resolved", "work", "backlog")}
    context = frame(request, "workload", filters) | {
        "selects": selects(filters, {}, basis=False),
        "finding": _finding(rows, filters),
        "spans": _spans(filters, rows),
        "totals": {
            key: (len(rows[key]), opens(filters, key)) for key in ("opened", "resolved", "work", "backlog")
        },
        "ages": _ages(filters, rows["backlog"]),
        "shares": _shares(filters, rows["work"]),
        "lines": _lines(filters, rows["work"]),
        "statuses": _statuses(filters),
        "definitions": [DEFINITIONS[key] for key in ("work", "backlog")],
    }
    if not any(rows.values()):
        context["latest"] = latest_period(filters, "opened_at")
    return render(request, "reports/workload.html", context)


def _finding(rows: dict[str, list[Any]], filters: Filters) -> str:
    """What came and went, and what is left, in two sentences."""
    came, went, left = (len(rows[key]) for key in ("opened", "resolved", "backlog"))
    words = ngettext("%(came)d ticket came", "%(came)d tickets came", came) % {"came": came}
    words += ngettext(", %(went)d resolution.", ", %(went)d resolutions.", went) % {"went": went}
    if not left:
        return f"{words} {_('Nothing is left.')}"
    oldest = duration(timedelta(seconds=max(row.value for row in rows["backlog"])))
    waiting = ngettext(
        "%(left)d is not settled, the oldest for %(time)s.",
        "%(left)d are not settled, the oldest for %(time)s.",
        left,
    )
    return f"{words} {waiting % {'left': left, 'time': oldest}}"


def _spans(filters: Filters, rows: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Days, or weeks cut at the ends of the period: what came, what was settled, and the difference."""
    spans = list(_pieces(filters.period))
    came, went = (shared_out(rows[key], spans) for key in ("opened", "resolved"))
    top = max((len(found) for found in (*came, *went)), default=0) or 1
    return [
        {
            "name": str(span),
            "is_open": span.covers(filters.now),
            "opened": len(opened),
            "resolved": len(resolved),
            "more": len(opened) - len(resolved),
            "opened_width": round(100 * len(opened) / top, 2),
            "resolved_width": round(100 * len(resolved) / top, 2),
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


def _ages(filters: Filters, rows: list[Wait]) -> Any:
    belongs: dict[str, Callable[[Any], bool]] = {
        key: DEFINITIONS["backlog"].slices[f"age-{key}"][1] for key in AGES
    }
    tones = dict(zip(AGES, ("best", "good", "fair", "poor", "bad"), strict=True))
    return stacked(
        [
            (str(words), sum(map(belongs[key], rows)), tones[key], opens(filters, "backlog", f"age-{key}"))
            for key, (words, _since, _until) in AGES.items()
        ]
    )


def _shares(filters: Filters, rows: list[Work]) -> list[dict[str, Any]]:
    names = {
        "one-touch": _("Settled by one answer"),
        "reopened": _("Reopened on the way"),
        "handed-over": _("Handed over to somebody else or another team"),
    }
    return [
        {
            "name": name,
            "share": Share(sum(map(WORK_SLICES[key][1], rows)), len(rows)),
            "count": sum(map(WORK_SLICES[key][1], rows)),
            "opens": opens(filters, "work", key),
        }
        for key, name in names.items()
    ]


def _lines(filters: Filters, rows: list[Work]) -> list[dict[str, Any]]:
    """Time to resolution in all and by priority; a median only where there are enough."""
    groups = [(_("All"), filters, rows)]
    groups += [
        (group.name, filters.narrowed("priority", group.value), group.rows)
        for group in grouped(rows, "priority")
    ]
    return [
        {
            "name": name,
            "n": len(members),
            "opens": opens(narrowed, "work"),
            "median": percentile([row.value for row in members], 0.5) if len(members) >= ENOUGH else None,
            "p90": percentile([row.value for row in members], 0.9) if len(members) >= ENOUGH else None,
        }
        for name, narrowed, members in groups
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
