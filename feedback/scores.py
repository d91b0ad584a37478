"""What a list of answers or waits says, and how sure that is: NPS, CSAT, CES, intervals, survival. Pure.

Intervals are two-sided at 95%. A figure without data is None, never 0 and never NaN.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from statistics import NormalDist
from typing import NamedTuple

__all__ = [
    "Curve",
    "Effort",
    "Score",
    "Step",
    "adjusted_wald",
    "ces",
    "csat",
    "differs",
    "kaplan_meier",
    "nps",
    "percentile",
    "t_quantile",
    "wilson",
]

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
Interval = tuple[float, float]
Answers = Iterable[int | None] | Mapping[int | None, int]
"""Ratings one by one, or how often each was given."""


@dataclass(frozen=True)
class Score:
    """A score and its evidence.

    `value` with its interval `low` to `high` (all None without answers); `n` counts the answers, `shown`
    everybody who was asked.
    """

    value: float | None
    n: int
    shown: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Effort(Score):
    """A CES: beside the mean, `agree` is the per cent above the middle of the scale, with its interval."""

    agree: float | None = None
    agree_low: float | None = None
    agree_high: float | None = None


def nps(answers: Answers) -> Score:
    """The Net Promoter Score: per cent of promoters (9, 10) minus per cent of detractors (0 to 6).

    Passives (7, 8) stay in the denominator; None was shown but not answered. It is measured in points from
    −100 to 100, not in per cent. Raises ValueError for a rating that is not a whole number from 0 to 10.
    Interval: adjusted Wald.

    Source: F. F. Reichheld, "The One Number You Need to Grow", Harvard Business Review 81(12), 2003.
    """
    ratings, shown = _ratings(answers, (0, 10))
    n = ratings.total()
    if not n:
        return Score(None, 0, shown, None, None)
    promoters = sum(count for rating, count in ratings.items() if rating >= 9)
    detractors = sum(count for rating, count in ratings.items() if rating <= 6)
    low, high = adjusted_wald(promoters, detractors, n)
    return Score(100 * (promoters - detractors) / n, n, shown, 100 * low, 100 * high)


def csat(answers: Answers, scale: tuple[int, int] = (1, 5)) -> Score:
    """Customer satisfaction: the per cent of all ratings that lie in the top two of the scale (4 and 5 of 5).

    None was shown but not answered. Raises ValueError for a rating outside the scale. Interval: Wilson.

    Source: P. W. Farris and others, "Marketing Metrics", 2nd ed. 2010, section 2.7 ("top two box").
    """
    ratings, shown = _ratings(answers, scale)
    top = sum(count for rating, count in ratings.items() if rating >= scale[1] - 1)
    return _share(top, ratings.total(), shown)


def ces(answers: Answers, scale: tuple[int, int] = (1, 7)) -> Effort:
    """The Customer Effort Score 2.0: mean agreement with "… made it easy for me", higher is better.

    `agree` is the per cent of answers above the middle: the top three of seven, the top two of five. None was
    shown but not answered. Raises ValueError for a rating outside the scale. Intervals: Student's t for the
    mean (kept on the scale; a single answer could be anything on it), Wilson for `agree`.

    Source: M. Dixon, N. Toman, R. DeLisi, "The Effortless Experience", 2013, chapter 6 (CES v2.0).
    """
    ratings, shown = _ratings(answers, scale)
    n = ratings.total()
    if not n:
        return Effort(None, 0, shown, None, None)
    mean = sum(rating * count for rating, count in ratings.items()) / n
    low, high = _mean_interval(ratings, mean, scale)
    above = sum(count for rating, count in ratings.items() if 2 * rating > scale[0] + scale[1])
    agree = _share(above, n, shown)
    return Effort(mean, n, shown, low, high, agree.value, agree.low, agree.high)


def _ratings(answers: Answers, scale: tuple[int, int]) -> tuple[Counter[int], int]:
    """How often each rating stands among the answers, and how many were shown. Raises ValueError for one off
    the scale."""
    lowest, highest = scale
    if lowest >= highest:
        raise ValueError(f"a scale goes upward, not from {lowest} to {highest}")
    ratings, shown = Counter[int](), 0
    for answer, count in answers.items() if isinstance(answers, Mapping) else ((one, 1) for one in answers):
        shown += count
        if answer is None:
            continue
        if not isinstance(answer, int) or isinstance(answer, bool) or not lowest <= answer <= highest:
            raise ValueError(f"{answer!r} is not a whole number from {lowest} to {highest}")
        ratings[answer] += count
    return ratings, shown


def _share(hits: int, n: int, shown: int) -> Score:
    if not n:
        return Score(None, 0, shown, None, None)
    low, high = wilson(hits, n)
    return Score(100 * hits / n, n, shown, 100 * low, 100 * high)


def wilson(hits: int, n: int) -> Interval:
    """The 95% score interval of a share of `hits` out of `n` > 0, as shares from 0 to 1.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of
    the American Statistical Association 22 (1927), 209–212.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} is not a share")
    share, z2 = hits / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # The ends are exact where the formula is: rounding must not leave 0 or 1 outside.
    return (0.0 if hits == 0 else max(0.0, middle - reach)), (1.0 if hits == n else min(1.0, middle + reach))


