"""The reasons that were chosen, how often each, across the versions of a survey.

A reason's name in the address is "survey.question.choice": the number of its `SurveyDefinition` and the keys
of `feedback.questions`. Keys stay when words are changed, so a reason is counted as one whatever it is
called; it is shown in its latest words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from feedback import words
from feedback.models import AnswerItem, SurveyVersion
from feedback.questions import CHOOSING
from helpdesk.reports.asks import answered_surveys
from helpdesk.reports.filters import Filters


@dataclass(frozen=True)
class Reason:
    """One choice: its `name` in the address, its words, and how many answers chose it."""

    name: str
    words: str
    count: int


@dataclass(frozen=True)
class Asked:
    """A question for reasons, as it is put now, with its choices: the most chosen first."""

    survey: str
    question: str
    reasons: list[Reason]


def reasons(filters: Filters, kind: str) -> list[Asked]:
    """The questions for reasons that some answer of the period chose from. Two queries."""
    found = (
        AnswerItem.objects.filter(
            kind__in=CHOOSING, answer__current_of__in=answered_surveys(filters, kind).values("pk")
        )
        .order_by()
        .values_list("answer__current_of__version__definition", "key", "choice")
        .annotate(count=Count("pk"))
    )
    counts: dict[tuple[int, str], dict[str, int]] = {}
    for definition, key, choice, count in found:
        counts.setdefault((definition, key), {})[choice] = count
    return _in_words(counts) if counts else []


def chosen(surveys: Iterable[int]) -> dict[int, list[str]]:
    """What was chosen in the answers to these surveys, by survey, in the latest words. Two queries."""
    items = AnswerItem.objects.filter(kind__in=CHOOSING, answer__current_of__in=list(surveys)).order_by("pk")
    columns = ("answer__current_of", "answer__current_of__version__definition", "key", "choice")
    found = list(items.values_list(*columns))
    _surveys, called = _called({definition for _survey, definition, _key, _choice in found})
    told: dict[int, list[str]] = {}
    for survey, definition, key, choice in found:
        told.setdefault(survey, []).append(called.get((definition, key, choice), choice))
    return told


def _in_words(counts: dict[tuple[int, str], dict[str, int]]) -> list[Asked]:
    surveys, called = _called({key[0] for key in counts})
    return [
        Asked(*surveys[place], _reasons(place, counts[place], called)) for place in surveys if place in counts
    ]


def _called(
    definitions: Collection[int],
) -> tuple[dict[tuple[int, str], tuple[str, str]], dict[tuple[int, str, str], str]]:
    """The questions for reasons of these surveys, in their order, and what each choice is called by now."""
    versions = SurveyVersion.objects.filter(definition__in=definitions)
    versions = versions.select_related("definition").order_by("definition__position", "definition", "number")
    surveys: dict[tuple[int, str], tuple[str, str]] = {}
    called: dict[tuple[int, str, str], str] = {}
    for version in versions:
        for question in _choosing(version.questions):
            place = (version.definition_id, question["key"])
            surveys.pop(place, None)
            surveys[place] = (str(version.definition), words.text_of(question))
            called |= {(*place, one["key"]): words.own(one["texts"]) for one in question["choices"]}
    return surveys, called


def _choosing(questions: Iterable[Any]) -> Iterable[Any]:
    return (question for question in questions if question["kind"] in CHOOSING)


def _reasons(
    place: tuple[int, str], counts: dict[str, int], called: dict[tuple[int, str, str], str]
) -> list[Reason]:
    found = [
        Reason(f"{place[0]}.{place[1]}.{choice}", called.get((*place, choice), choice), count)
        for choice, count in counts.items()
    ]
    return sorted(found, key=lambda reason: (-reason.count, reason.words.casefold(), reason.name))
