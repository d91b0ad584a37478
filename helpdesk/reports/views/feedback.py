"""Who was asked, who answered, and what they said: satisfaction, recommendation and effort, each apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback import queries
from feedback.models import Kind
from feedback.questions import LOW
from helpdesk.reports import charts, sentences
from helpdesk.reports.asks import REASON_WORDS, STAGES, Ask, reached, said
from helpdesk.reports.base import frame, grouped, opens, report_view, selects, split_tabs
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import DIMENSIONS, Filters, read
from helpdesk.reports.leaning import leanings
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, shared_out, weeks
from helpdesk.reports.ratings import (
    SCORING_OF,
    SCORINGS,
    Scored,
    Scoring,
    rating_words,
    responded,
    scored,
)
from helpdesk.reports.reasons import reasons
from helpdesk.reports.rows import lines

LISTED = 10


@report_view
def feedback(request: HttpRequest) -> HttpResponse:
    """Satisfaction: the funnel, the ratings, reasons, breakdown, weeks and comments."""
    return _page(request, SCORING_OF["feedback"])


@report_view
def recommendation(request: HttpRequest) -> HttpResponse:
    """The same of rounds in which customers were asked whether they would recommend us."""
    return _page(request, SCORING_OF["recommendation"])


@report_view
def effort(request: HttpRequest) -> HttpResponse:
    """The same of surveys about how easy it was to get help."""
    return _page(request, SCORING_OF["effort"])


def _page(request: HttpRequest, scoring: Scoring) -> HttpResponse:
    definition = DEFINITIONS[scoring.key]
    asked = read(request.GET, timezone.now(), by=definition.by)
    filters = replace(asked, words="", reason="")
    if scoring.kind == Kind.NPS:
        filters = _of_everybody(filters)
    rows: list[Ask] = definition.rows(filters)
    context = frame(request, "feedback", filters) | {
        "definition": definition,
        "scoring": scoring,
        "kinds": _kinds(filters, scoring),
        "selects": _selects(filters, scoring),
        "export": filters.query(report=scoring.key, slice="all"),
        "n": len(rows),
    }
    if rows:
        context |= _figures(filters, rows, scoring) | _comments(request, filters, rows, scoring, asked.words)
    else:
        context["latest"] = latest_period(filters, "resolved_at") if scoring.kind == Kind.CSAT else None
    return render(request, "reports/feedback.html", context)


def _of_everybody(filters: Filters) -> Filters:
    """A round has no team, agent, priority or channel to narrow it to."""
    return replace(filters, team="", agent="", priority="", channel="", tag="")


def _kinds(filters: Filters, current: Scoring) -> list[tuple[str, str, None, bool]]:
    return [
        (
            reverse(f"reports:{one.route}")
            + (_of_everybody(filters) if one.kind == Kind.NPS else filters).query(),
            str(one.tab),
            None,
            one is current,
        )
        for one in SCORINGS
    ]


def _selects(filters: Filters, scoring: Scoring) -> list[Any]:
    first = _("By planned date") if scoring.kind == Kind.NPS else _("By resolved date")
    found = selects(filters, {"resolved": first, "answered": _("By answered date")}, basis=False)
    return [one for one in found if scoring.kind != Kind.NPS or one.name not in DIMENSIONS]


def satisfied(rows: Sequence[Ask]) -> Share:
    """Ratings of 4 and 5 among all ratings."""
    return scored(SCORING_OF["feedback"], rows).share


def _figures(filters: Filters, rows: list[Ask], scoring: Scoring) -> dict[str, Any]:
    score, rate = scored(scoring, rows), responded(rows)
    is_round = scoring.kind == Kind.NPS
    return {
        "finding": sentences.rating_finding(score, rate),
        "score": score,
        "rate": rate,
        "silent": rate.n - rate.hits,
        "funnel": None if filters.by else _funnel(filters, rows, scoring),
        "ratings": _ratings(filters, score),
        "ratings_name": _("Ratings from %(low)d to %(high)d")
        % dict(zip(("low", "high"), scoring.scale, strict=True)),
        "reasons": _reasons(filters, scoring),
        "breakdown": [] if is_round else _breakdown(filters, rows, scoring),
        "tabs": [] if is_round else split_tabs(filters),
        "leanings": [] if is_round or filters.by else leanings(filters, rows, scoring.key),
        "weeks": _weekly(filters, scoring),
        "ticks": [(100 - scoring.place(tick), scoring.words(tick)) for tick in scoring.ticks],
        "opens": {name: opens(filters, scoring.key, name) for name in DEFINITIONS[scoring.key].slices},
    }


def _comments(
    request: HttpRequest, filters: Filters, rows: list[Ask], scoring: Scoring, words: str
) -> dict[str, Any]:
    """The latest comments, of those in which the reader's words stand."""
    commented: list[Any] = [row for row in said(rows, words) if row.comment and row.answered_at]
    commented.sort(key=lambda row: row.answered_at, reverse=True)
    return {
        "words": words,
        "given": filters.given(),
        "comments": list(lines(commented[:LISTED], request.user)),
        "cases": queries.cases_about([row.survey for row in commented[:LISTED]]),
        "commented": len(commented),
        "has_comments": bool(commented) or any(row.comment for row in rows),
        "opens_commented": opens(replace(filters, words=words), scoring.key, "commented"),
        "top": scoring.scale[1],
        "low": LOW[scoring.kind],
    }