def adjusted_wald(promoters: int, detractors: int, n: int) -> Interval:
    """The 95% interval of the difference of two shares of the same `n` > 0 answers, from −1 to 1.

    Adds three answers (¾ promoter, 1½ passive, ¾ detractor) before the plain formula, which covers too little
    in small samples; so with very few answers the observed extreme may lie outside.

    Sources: A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24 (2005), 729–740; J. Sauro and J. Lewis, MeasuringU, "Confidence intervals for
    NPS".
    """
    if promoters < 0 or detractors < 0 or promoters + detractors > n or n == 0:
        raise ValueError(f"{promoters} and {detractors} of {n} are not shares")
    total = n + 3
    up, down = (promoters + 0.75) / total, (detractors + 0.75) / total
    middle = up - down
    reach = Z * math.sqrt((up + down - middle * middle) / total)
    return max(-1.0, middle - reach), min(1.0, middle + reach)


def _mean_interval(ratings: Counter[int], mean: float, scale: tuple[int, int]) -> Interval:
    """Student's t interval of a mean: mean ± t · s/√n ("Student", Biometrika 6 (1908), 1–25)."""
    n = ratings.total()
    if n == 1:
        return float(scale[0]), float(scale[1])
    variance = sum(count * (rating - mean) ** 2 for rating, count in ratings.items()) / (n - 1)
    reach = t_quantile(n - 1) * math.sqrt(variance / n)
    return max(float(scale[0]), mean - reach), min(float(scale[1]), mean + reach)


@lru_cache(maxsize=512)
def t_quantile(freedom: int) -> float:
    """The 97.5% quantile of Student's t with `freedom` ≥ 1 degrees of freedom.

    Source: M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4 (exact sums,
    inverted by bisection), and from 200 degrees on 26.7.5 (asymptotic expansion, wrong by less than 1e-9).
    """
    if freedom >= 200:
        z, v = Z, freedom
        return (
            z
            + (z**3 + z) / (4 * v)
            + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        )
    low, high = 1.0, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, freedom) < CONFIDENCE else (low, middle)
    return (low + high) / 2


def _t_within(t: float, freedom: int) -> float:
    """The probability that |T| < t."""
    angle = math.atan(t / math.sqrt(freedom))
    cos2 = math.cos(angle) ** 2
    odd = freedom % 2
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    first = 1 if odd else 0
    for k in range(first, freedom - 1, 2):
        total += term
        term *= cos2 * (k + 1) / (k + 2)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def differs(hits: int, n: int, other_hits: int, other_n: int) -> bool:
    """Whether two shares differ clearly: the 95% interval of their difference excludes zero.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17 (1998), 873–890, method 10.
    """
    if not n or not other_n:
        return False
    (low, high), (other_low, other_high) = wilson(hits, n), wilson(other_hits, other_n)
    p, q = hits / n, other_hits / other_n
    below = (p - q) - math.hypot(p - low, other_high - q)
    above = (p - q) + math.hypot(high - p, q - other_low)
    return below > 0 or above < 0


