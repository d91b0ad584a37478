"""Why a clock reads what it reads: its life as a list of stretches with a running sum. Pure.

A stretch counted, was closed (night, weekend, holiday), was paused by a status, or ran over the target. The
counted and the over stretches add up to what the clock consumed, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.calendar import WorkingCalendar
from sla.measure import ZERO, Reading, Span
from sla.rules import Target

COUNTED, CLOSED, WAITED, OVER = "counted", "closed", "paused", "over"
MOST_STRETCHES = 60
"""A longer life tells its closed hours within each stretch instead of one by one."""


@dataclass(frozen=True)
class Stretch:
    """`spent` is in the target's measure for counted and over stretches, else plain time; `total` is what
    the clock had consumed at `end`. `reason`: of a closed stretch "hours" or "holiday" (`holiday` is its
    name), of a paused one the status. `seq` is the event that began the stretch, if one did.
    """

    kind: str
    start: datetime
    end: datetime
    spent: timedelta
    total: timedelta
    reason: str = ""
    holiday: str = ""
    seq: int | None = None


@dataclass(frozen=True)
class Ledger:
    """One clock explained, as of `now`. `remaining` is negative once the target is used up."""

    reading: Reading
    now: datetime
    stretches: list[Stretch]
    consumed: timedelta
    remaining: timedelta | None

    @property
    def target(self) -> Target | None:
        return self.reading.target

    @property
    def ended_at(self) -> datetime:
        return self.reading.stopped_at or self.now


def explain(reading: Reading, now: datetime) -> Ledger:
    """The ledger of one reading up to `now` (or to where it ended)."""
    working = reading.target.working if reading.target else True
    end = reading.stopped_at or max(now, reading.started_at)
    pieces = list(_pieces(reading, end, working, finely=True))
    if len(pieces) > MOST_STRETCHES:
        pieces = list(_pieces(reading, end, working, finely=False))
    return Ledger(
        reading,
        now,
        list(_summed(reading, pieces, working)),
        reading.consumed(end),
        reading.remaining(end),
    )


def _pieces(reading: Reading, end: datetime, working: bool, *, finely: bool) -> Iterator[Stretch]:
    for span in reading.spans:
        until = span.end or end
        if until <= span.start:
            continue
        if not span.running:
            yield Stretch(
                WAITED, span.start, until, until - span.start, ZERO, span.reason, seq=span.start_seq
            )
        elif working and finely:
            yield from _open_and_closed(span, until)
        else:
            spent = span.calendar.between(span.start, until) if working else until - span.start
            yield Stretch(COUNTED, span.start, until, spent, ZERO, seq=span.start_seq)


def _open_and_closed(span: Span, until: datetime) -> Iterator[Stretch]:
    at, seq = span.start, span.start_seq
    for interval in span.calendar.intervals(span.start, until):
        if interval.start > at:
            yield _closed(span.calendar, at, interval.start, seq)
            seq = None
        yield Stretch(COUNTED, interval.start, interval.end, interval.end - interval.start, ZERO, seq=seq)
        at, seq = interval.end, None
    if at < until:
        yield _closed(span.calendar, at, until, seq)


def _closed(calendar: WorkingCalendar, start: datetime, end: datetime, seq: int | None) -> Stretch:
    holiday, reason = "", "hours"
    day, last = calendar.local(start).date(), calendar.local(end).date()
    while day <= last:
        if day in calendar.spec.holidays:
            holiday, reason = calendar.spec.holidays[day], "holiday"
            break
        day += timedelta(days=1)
    return Stretch(CLOSED, start, end, end - start, ZERO, reason, holiday, seq)


def _summed(reading: Reading, pieces: list[Stretch], working: bool) -> Iterator[Stretch]:
    total, over_from = ZERO, reading.breached_at or reading.due_at
    for piece in pieces:
        if piece.kind != COUNTED:
            yield _with(piece, piece.kind, piece.start, piece.end, piece.spent, total)
            continue
        if over_from is None or piece.end <= over_from:
            total += piece.spent
            yield _with(piece, COUNTED, piece.start, piece.end, piece.spent, total)
            continue
        before = _spent_by(reading, piece, over_from, working)
        if piece.start < over_from:
            total += before
            yield _with(piece, COUNTED, piece.start, over_from, before, total)
        over = piece.spent - (before if piece.start < over_from else ZERO)
        total += over
        yield _with(piece, OVER, max(piece.start, over_from), piece.end, over, total)


def _spent_by(reading: Reading, piece: Stretch, at: datetime, working: bool) -> timedelta:
    if not working or at <= piece.start:
        return max(at - piece.start, ZERO)
    span = next(
        span for span in reading.spans if span.running and span.start <= piece.start < (span.end or piece.end)
    )
    return span.calendar.between(piece.start, at)


def _with(
    piece: Stretch, kind: str, start: datetime, end: datetime, spent: timedelta, total: timedelta
) -> Stretch:
    return Stretch(kind, start, end, spent, total, piece.reason, piece.holiday, piece.seq)