def _funnel(filters: Filters, rows: list[Ask], scoring: Scoring) -> list[dict[str, Any]]:
    """Each step with how many reached it, and why the others did not."""
    first = _("Planned") if scoring.kind == Kind.NPS else _("Resolved")
    words = (first, _("Eligible"), _("Sent"), _("Delivered"), _("Answered"))
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
                "opens": opens(filters, scoring.key, "all" if stage == "resolved" else stage),
                "lost": stuck.total(),
                "reasons": [
                    (many, str(REASON_WORDS[reason]), opens(filters, scoring.key, f"not-{reason}"))
                    for reason, many in sorted(stuck.items(), key=lambda item: (-item[1], item[0]))
                ],
            }
        )
    return found


def _ratings(filters: Filters, score: Scored) -> list[charts.Piece]:
    scoring = score.scoring
    named = zip(score.counts.items(), rating_words(scoring), scoring.tones, strict=True)
    return charts.stacked(
        [
            (word, count, tone, opens(filters, scoring.key, f"score-{rating}"))
            for (rating, count), word, tone in named
        ]
    )


def _reasons(filters: Filters, scoring: Scoring) -> list[dict[str, Any]]:
    """Each question for reasons with its choices, as bars beside their counts."""
    return [
        {
            "survey": asked.survey,
            "question": asked.question,
            "lines": [
                {
                    "words": reason.words,
                    "count": reason.count,
                    "width": round(100 * reason.count / asked.reasons[0].count, 2),
                    "opens": opens(replace(filters, reason=reason.name), scoring.key, "answered"),
                }
                for reason in asked.reasons
            ],
        }
        for asked in reasons(filters, scoring.kind)
    ]


def _breakdown(filters: Filters, rows: list[Ask], scoring: Scoring) -> list[dict[str, Any]]:
    found = []
    for group in grouped(rows, filters.split):
        narrowed = filters.narrowed(filters.split, group.value)
        found.append(
            {
                "name": group.name,
                "score": scored(scoring, group.rows),
                "rate": responded(group.rows),
                "answered": opens(narrowed, scoring.key, "answered"),
                "satisfied": opens(narrowed, scoring.key, scoring.opens),
                "delivered": opens(narrowed, scoring.key, "delivered"),
            }
        )
    return found


def _weekly(filters: Filters, scoring: Scoring) -> list[charts.WeekMark]:
    spans = weeks(min(filters.period.last, filters.now.astimezone(filters.zone).date()), filters.zone)
    whole = filters.during(Period(spans[0].first, spans[-1].last, filters.zone))
    rows = DEFINITIONS[scoring.key].rows(whole)
    scores = [scored(scoring, week) for week in shared_out(rows, spans)]
    return charts.score_weeks(scores, spans, filters)