class Step(NamedTuple):
    """From `time` on, `share` of the subjects have had the event; its standard error is `error`."""

    time: float
    share: float
    error: float


_time_of, _share_of = attrgetter("time"), attrgetter("share")
_SLACK = 1e-9
"""Products of fractions miss a round share by rounding; a share counts as reached this close below it."""


@dataclass(frozen=True)
class Curve:
    """The share that has had the event, as time goes by: rises at each step, flat between. Units as given."""

    steps: tuple[Step, ...]
    n: int
    events: int
    longest: float | None

    def share_by(self, time: float) -> float:
        """The share (0 to 1) that has had the event within `time`."""
        passed = bisect_right(self.steps, time, key=_time_of)
        return self.steps[passed - 1].share if passed else 0.0

    def quantile(self, share: float) -> float | None:
        """The time within which `share` (0 to 1) of the subjects have the event; None if not reached."""
        reached = bisect_left(self.steps, share - _SLACK, key=_share_of)
        return self.steps[reached].time if reached < len(self.steps) else None

    def median_interval(self) -> tuple[float | None, float | None]:
        """The 95% interval of the median; an end that the data do not reach is None.

        The times at which a test would not reject that half still wait: |S(t) − ½| ≤ z · se(t), with
        Greenwood's error.

        Source: R. Brookmeyer and J. Crowley, "A confidence interval for the median survival time", Biometrics
        38 (1982), 29–41.
        """
        low = next((s.time for s in self.steps if s.share + Z * s.error >= 0.5 - _SLACK), None)
        high = next((s.time for s in self.steps if s.share - Z * s.error > 0.5 + _SLACK), None)
        return low, high


def kaplan_meier(times: Iterable[tuple[float, bool]], counts: Iterable[int] | None = None) -> Curve:
    """How the share with the event grows, from (time, whether it ended with the event) per subject.

    With `counts` each pair stands for so many subjects: a histogram gives the curve of its rows.

    A subject without the event has waited `time` so far (it is censored): it counts among those at risk up to
    then, instead of being dropped. Events at a time come before censorings at the same time.

    Sources: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of
    the American Statistical Association 53 (1958), 457–481; M. Greenwood, "The natural duration of cancer",
    1926 (the error).
    """
    ended: dict[float, int] = {}
    censored: dict[float, int] = {}
    weights = repeat(1) if counts is None else counts
    for (time, has_event), count in zip(times, weights, strict=False):
        group = ended if has_event else censored
        group[time] = group.get(time, 0) + count
    events = sum(ended.values())
    at_risk = n = events + sum(censored.values())
    waiting, spread, steps = 1.0, 0.0, []
    ordered = sorted(ended.keys() | censored.keys())
    for time in ordered:
        if d := ended.get(time, 0):
            left = at_risk - d
            waiting *= left / at_risk
            spread += d / (at_risk * left) if left > 0 else 0.0
            steps.append(Step(time, 1 - waiting, waiting * math.sqrt(spread)))
            at_risk = left
        at_risk -= censored.get(time, 0)
    return Curve(tuple(steps), n, events, ordered[-1] if ordered else None)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; None without values.

    This is definition 1 (the inverse of the empirical distribution) of R. Hyndman and Y. Fan, "Sample
    Quantiles in Statistical Packages", The American Statistician 50 (1996): always a value that was observed,
    and what `Curve.quantile` and PostgreSQL's `percentile_disc` give.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered) - _SLACK) - 1)]
