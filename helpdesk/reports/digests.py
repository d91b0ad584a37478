"""A report as its mail tells it: figures in words, charts as rows of bars, and what changed.

The numbers are those of `helpdesk.reports.answers`, which the API gives; the mail's face asks for the whole
by the name in `settings.REPORT_DIGEST`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import Kind
from helpdesk.company import company
from helpdesk.models import ReportMail
from helpdesk.reports import answers
from helpdesk.reports.base import capital, opens
from helpdesk.reports.changes import Change, changes
from helpdesk.reports.charts import week_label
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.geometry import time_label
from helpdesk.reports.metrics import DEFINITIONS, Definition
from helpdesk.reports.periods import DAY, Period, preset, weeks
from helpdesk.reports.ratings import SCORING_OF
from helpdesk.times import zone_named

PARTS = {
    "index": ("first-response", "feedback", "opened", "resolved"),
    "first-response": ("first-response",),
    "sla": ("first-response", "next-response", "resolution"),
    "feedback": ("feedback",),
    "recommendation": ("recommendation",),
    "effort": ("effort",),
    "workload": ("opened", "resolved", "work", "backlog"),
}
"""The metrics that the mail of each page tells of."""
FIGURE_WORDS = {
    "median": gettext_lazy("Half within"),
    "p90": gettext_lazy("Nine in ten within"),
    "within_target": gettext_lazy("Within target"),
    "one_touch": gettext_lazy("Settled by one answer"),
    "reopened": gettext_lazy("Reopened on the way"),
    "handed_over": gettext_lazy("Handed over to somebody else or another team"),
    "agree": gettext_lazy("Found it easy"),
    "response_rate": gettext_lazy("Answered"),
}
SCORE_WORDS = {
    Kind.CSAT: gettext_lazy("Satisfied"),
    Kind.CES: gettext_lazy("Effort, mean of 1 to 7"),
    Kind.NPS: gettext_lazy("Recommendation score"),
}
DRAWN = {"first-response": "within_target", "next-response": "within_target", "resolution": "within_target",
         "feedback": "score", "effort": "score", "recommendation": "score", "work": "one_touch"}  # fmt: skip
"""The figure that the charts of a metric show; of others they show how many rows there are."""
SPLIT_WORDS = {
    "team": gettext_lazy("By team"),
    "agent": gettext_lazy("By agent"),
    "priority": gettext_lazy("By priority"),
    "channel": gettext_lazy("By channel"),
    "organization": gettext_lazy("By organisation"),
    "tag": gettext_lazy("By tag"),
}
MOST_BARS = 12

Bar = tuple[str, str, int]
"""What it is, its value in words, and its length in per cent; -1 where there is too little to draw one."""


@dataclass(frozen=True)
class Part:
    """One metric: what the API says of it for the period, and of each of the weeks up to its end."""

    definition: Definition
    filters: Filters
    told: dict[str, Any]
    weeks: list[tuple[str, dict[str, Any]]]


def digest(report: str, params: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """What the mail of a page says at an instant, of whole days up to the one before: its name, the period,
    the path of the page with this very question, its parts and what changed.

    Each part is a name, a path, facts (label and words) and charts (title and bars).
    """
    with timezone.override(zone_named(company().time_zone)):
        filters = asked(DEFINITIONS[PARTS[report][0]], params, at)
        parts = [part_of(key, params, at) for key in PARTS[report]]
        return {
            "name": str(ReportMail.Report(report).label),
            "period": f"{filters.period}, {filters.zone.key.replace('_', ' ')}",
            "path": reverse(f"reports:{report}") + _address(filters, report),
            "parts": [_written(part) for part in parts],
            "changes": [(change.sentence, change.opens) for change in _changes(report, params, at)],
        }


def asked(definition: Definition, params: Mapping[str, str], at: datetime) -> Filters:
    """The question of a mail, about whole days. The zone is the current one, the company's."""
    filters = read(params, at, by=definition.by, splits=definition.splits)
    if definition.is_calendar:
        filters = replace(filters, basis="calendar")
    if definition.rating == Kind.NPS:
        filters = filters.of_everybody()
    return filters.during(preset(filters.preset, _yesterday(filters), filters.zone))


def _yesterday(filters: Filters) -> Any:
    return filters.now.astimezone(filters.zone).date() - DAY


def _address(filters: Filters, report: str) -> str:
    """The overview shows the last eight weeks whatever the period."""
    return filters.query() if report != "index" else replace(filters, dates=None, preset="30d").query()


