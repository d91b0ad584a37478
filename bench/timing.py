"""Ratios that can be trusted on a shared machine: interleaved pairs, the median and quartiles of their ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """What `interleaved` found: milliseconds for one call of each side, and the ratios of the pairs."""

    name: str
    ours: float
    beside: float
    low: float
    ratio: float
    high: float

    def line(self) -> str:
        span = f"{self.ratio:6.2f}  ({self.low:.2f} to {self.high:.2f})"
        return f"{self.name:<24}{self.ours:>9.2f} ms {self.beside:>9.2f} ms   {span}"


def interleaved(
    name: str, ours: Callable[[], object], beside: Callable[[], object], *, pairs: int = 9, calls: int = 20
) -> Pairs:
    """Time both sides in turn, `calls` calls each, `pairs` times; the first pair only warms up.

    Each side's time in a pair is the median of its calls, so that one hiccup does not count. Reported are the
    medians over the pairs in milliseconds, and of the pairs' ratios the quartiles and the median.
    """
    taken = [(_once(ours, calls), _once(beside, calls)) for _ in range(pairs + 1)][1:]
    ratios = sorted(a / b for a, b in taken)
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    left = statistics.median(a for a, _b in taken)
    right = statistics.median(b for _a, b in taken)
    return Pairs(name, left * 1000, right * 1000, low, middle, high)


def _once(call: Callable[[], object], calls: int) -> float:
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
