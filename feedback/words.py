"""What a survey asks: the standard questions, and the words that stand beside the ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import COMMENT_LIMIT, CSAT_SCALE, SurveyVersion

STANDARD = "Standard"
STANDARD_QUESTIONS: list[dict[str, Any]] = [
    {"key": "rating", "kind": "csat", "low": CSAT_SCALE[0], "high": CSAT_SCALE[1]},
    {"key": "comment", "kind": "text", "limit": COMMENT_LIMIT},
]


@dataclass(frozen=True)
class Choice:
    """A rating with the word that stands beside it, in the reader's language."""

    value: int
    word: str


def rating_words() -> list[str]:
    """The words of the ratings 1 to 5, in the current language."""
    return [_("Very poor"), _("Poor"), _("Fair"), _("Good"), _("Very good")]


def choices(version: SurveyVersion) -> list[Choice]:
    """The ratings that may be chosen, lowest first; the company's own words where it wrote some."""
    low, high = version.scale
    own = next(q for q in version.questions if q["kind"] == "csat").get("words")
    return [
        Choice(value, word) for value, word in zip(range(low, high + 1), own or rating_words(), strict=True)
    ]


def off_the_scale(version: SurveyVersion) -> str:
    """What to say when no rating of the scale was chosen."""
    low, high = version.scale
    return _("Choose a number from %(low)d to %(high)d.") % {"low": low, "high": high}


def too_long(length: int, limit: int) -> str:
    """What to say about a comment of `length` characters where `limit` are allowed."""
    over = length - limit
    return ngettext(
        "Your comment is %(over)d character too long. Shorten it to %(limit)d.",
        "Your comment is %(over)d characters too long. Shorten it to %(limit)d.",
        over,
    ) % {"over": over, "limit": limit}
