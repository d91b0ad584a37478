"""How long open promises have run so far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sla.book import BOOK
from sla.clockwork import events_of, fold
from sla.measure import ALWAYS
from sla.models import Clock, ClockState


def waited_so_far(clocks: Iterable[Clock], now: datetime, *, working: bool) -> list[tuple[Clock, float]]:
    """Each open clock with the seconds it has run up to `now`, in working or in calendar time.

    A clock that never paused has run since it started. For the others the ticket's events are folded, which
    knows when the last stretch began.
    """
    clocks = list(clocks)
    interrupted = {
        clock.ticket_id for clock in clocks if clock.state == ClockState.RUNNING and _was_paused(clock)
    }
    folded = _folded(interrupted, now, working) if interrupted else {}
    return [
        (clock, folded.get((clock.ticket_id, clock.metric, clock.instance), _straight(clock, now, working)))
        for clock in clocks
    ]


def _was_paused(clock: Clock) -> bool:
    return bool(clock.elapsed_calendar or clock.elapsed_working or clock.paused_at)


def _straight(clock: Clock, now: datetime, working: bool) -> float:
    if clock.state == ClockState.PAUSED:
        return (clock.elapsed_working if working else clock.elapsed_calendar).total_seconds()
    end = max(clock.started_at, now)
    if not working:
        return (end - clock.started_at).total_seconds()
    version = clock.calendar_version_id
    calendar = ALWAYS if version is None else BOOK.calendar(version)
    return calendar.between(clock.started_at, end).total_seconds()


def _folded(tickets: set[int], now: datetime, working: bool) -> dict[tuple[int, str, int], float]:
    return {
        (pk, reading.metric, reading.instance): reading.elapsed(now, working=working).total_seconds()
        for pk, events in events_of(tickets)
        for reading in fold(pk, events).readings
    }
