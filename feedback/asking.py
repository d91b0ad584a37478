"""A survey's questions as a page puts them, in the reader's language, with what was answered so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from feedback import words
from feedback.models import Survey
from feedback.queries import parts_of, subject_of
from feedback.questions import CHOOSING, SCALES, Part, Question, branches, first_text

SCORE, COMMENT = "score", "comment"
"""The fields of the rating that a survey is for, and of the first question for words."""


@dataclass(frozen=True)
class Offer:
    """One answer to choose: `number` is "" for reasons, `word` for ratings that have none. `opens` are the
    branches that it leads to."""

    value: str
    number: str
    word: str
    is_chosen: bool
    opens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Asked:
    """One question. `name` is its field's; `branch` the number under which `Offer.opens` speaks of it (0: it
    is put to everybody), `only_if` says to whom it is put, `optional` that it may be left out.
    `text_given` is what was written."""

    kind: str
    name: str
    text: str
    offers: list[Offer]
    branch: int = 0
    only_if: str = ""
    optional: str = ""
    text_given: str = ""
    errors: Sequence[str] = ()

    @property
    def is_scale(self) -> bool:
        """A scale of so many steps that they stand side by side."""
        return self.kind == "nps"


def field_names(questions: Sequence[Question]) -> dict[str, str]:
    """The name of each question's field, by its key."""
    text = first_text(questions)
    names = {one["key"]: f"q_{one['key']}" for one in questions}
    if text is not None:
        names[text["key"]] = COMMENT
    return names | {questions[0]["key"]: SCORE}


def asked(
    survey: Survey, given: Mapping[str, Any], errors: Mapping[str, Sequence[str]] | None = None
) -> list[Asked]:
    """The questions in their order. `given` and `errors` are by field: a text, or what was chosen."""
    questions = survey.version.questions
    return put(questions, given, errors or {}, subject_of(survey))


def put(
    questions: Sequence[Question],
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    subject: str = "",
) -> list[Asked]:
    """As `asked`, of questions that need not belong to a survey yet."""
    names, numbers = field_names(questions), branches(questions)
    return [
        Asked(
            kind=one["kind"],
            name=(name := names[one["key"]]),
            text=words.text_of(one, subject),
            offers=_offers(one, given.get(name), questions, numbers),
            branch=numbers.get(one["key"], 0),
            only_if=_only_if(one),
            optional=_("(optional)") if name != SCORE else "",
            text_given=str(given.get(name) or "") if one["kind"] == "text" else "",
            errors=errors.get(name, ()),
        )
        for one in questions
    ]


def _offers(
    question: Question, value: Any, questions: Sequence[Question], numbers: Mapping[str, int]
) -> list[Offer]:
    chosen = {str(one) for one in value} if isinstance(value, list) else {str(value)}
    if question["kind"] in CHOOSING:
        return [
            Offer(one["key"], "", words.own(one["texts"]), one["key"] in chosen)
            for one in question["choices"]
        ]
    if question["kind"] not in SCALES:
        return []
    leads = [(one["when"], numbers[one["key"]]) for one in questions if one.get("when")]
    return [
        Offer(
            str(rating.value),
            str(rating.value),
            rating.word,
            str(rating.value) in chosen,
            tuple(
                number
                for when, number in leads
                if when["key"] == question["key"] and when["low"] <= rating.value <= when["high"]
            ),
        )
        for rating in words.ratings(question)
    ]


def _only_if(question: Question) -> str:
    when = question.get("when")
    if not when:
        return ""
    if when["low"] == when["high"]:
        return _("If your answer above is %(low)d:") % {"low": when["low"]}
    return _("If your answer above is %(low)d to %(high)d:") % {"low": when["low"], "high": when["high"]}


def answered(survey: Survey) -> dict[str, Any]:
    """What was answered so far, by field, as `asked` takes it."""
    if survey.answer is None:
        return {}
    names = field_names(survey.version.questions)
    found: dict[str, Any] = {}
    for part in parts_of(survey.answer):
        name = names[part.key]
        if part.kind in CHOOSING:
            found.setdefault(name, []).append(part.choice)
        else:
            found[name] = part.text if part.kind == "text" else str(part.number)
    return found


def told(survey: Survey) -> list[tuple[str, str]]:
    """What was answered, in words: a question and its answer, several chosen reasons as one."""
    if survey.answer is None:
        return []
    parts: dict[str, list[Part]] = {}
    for part in parts_of(survey.answer):
        parts.setdefault(part.key, []).append(part)
    subject = subject_of(survey)
    known = [one for one in survey.version.questions if one["key"] in parts]
    return [(words.text_of(one, subject), _in_words(one, parts[one["key"]])) for one in known]


def _in_words(question: Question, parts: list[Part]) -> str:
    if question["kind"] in CHOOSING:
        texts = {one["key"]: words.own(one["texts"]) for one in question["choices"]}
        return ", ".join(texts[part.choice] for part in parts)
    if question["kind"] == "text":
        return parts[0].text
    rating = next(one for one in words.ratings(question) if one.value == parts[0].number)
    return f"{rating.value} {rating.word}".strip()
