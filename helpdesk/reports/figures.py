"""Figures with their evidence: shares and waits, and when there is too little to give one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

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


class Bucket(NamedTuple):
    """`n` rows whose times (seconds) hardly differ: `value` is the longest of them. Buckets of the same `key`
    and `done` are the same stretch of time."""

    key: float
    done: bool
    value: float
    n: int


@dataclass(frozen=True)
class Histogram:
    """How many rows have which time, and `counts`: how many belong to which slice."""

    buckets: list[Bucket]
    counts: dict[str, int]

    @property
    def n(self) -> int:
        return sum([bucket.n for bucket in self.buckets])


NOTHING = Histogram([], Counter())


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """One histogram of all: the same as if the rows had never been told apart."""
    parts = list(histograms)
    if len(parts) == 1:
        return parts[0]
    found: dict[tuple[float, bool], Bucket] = {}
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
        for bucket in part.buckets:
            key, done, value, n = bucket
            if same := found.get((key, done)):
                bucket = Bucket(key, done, max(value, same.value), n + same.n)
            found[key, done] = bucket
    return Histogram(list(found.values()), counts)


PROMISED = ("met", "missed")
"""The slices by which `waits` tells what was kept."""


def waits(histogram: Histogram) -> Waits:
    """Sum up how long rows waited and, by the slices `PROMISED`, whether in time."""
    met, missed = (histogram.counts[name] for name in PROMISED)
    times = [(value, done) for _key, done, value, _n in histogram.buckets]
    curve = kaplan_meier(times, [bucket.n for bucket in histogram.buckets])
    return Waits(curve, Share(met, met + missed))


@dataclass(frozen=True)
class Times:
    """How many rows each slice has, and the exact times (seconds) that some shares of all do not exceed."""

    counts: Mapping[str, int]
    times: Mapping[float, float | None]

    @property
    def n(self) -> int:
        return self.counts["all"]

    def within(self, share: float) -> float | None:
        """None where there are too few rows."""
        return self.times[share] if self.n >= ENOUGH else None

    def share(self, slice_: str) -> Share:
        return Share(self.counts[slice_], self.n)
