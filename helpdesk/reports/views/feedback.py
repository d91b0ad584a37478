"""Who was asked, who answered, and what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.words import rating_words
from helpdesk.reports import charts, sentences
from helpdesk.reports.asks import ASK_SLICES, REASON_WORDS, STAGES, Ask, reached
from helpdesk.reports.base import frame, grouped, opens, report_view, selects, split_tabs
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, shared_out, weeks
from helpdesk.reports.rows import lines

LISTED = 10
TONES = ("bad", "poor", "fair", "good", "best")


@report_view
def feedback(request: HttpRequest) -> HttpResponse:
    """The funnel, the ratings, the breakdown, the weeks and the comments."""
    definition = DEFINITIONS["feedback"]
    filters = read(request.GET, timezone.now(), by=definition.by)
    rows: list[Ask] = definition.rows(filters)
    dates = {"resolved": _("By resolved date"), "answered": _("By answered date")}
    context = frame(request, "feedback", filters) | {
        "definition": definition,
        "selects": selects(filters, dates, basis=False),
        "export": filters.query(report="feedback", slice="all"),
        "n": len(rows),
    }
    if rows:
        context |= _figures(request, filters, rows)
    else:
        context["latest"] = latest_period(filters, "resolved_at")
    return render(request, "reports/feedback.html", context)


def satisfied(rows: Sequence[Ask]) -> Share:
    """Ratings of 4 and 5 among all ratings."""
    rated = [row for row in rows if row.value is not None]
    return Share(sum(row.value >= 4 for row in rated if row.value is not None), len(rated))


def responded(rows: Sequence[Ask]) -> Share:
    """Answers among the surveys that were delivered."""
    delivered = [row for row in rows if reached("delivered")(row)]
    return Share(sum(row.stage == "answered" for row in delivered), len(delivered))


def _figures(request: HttpRequest, filters: Filters, rows: list[Ask]) -> dict[str, Any]:
    score, rate = satisfied(rows), responded(rows)
    commented: list[Any] = [row for row in rows if row.comment and row.answered_at]
    commented.sort(key=lambda row: row.answered_at, reverse=True)
    return {
        "finding": sentences.feedback_finding(score, rate),
        "score": score,
        "rate": rate,
        "silent": rate.n - rate.hits,
        "funnel": None if filters.by else _funnel(filters, rows),
        "ratings": _ratings(filters, rows),
        "breakdown": _breakdown(filters, rows),
        "tabs": split_tabs(filters),
        "weeks": _weekly(filters),
        "comments": list(lines(commented[:LISTED], request.user)),
        "commented": len(commented),
        "opens": {name: opens(filters, "feedback", name) for name in ASK_SLICES},
    }


def _funnel(filters: Filters, rows: list[Ask]) -> list[dict[str, Any]]:
    """Each step with how many reached it, and why the others did not."""
    words = (_("Resolved"), _("Eligible"), _("Sent"), _("Delivered"), _("Answered"))
    found = []
    for stage, word in zip(STAGES, words, strict=True):
        count = sum(map(reached(stage), rows))
        stuck = Counter(row.reason for row in rows if row.stage == STAGES[STAGES.index(stage) - 1])
        if stage in ("resolved", "answered"):
            stuck = Counter()
        found.append(
            {
                "stage": stage,
                "name": word,
                "count": count,
                "width": round(100 * count / len(rows), 2),
                "opens": opens(filters, "feedback", "all" if stage == "resolved" else stage),
                "lost": stuck.total(),
                "reasons": [
                    (many, str(REASON_WORDS[reason]), opens(filters, "feedback", f"not-{reason}"))
                    for reason, many in sorted(stuck.items(), key=lambda item: (-item[1], item[0]))
                ],
            }
        )
    return found


def _ratings(filters: Filters, rows: list[Ask]) -> list[charts.Piece]:
    counts = Counter(row.value for row in rows if row.value is not None)
    return charts.stacked(
        [
            (f"{score} {word}", counts[score], tone, opens(filters, "feedback", f"score-{score}"))
            for score, (word, tone) in enumerate(zip(rating_words(), TONES, strict=True), 1)
        ]
    )


def _breakdown(filters: Filters, rows: list[Ask]) -> list[dict[str, Any]]:
    found = []
    for group in grouped(rows, filters.split):
        narrowed = filters.narrowed(filters.split, group.value)
        found.append(
            {
                "name": group.name,
                "score": satisfied(group.rows),
                "rate": responded(group.rows),
                "answered": opens(narrowed, "feedback", "answered"),
                "satisfied": opens(narrowed, "feedback", "satisfied"),
                "delivered": opens(narrowed, "feedback", "delivered"),
            }
        )
    return found


def _weekly(filters: Filters) -> list[charts.WeekMark]:
    spans = weeks(min(filters.period.last, filters.now.astimezone(filters.zone).date()), filters.zone)
    rows = DEFINITIONS["feedback"].rows(filters.during(Period(spans[0].first, spans[-1].last, filters.zone)))
    shares = [satisfied(week) for week in shared_out(rows, spans)]
    return charts.share_weeks(shares, spans, filters)
