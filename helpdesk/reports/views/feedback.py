"""Who was asked, who answered, and what they said: satisfaction, recommendation and effort, each apart."""

from __future__ import annotations

from collections.abc import Mapping
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
from helpdesk.reports.asks import LOST_BEFORE, REASON_WORDS, STAGES, Ask
from helpdesk.reports.base import frame, grouped, opens, report_view, selects, split_tabs
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import DIMENSIONS, LINKED, Filters, read
from helpdesk.reports.leaning import LEANS_BY, leanings
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period, weeks
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
from helpdesk.reports.relation import Relation, Sums
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
        filters = filters.of_everybody()
    sums = definition.relation(filters).sums(*_ways(filters, scoring))
    counts = sums[()][()]
    context = frame(request, "feedback", filters) | {
        "definition": definition,
        "scoring": scoring,
        "kinds": _kinds(filters, scoring),
        "selects": _selects(filters, scoring),
        "export": filters.query(report=scoring.key, slice="all"),
        "n": counts["all"],
    }
    if counts["all"]:
        context |= _figures(filters, sums, scoring) | _comments(
            request, filters, counts, scoring, asked.words
        )
    else:
        context["latest"] = latest_period(filters, "resolved_at") if scoring.kind == Kind.CSAT else None
    return render(request, "reports/feedback.html", context)


def _ways(filters: Filters, scoring: Scoring) -> list[tuple[str, ...]]:
    """How the rows are grouped: all together and, where they have a ticket, by what it is about."""
    return [()] if scoring.kind == Kind.NPS else [(), (filters.split,), *((name,) for name in LEANS_BY)]


def _kinds(filters: Filters, current: Scoring) -> list[tuple[str, str, None, bool]]:
    return [
        (
            reverse(f"reports:{one.route}")
            + (filters.of_everybody() if one.kind == Kind.NPS else filters).query(),
            str(one.tab),
            None,
            one is current,
        )
        for one in SCORINGS
    ]


def _selects(filters: Filters, scoring: Scoring) -> list[Any]:
    first = _("By planned date") if scoring.kind == Kind.NPS else _("By resolved date")
    found = selects(filters, {"resolved": first, "answered": _("By answered date")}, basis=False)
    return [one for one in found if scoring.kind != Kind.NPS or one.name not in (*DIMENSIONS, *LINKED)]


def satisfied(counts: Mapping[str, int]) -> Share:
    """Ratings of 4 and 5 among all ratings."""
    return scored(SCORING_OF["feedback"], counts).share


def latest_comments(relation: Relation) -> list[Ask]:
    """The newest comments of a report about ratings."""
    return relation.sliced("commented").rows("answered_at DESC, survey", LISTED)


def _figures(filters: Filters, sums: Sums, scoring: Scoring) -> dict[str, Any]:
    counts = sums[()][()]
    score, rate = scored(scoring, counts), responded(counts)
    is_round = scoring.kind == Kind.NPS
    return {
        "finding": sentences.rating_finding(score, rate),
        "score": score,
        "rate": rate,
        "silent": rate.n - rate.hits,
        "funnel": None if filters.by else _funnel(filters, counts, scoring),
        "ratings": _ratings(filters, score),
        "ratings_name": _("Ratings from %(low)d to %(high)d")
        % dict(zip(("low", "high"), scoring.scale, strict=True)),
        "reasons": _reasons(filters, scoring),
        "breakdown": [] if is_round else _breakdown(filters, sums, scoring),
        "tabs": [] if is_round else split_tabs(filters),
        "leanings": [] if is_round or filters.by else leanings(filters, sums, scoring.key),
        "weeks": _weekly(filters, scoring),
        "ticks": [(100 - scoring.place(tick), scoring.words(tick)) for tick in scoring.ticks],
        "opens": {name: opens(filters, scoring.key, name) for name in DEFINITIONS[scoring.key].slices},
    }


def _comments(
    request: HttpRequest, filters: Filters, counts: Mapping[str, int], scoring: Scoring, words: str
) -> dict[str, Any]:
    """The latest comments, of those in which the reader's words stand."""
    relation = DEFINITIONS[scoring.key].relation(replace(filters, words=words))
    commented = relation.sliced("commented").count() if words else counts["commented"]
    latest = latest_comments(relation) if commented else []
    return {
        "words": words,
        "given": filters.given(),
        "comments": list(lines(latest, request.user)),
        "cases": queries.cases_about([row.survey for row in latest if row.survey]),
        "commented": commented,
        "has_comments": counts["commented"] > 0,
        "opens_commented": opens(replace(filters, words=words), scoring.key, "commented"),
        "top": scoring.scale[1],
        "low": LOW[scoring.kind],
    }


def _funnel(filters: Filters, counts: Mapping[str, int], scoring: Scoring) -> list[dict[str, Any]]:
    """Each step with how many reached it, and why the others did not."""
    first = _("Planned") if scoring.kind == Kind.NPS else _("Resolved")
    words = (first, _("Eligible"), _("Sent"), _("Delivered"), _("Answered"))
    found = []
    for stage, word in zip(STAGES, words, strict=True):
        count = counts["all" if stage == "resolved" else stage]
        reasons = LOST_BEFORE.get(stage, ())
        stuck = {reason: counts[f"not-{reason}"] for reason in reasons if counts[f"not-{reason}"]}
        found.append(
            {
                "stage": stage,
                "name": word,
                "count": count,
                "width": round(100 * count / counts["all"], 2),
                "opens": opens(filters, scoring.key, "all" if stage == "resolved" else stage),
                "lost": sum(stuck.values()),
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


def _breakdown(filters: Filters, sums: Sums, scoring: Scoring) -> list[dict[str, Any]]:
    found = []
    for group in grouped(sums[filters.split,], filters.split):
        narrowed = filters.narrowed(filters.split, group.value)
        found.append(
            {
                "name": group.name,
                "score": scored(scoring, group.figure),
                "rate": responded(group.figure),
                "answered": opens(narrowed, scoring.key, "answered"),
                "satisfied": opens(narrowed, scoring.key, scoring.opens),
                "delivered": opens(narrowed, scoring.key, "delivered"),
            }
        )
    return found


def _weekly(filters: Filters, scoring: Scoring) -> list[charts.WeekMark]:
    spans = weeks(min(filters.period.last, filters.now.astimezone(filters.zone).date()), filters.zone)
    whole = filters.during(Period(spans[0].first, spans[-1].last, filters.zone))
    definition = DEFINITIONS[scoring.key]
    answered = definition.relation(whole).sliced("answered")
    found = answered.shared_out(spans).sums(("span",))["span",]
    nothing = dict.fromkeys(definition.slices, 0)
    scores = [scored(scoring, found.get((index,), nothing)) for index in range(len(spans))]
    return charts.score_weeks(scores, spans, filters)
