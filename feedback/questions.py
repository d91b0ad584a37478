"""What a survey may ask, which of it is asked after which answer, and what counts as a low score. Pure.

A version's `questions` are a list of {"key", "kind", …} in the order in which they are put. The first one is
the rating that the survey is for: "csat" (1 to 5, satisfaction), "ces" (1 to 7, agreement that it was easy),
"nps" (0 to 10, would recommend). Others: "one" and "many" have "choices", a list of {"key", "texts"}; "text"
has "limit" characters. "texts" holds the company's own words by language; without them the product's
(translated) are used. With "when", {"key", "low", "high"}, a question is put only to those whose rating
under that key lies between both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Question = Mapping[str, Any]
SCALES = {"csat": (1, 5), "ces": (1, 7), "nps": (0, 10)}
"""The lowest and the highest rating by kind."""
LOW = {"csat": 2, "ces": 3, "nps": 6}
"""The highest rating that counts as low: poor, disagreement, a detractor."""
GOOD = {"csat": 4, "ces": 5, "nps": 9}
"""The lowest rating that counts as good: the top two, agreement, a promoter."""
CHOOSING = ("one", "many")
COMMENT_LIMIT = 5000
"""Characters of a text."""
MOST_QUESTIONS = 12
MOST_CHOICES = 20
MOST_BRANCHES = 8
"""So many branches the page's styles tell apart."""


class QuestionError(ValueError):
    """What is asked is no set of questions. The text is for the reader."""


class Unfit(ValueError):
    """Answers that do not fit their questions: `problems` has words for the reader by question key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Part:
    """One question's answer: a number, or a choice (of several chosen ones each is a part), or a text."""

    key: str
    kind: str
    number: int | None = None
    choice: str = ""
    text: str = ""


def is_good(kind: str, score: int | None) -> bool:
    """Whether a rating is a reason to say thank you."""
    return score is not None and score >= GOOD[kind]


def is_low(kind: str, score: int | None) -> bool:
    """Whether a rating is a reason to ask what went wrong."""
    return score is not None and score <= LOW[kind]


def scale_of(question: Question) -> tuple[int, int]:
    """The lowest and the highest rating of a rating question."""
    low, high = SCALES[question["kind"]]
    return question.get("low", low), question.get("high", high)


def first_text(questions: Iterable[Question]) -> Question | None:
    """The question that the survey's comment answers."""
    return next((one for one in questions if one["kind"] == "text"), None)


def branches(questions: Sequence[Question]) -> dict[str, int]:
    """The number, from 1 on, of each question that is not put to everybody."""
    return {one["key"]: number for number, one in enumerate((q for q in questions if q.get("when")), 1)}


def is_put(question: Question, ratings: Mapping[str, int | None]) -> bool:
    """Whether a question is put to who gave these ratings."""
    when = question.get("when")
    if not when:
        return True
    rating = ratings.get(when["key"])
    return rating is not None and when["low"] <= rating <= when["high"]


# --- what may be asked --------------------------------------------------------------------------------


def check(questions: Any, kind: str) -> list[dict[str, Any]]:
    """The questions of a survey of this kind as they may be stored. Raises QuestionError."""
    if not isinstance(questions, list) or not questions or questions[0].get("kind") != kind:
        raise QuestionError(_("A survey begins with its rating."))
    if len(questions) > MOST_QUESTIONS:
        raise QuestionError(_("Ask at most %(most)d questions.") % {"most": MOST_QUESTIONS})
    known: dict[str, Question] = {}
    for question in questions:
        _check_one(question, known)
        known[question["key"]] = question
    if len(branches(questions)) > MOST_BRANCHES:
        raise QuestionError(_("At most %(most)d questions may depend on a rating.") % {"most": MOST_BRANCHES})
    return questions