def part_of(key: str, params: Mapping[str, str], at: datetime) -> Part:
    """A metric with its weeks; what is about this moment has none."""
    definition = DEFINITIONS[key]
    filters = asked(definition, params, at)
    unsplit = replace(filters, split="team")  # of a week only the whole is told
    spans = [] if definition.is_now else weeks(_yesterday(filters), filters.zone)
    return Part(
        definition,
        filters,
        answers.told(definition, filters),
        [(_week(span, filters), answers.told(definition, unsplit.during(span))) for span in spans],
    )


def _week(span: Period, filters: Filters) -> str:
    """The day a week begins; one that is not over says so."""
    label = week_label(span, None)
    return _("%(day)s, so far") % {"day": label} if span.last > _yesterday(filters) else label


def _written(part: Part) -> tuple[str, str, list[tuple[str, str]], list[tuple[str, list[Bar]]]]:
    told, definition = part.told, part.definition
    facts = [(capital(str(definition.slices["all"][0])), str(told["counts"]["all"]))]
    if told["counts"]["all"]:
        facts += [
            (figure_name(figure["key"], definition), figure_words(figure, part)) for figure in told["figures"]
        ]
    return (
        capital(str(definition.name)),
        opens(part.filters, definition.key),
        facts,
        [(title, bars) for title, bars in _charts(part) if len(bars) > 1],
    )


def figure_name(key: str, definition: Definition) -> str:
    """What a figure of the API is called in the mail."""
    return str(SCORE_WORDS[Kind(definition.rating)] if key == "score" else FIGURE_WORDS[key])


def figure_words(figure: Mapping[str, Any], part: Part) -> str:
    """A figure with what it rests on; where that is too little, how many of how many."""
    value, hits, n = figure["value"], figure["hits"], figure["n"]
    if value is None:
        return _("%(hits)d of %(n)d") % {"hits": hits, "n": n} if hits is not None and n else "–"
    if figure["unit"] == answers.SECONDS:
        words = time_label(value, part.filters.is_working)
    elif figure["key"] == "score":
        words = SCORING_OF[part.definition.key].words(value)
    else:
        words = f"{round(value)}%"
    return _("%(value)s, n = %(n)d") % {"value": words, "n": n}


def _charts(part: Part) -> list[tuple[str, list[Bar]]]:
    """By week, and by the dimension that was chosen; of the backlog by age."""
    key, definition = DRAWN.get(part.definition.key, ""), part.definition
    name = figure_name(key, definition) if key else _("Number")
    if definition.is_now:
        counts, slices = part.told["counts"], definition.slices.items()
        ages = [(str(words), counts[slice_]) for slice_, (words, _belongs) in slices]
        return [(_("By age"), _counted(ages[1:]))]
    split = str(SPLIT_WORDS[part.filters.split])
    groups = [(group["name"], group) for group in _most(part.told["groups"])]
    if len(part.told["groups"]) + part.told["groups_left_out"] > len(groups):
        split = _("%(split)s, the %(number)d with the most") % {"split": split, "number": len(groups)}
    return [
        (f"{_('By week')}: {name}", _bars(part, part.weeks, key)),
        (f"{split}: {name}", _bars(part, groups, key)),
    ]


def _most(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those with the most rows, in the order in which they stand."""
    counts = sorted((group["counts"]["all"] for group in groups), reverse=True)
    least = counts[MOST_BARS - 1] if len(counts) > MOST_BARS else 0
    return [group for group in groups if group["counts"]["all"] >= least][:MOST_BARS]


def _bars(part: Part, named: list[tuple[str, dict[str, Any]]], key: str) -> list[Bar]:
    if not key:
        return _counted([(name, told["counts"]["all"]) for name, told in named])
    found = []
    for name, told in named:
        figure = next((one for one in told["figures"] if one["key"] == key), None)
        if figure is None or not told["counts"]["all"]:
            found.append((name, "–", -1))
        else:
            found.append((name, figure_words(figure, part), _length(figure["value"], part.definition)))
    return found


def _counted(named: list[tuple[str, int]]) -> list[Bar]:
    most = max((count for _name, count in named), default=0) or 1
    return [(name, str(count), round(100 * count / most)) for name, count in named]


def _length(value: float | None, definition: Definition) -> int:
    """Bars begin at the lower end of the scale."""
    if value is None:
        return -1
    if definition.rating and definition.key in SCORING_OF:
        value = SCORING_OF[definition.key].place(value)
    return max(0, min(100, round(value)))


def _changes(report: str, params: Mapping[str, str], at: datetime) -> list[Change]:
    """The last week that is over beside the one before, about what the page tells of; of a team, if any."""
    given = read(params, at)
    filters = replace(given.of_everybody(), team=given.team, basis="working", by="")
    before, now = weeks(filters.now.astimezone(filters.zone).date(), filters.zone)[-3:-1]
    found = changes(filters, (before, now))
    told = [f"report={key}&" for key in PARTS[report]]
    return [one for one in found if report == "index" or any(key in one.opens for key in told)]
