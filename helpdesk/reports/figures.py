"""Figures with their evidence: shares and waits, and when there is too little to give one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from feedback.scores import Curve, differs, kaplan_meier, wilson

ENOUGH = 10
"""Below so many, counts are given and no share or percentile."""
ENOUGH_FOR_TREND = 30
"""Below so many, no word says that something changed."""


@dataclass(frozen=True)
class Share:
    """`hits` of `n`; per cent with its 95% Wilson interval where there are enough."""

    hits: int
    n: int

    @property
    def is_enough(self) -> bool:
        return self.n >= ENOUGH

    @property
    def percent(self) -> float | None:
        return 100 * self.hits / self.n if self.n else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Low and high end in per cent."""
        if not self.n:
            return None
        low, high = wilson(self.hits, self.n)
        return 100 * low, 100 * high

    def differs_from(self, other: Share) -> bool:
        """Whether chance does not explain the difference: its 95% interval excludes zero, and both have
        enough to say so."""
        enough = min(self.n, other.n) >= ENOUGH_FOR_TREND
        return enough and differs(self.hits, self.n, other.hits, other.n)


@dataclass(frozen=True)
class Waits:
    """How long answers take (seconds), from those that came and those that still wait; `within`: in time."""

    curve: Curve
    within: Share

    @property
    def n(self) -> int:
        return self.curve.n

    @property
    def answered(self) -> int:
        return self.curve.events

    @property
    def waiting(self) -> int:
        return self.curve.n - self.curve.events

    @property
    def is_enough(self) -> bool:
        return self.n >= ENOUGH

    @cached_property
    def median(self) -> float | None:
        """None where there are too few tickets, or fewer than half have an answer."""
        return self.curve.quantile(0.5) if self.is_enough else None

    @cached_property
    def p90(self) -> float | None:
        return self.curve.quantile(0.9) if self.is_enough else None

    @cached_property
    def median_interval(self) -> tuple[float | None, float | None]:
        return self.curve.median_interval()


def waits(rows: Iterable[tuple[float, bool, str]]) -> Waits:
    """Sum up (seconds waited, whether it was answered, verdict) per ticket."""
    rows = list(rows)
    within = within_target(verdict for _seconds, _done, verdict in rows)
    return Waits(kaplan_meier((seconds, done) for seconds, done, _verdict in rows), within)


def within_target(verdicts: Iterable[str]) -> Share:
    """Kept promises among those with a verdict."""
    counts = Counter(verdicts)
    return Share(counts["met"], counts["met"] + counts["missed"])
