"""Why a clock reads what it reads: its life as a list of stretches with a running sum. Pure.

A stretch counted, was closed (night, weekend, holiday), was paused by a status, or ran over the target. The
counted and the over stretches add up to what the clock consumed, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sla.calendar import WorkingCalendar
from sla.measure import ZERO, Reading, Span
from sla.rules import Target

COUNTED, CLOSED, WAITED, OVER = "counted", "closed", "paused", "over"
MOST_STRETCHES = 60
"""A longer life tells its closed hours within each stretch instead of one by one."""


@dataclass(frozen=True)
class Stretch:
    """`spent` is in the target's measure for counted and over stretches, else plain time; `total` is what
    the clock had consumed at `end`.

    `reason`: of a closed stretch "holiday" (`holiday` names it, or several), "date" (closed by date),
    "night", "break" (within a day) or "days", of a paused one the status. `seq` and `end_seq` are the events
    that began and ended the stretch, where events did. `span` is the stretch of the fold that it lies in:
    which versions, target and hand held there.
    """

    kind: str
    start: datetime
    end: datetime
    spent: timedelta
    span: Span
    total: timedelta = ZERO
    reason: str = ""
    holiday: str = ""
    seq: int | None = None
    end_seq: int | None = None


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
    pieces = list(islice(_pieces(reading, end, working, finely=True), MOST_STRETCHES + 1))
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
    followers = [span.start_seq for span in reading.spans[1:]]
    for span, end_seq in zip(reading.spans, [*followers, reading.stopped_seq], strict=False):
        until = span.end or end
        if until <= span.start:
            continue
        if not span.running:
            pieces = [Stretch(WAITED, span.start, until, until - span.start, span, reason=span.reason)]
        elif working and finely:
            pieces = list(islice(_open_and_closed(span, until), MOST_STRETCHES + 1))
        else:
            spent = span.calendar.between(span.start, until) if working else until - span.start
            pieces = [Stretch(COUNTED, span.start, until, spent, span)]
        pieces[0] = replace(pieces[0], seq=span.start_seq)
        pieces[-1] = replace(pieces[-1], end_seq=end_seq)
        yield from pieces


def _open_and_closed(span: Span, until: datetime) -> Iterator[Stretch]:
    at = span.start
    for interval in span.calendar.intervals(span.start, until):
        if interval.start > at:
            yield _closed(span, at, interval.start)
        yield Stretch(COUNTED, interval.start, interval.end, interval.end - interval.start, span)
        at = interval.end
    if at < until:
        yield _closed(span, at, until)


def _closed(span: Span, start: datetime, end: datetime) -> Stretch:
    spec = span.calendar.spec
    first, last = span.calendar.local(start).date(), span.calendar.local(end).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    names = list(dict.fromkeys(spec.holidays[day] for day in days if day in spec.holidays))
    if names:
        reason = "holiday"
    elif any(spec.date_hours.get(day) == () for day in days):
        reason = "date"
    elif all(map(spec.ranges_on, days)):
        reason = "night" if len(days) > 1 or not _is_between_ranges(span.calendar, start) else "break"
    else:
        reason = "days"
    return Stretch(CLOSED, start, end, end - start, span, reason=reason, holiday=", ".join(names))


def _is_between_ranges(calendar: WorkingCalendar, at: datetime) -> bool:
    """Whether a closed instant has been preceded by opening hours on its own local date."""
    day = calendar.local(at).date()
    return calendar.local(calendar.previous_open(at)).date() == day


def _summed(reading: Reading, pieces: list[Stretch], working: bool) -> Iterator[Stretch]:
    total, over_from = ZERO, reading.breached_at or reading.due_at
    for piece in pieces:
        if piece.kind != COUNTED:
            yield replace(piece, total=total)
            continue
        if over_from is None or piece.end <= over_from:
            total += piece.spent
            yield replace(piece, total=total)
            continue
        over, began = piece.spent, piece.seq
        if piece.start < over_from:
            before = (
                piece.span.calendar.between(piece.start, over_from) if working else over_from - piece.start
            )
            total += before
            yield replace(piece, end=over_from, spent=before, total=total, end_seq=None)
            over, began = over - before, None
        total += over
        start = max(piece.start, over_from)
        yield replace(piece, kind=OVER, start=start, spent=over, total=total, seq=began)


def closed_before(reading: Reading, until: datetime) -> list[Stretch]:
    """The closed stretches between a clock's start and an instant that may lie ahead, pauses left out; of a
    long life the first ones, `MOST_STRETCHES` and some."""
    found: list[Stretch] = []
    for span in reading.spans:
        end = until if span.end is None else min(span.end, until)
        if span.running and span.start < end and len(found) <= MOST_STRETCHES:
            pieces = islice(_open_and_closed(span, end), 2 * MOST_STRETCHES + 2)
            found += [piece for piece in pieces if piece.kind == CLOSED]
    return found
