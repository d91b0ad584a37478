"""What a survey asks in words: the company's own in the reader's language, else the product's, translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from feedback.models import SurveyVersion
from feedback.questions import COMMENT_LIMIT, SCALES, Question, scale_of

STANDARD = "Standard"
STANDARD_QUESTIONS: list[dict[str, Any]] = [
    {"key": "rating", "kind": "csat", "low": SCALES["csat"][0], "high": SCALES["csat"][1]},
    {"key": "comment", "kind": "text", "limit": COMMENT_LIMIT},
]


@dataclass(frozen=True)
class Choice:
    """A rating with the word that stands beside it ("" for none), in the reader's language."""

    value: int
    word: str


def rating_words() -> list[str]:
    """The words of the ratings 1 to 5, in the current language."""
    return [_("Very poor"), _("Poor"), _("Fair"), _("Good"), _("Very good")]


def agreement_words() -> list[str]:
    """The words of the ratings 1 to 7 of agreement, in the current language."""
    return [
        _("Strongly disagree"),
        _("Disagree"),
        _("Somewhat disagree"),
        _("Neither agree nor disagree"),
        _("Somewhat agree"),
        _("Agree"),
        _("Strongly agree"),
    ]


def likelihood_words() -> list[str]:
    """The words of the ratings 0 to 10; only the ends have one."""
    return [_("Not at all likely"), *[""] * 9, _("Extremely likely")]


_RATING_WORDS = {"csat": rating_words, "ces": agreement_words, "nps": likelihood_words}


def choices(version: SurveyVersion) -> list[Choice]:
    """The ratings that may be chosen, lowest first; the company's own words where it wrote some."""
    return ratings(version.rating)


def ratings(question: Question) -> list[Choice]:
    """The ratings of a rating question, lowest first."""
    low, high = scale_of(question)
    words = question.get("words") or _RATING_WORDS[question["kind"]]()
    return [Choice(value, word) for value, word in zip(range(low, high + 1), words, strict=True)]


def own(texts: Mapping[str, str] | None) -> str:
    """The company's own words in the current language, else in any that it wrote; "" where it wrote none."""
    if not texts:
        return ""
    code = (get_language() or "").partition("-")[0]
    return texts.get(code) or next((text for text in texts.values() if text), "")


def text_of(question: Question, subject: str = "") -> str:
    """A question as it is put, in the current language; `subject` is what the request was about, if it may be
    said."""
    return own(question.get("texts")) or _ours(question["kind"], subject)


def _ours(kind: str, subject: str) -> str:
    if kind == "csat" and subject:
        return _("How was our help with “%(subject)s”?") % {"subject": subject}
    return {
        "csat": _("How was our help?"),
        "ces": _("“It was easy to get my request handled.” How far do you agree?"),
        "nps": _("How likely are you to recommend us to a friend or colleague?"),
        "one": _("What was the reason?"),
        "many": _("What were the reasons?"),
        "text": _("Anything to add?"),
    }[kind]