def _check_one(question: Question, known: Mapping[str, Question]) -> None:
    key, kind = question.get("key"), question.get("kind")
    if not isinstance(key, str) or not key.isidentifier() or len(key) > 40 or key in known:
        raise QuestionError(_("Each question has a key of its own."))
    if kind not in (*SCALES, *CHOOSING, "text"):
        raise QuestionError(_("“%(name)s” is no kind of question.") % {"name": kind})
    if kind == "nps" and known:
        raise QuestionError(_("Whether somebody would recommend you is asked in a survey of its own."))
    if kind == "text" and not 0 < question.get("limit", COMMENT_LIMIT) <= COMMENT_LIMIT:
        raise QuestionError(_("A text has at most %(most)d characters.") % {"most": COMMENT_LIMIT})
    if kind in CHOOSING:
        _check_choices(question.get("choices"))
    if when := question.get("when"):
        _check_branch(when, known)


def _check_choices(choices: Any) -> None:
    if not isinstance(choices, list) or len(choices) < 2:
        raise QuestionError(_("Give at least two reasons to choose from, each on a line."))
    if len(choices) > MOST_CHOICES:
        raise QuestionError(_("Give at most %(most)d reasons.") % {"most": MOST_CHOICES})
    keys = [choice.get("key") for choice in choices]
    if len(set(keys)) < len(keys) or not all(isinstance(key, str) and 0 < len(key) <= 40 for key in keys):
        raise QuestionError(_("Each reason may be there once."))
    if not all(any(choice.get("texts", {}).values()) for choice in choices):
        raise QuestionError(_("Write each reason in words."))


def _check_branch(when: Mapping[str, Any], known: Mapping[str, Question]) -> None:
    asked = known.get(when.get("key", ""))
    if asked is None or asked["kind"] not in SCALES:
        raise QuestionError(_("A question can depend on a rating that is asked before it."))
    low, high = scale_of(asked)
    if not low <= when.get("low", low - 1) <= when.get("high", high + 1) <= high:
        raise QuestionError(
            _("Choose ratings from %(low)d to %(high)d, the lower one first.") % {"low": low, "high": high}
        )


# --- what may be answered -----------------------------------------------------------------------------


def read(questions: Sequence[Question], given: Mapping[str, Any]) -> list[Part]:
    """The answers among `given` (by question key) as parts, in the order of the questions.

    What was not put to this person is left out, as are empty answers to all but the first question. Numbers
    are ints, choices keys or lists of keys. Raises Unfit.
    """
    parts: list[Part] = []
    ratings: dict[str, int | None] = {}
    problems: dict[str, str] = {}
    for nth, question in enumerate(questions):
        if not is_put(question, ratings):
            continue
        value = given.get(question["key"])
        try:
            found = _read_one(question, value, required=nth == 0)
        except ValueError as refusal:
            problems[question["key"]] = str(refusal)
            continue
        if question["kind"] in SCALES:
            ratings[question["key"]] = found[0].number if found else None
        parts += found
    if problems:
        raise Unfit(problems)
    return parts


def _read_one(question: Question, value: Any, *, required: bool) -> list[Part]:
    key, kind = question["key"], question["kind"]
    if kind in SCALES:
        if value is None and not required:
            return []
        low, high = scale_of(question)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(off_the_scale(question))
        return [Part(key, kind, number=value)]
    if kind == "text":
        text, limit = value or "", question.get("limit", COMMENT_LIMIT)
        if len(text) > limit:
            raise ValueError(too_long(len(text), limit))
        return [Part(key, kind, text=text)] if text else []
    return [Part(key, kind, choice=choice) for choice in _chosen(question, value)]


def _chosen(question: Question, value: Any) -> list[str]:
    wanted = [value] if isinstance(value, str) else list(value or ())
    known = [choice["key"] for choice in question["choices"]]
    if any(one not in known for one in wanted if one) or (
        question["kind"] == "one" and len(set(wanted) - {""}) > 1
    ):
        raise ValueError(_("Choose from the list."))
    return [key for key in known if key in wanted]


def off_the_scale(question: Question) -> str:
    """What to say when no rating of the scale was chosen."""
    low, high = scale_of(question)
    return _("Choose a number from %(low)d to %(high)d.") % {"low": low, "high": high}


def too_long(length: int, limit: int) -> str:
    """What to say about a comment of `length` characters where `limit` are allowed."""
    over = length - limit
    return ngettext(
        "Your comment is %(over)d character too long. Shorten it to %(limit)d.",
        "Your comment is %(over)d characters too long. Shorten it to %(limit)d.",
        over,
    ) % {"over": over, "limit": limit}
