"""The three kinds of ratings, each with its own score: satisfaction, recommendation, effort. Never mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback import words
from feedback.models import Kind
from feedback.questions import SCALES
from feedback.scores import Answers, Score, ces, csat, nps
from helpdesk.reports.figures import ENOUGH, Share


@dataclass(frozen=True)
class Scoring:
    """How one kind is scored and shown. `key` is that of its definition, `route` the name of its page.

    `axis` is the scale of the score, `ticks` what is written beside it; `tones` colour the ratings, lowest
    first. `opens` is the slice of the rows that the score speaks of most plainly.
    """

    kind: Kind
    key: str
    route: str
    tab: Any
    title: Any
    score: Callable[[Answers], Score]
    axis: tuple[float, float]
    ticks: tuple[float, ...]
    tones: tuple[str, ...]
    opens: str
    column: Any

    @property
    def scale(self) -> tuple[int, int]:
        return SCALES[self.kind]

    @property
    def has_share(self) -> bool:
        """Whether good answers make a share that says something by itself; of an NPS they are half of it."""
        return self.kind != Kind.NPS

    def words(self, value: float | None) -> str:
        """A value of the score as it is read: 79%, 5.6 or +27 (points, no per cent)."""
        if value is None:
            return "–"
        if self.kind == Kind.CSAT:
            return f"{round(value)}%"
        if self.kind == Kind.CES:
            return number_format(round(value, 1), 1)
        return signed(value)

    def place(self, value: float) -> float:
        """Where a value stands on the axis, in per cent from its low end."""
        low, high = self.axis
        return 100 * (value - low) / (high - low)


def signed(value: float) -> str:
    """Whole points with their sign: +27, 0, −4."""
    whole = round(value)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "0"


SCORINGS = (
    Scoring(
        Kind.CSAT,
        "feedback",
        "feedback",
        gettext_lazy("Satisfaction"),
        gettext_lazy("Satisfaction, CSAT: “How was our help?”"),
        csat,
        (0, 100),
        (0, 50, 100),
        ("bad", "poor", "fair", "good", "best"),
        "satisfied",
        gettext_lazy("Satisfied"),
    ),
    Scoring(
        Kind.NPS,
        "recommendation",
        "recommendation",
        gettext_lazy("Recommendation"),
        gettext_lazy("Recommendation, NPS: “Would you recommend us?”"),
        nps,
        (-100, 100),
        (-100, 0, 100),
        ("bad", "bad", "bad", "poor", "poor", "poor", "poor", "fair", "fair", "good", "best"),
        "answered",
        gettext_lazy("NPS"),
    ),
    Scoring(
        Kind.CES,
        "effort",
        "effort",
        gettext_lazy("Effort"),
        gettext_lazy("Effort, CES: “It was easy to get my request handled.”"),
        ces,
        (1, 7),
        (1, 4, 7),
        ("bad", "poor", "poor", "fair", "good", "good", "best"),
        "answered",
        gettext_lazy("Mean agreement"),
    ),
)
SCORING_OF = {scoring.key: scoring for scoring in SCORINGS}


@dataclass(frozen=True)
class Scored:
    """The score of some rows, with what it takes to show it or to say that there is too little."""

    scoring: Scoring
    score: Score
    counts: dict[int, int]

    @property
    def n(self) -> int:
        return self.score.n

    @property
    def is_enough(self) -> bool:
        return self.score.n >= ENOUGH

    @property
    def value_words(self) -> str:
        """The score, or below ten answers how many said what."""
        return self.scoring.words(self.score.value) if self.is_enough else self.counted

    @property
    def interval_words(self) -> str:
        """The ends of the interval, without a per cent sign; "" where there is too little for a score."""
        if not self.is_enough or self.score.low is None or self.score.high is None:
            return ""
        if self.scoring.kind == Kind.NPS:
            return _("%(low)s to %(high)s") % {"low": signed(self.score.low), "high": signed(self.score.high)}
        ends = (self.scoring.words(end).removesuffix("%") for end in (self.score.low, self.score.high))
        return "–".join(ends)

    @property
    def places(self) -> tuple[float, float, float] | None:
        """Where the value and the ends of its interval stand on the axis."""
        found = (self.score.value, self.score.low, self.score.high)
        if not self.is_enough or None in found:
            return None
        value, low, high = (self.scoring.place(end) for end in found if end is not None)
        return value, low, high

    @property
    def counted(self) -> str:
        """What they said as plain counts."""
        if not self.n:
            return "–"
        if self.scoring.kind == Kind.NPS:
            said = {"up": self.between(9, 10), "down": self.between(0, 6), "n": self.n}
            return _("%(up)d for, %(down)d against, of %(n)d") % said
        return _("%(hits)d of %(n)d") % {"hits": self.hits, "n": self.n}

    @property
    def hits(self) -> int:
        """How many are satisfied, found it easy, or would recommend us."""
        low = {Kind.CSAT: 4, Kind.CES: 5, Kind.NPS: 9}[self.scoring.kind]
        return self.between(low, self.scoring.scale[1])

    def between(self, low: int, high: int) -> int:
        return sum(count for rating, count in self.counts.items() if low <= rating <= high)

    @property
    def share(self) -> Share:
        """The share whose answer counts as good."""
        return Share(self.hits, self.n)


def scored(scoring: Scoring, counts: Mapping[str, int]) -> Scored:
    """The score by how many rows each slice has: those who did not answer were shown it all the same."""
    low, high = scoring.scale
    ratings: dict[int, int] = {rating: counts[f"score-{rating}"] for rating in range(low, high + 1)}
    shown: dict[int | None, int] = {None: counts["delivered"] - counts["answered"]}
    shown.update(ratings.items())
    return Scored(scoring, scoring.score(shown), ratings)


def rating_words(scoring: Scoring) -> list[str]:
    """Each rating of the scale with its word, lowest first."""
    found = words.ratings({"kind": str(scoring.kind)})
    return [f"{rating.value} {rating.word}".strip() for rating in found]


def responded(counts: Mapping[str, int]) -> Share:
    """Answers among the surveys that were delivered."""
    return Share(counts["answered"], counts["delivered"])
