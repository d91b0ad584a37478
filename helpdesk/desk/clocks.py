"""Clocks in words: the queue's first column, the head of a ticket, and the ledger that says why.

What is left of a working-time promise is said in working time: it agrees with the policy, not the wall.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from helpdesk.clock_words import (
    METRIC_WORDS,
    PAUSE_WORDS,
    Sources,
    hand_words,
    sentence,
    sources_of,
    stretch_words,
    target_words,
    time_words,
)
from helpdesk.times import clock_time
from helpdesk.words import PRIORITY_WORDS
from helpdesk.words import gettext as _
from sla import ledger
from sla.book import BOOK
from sla.clockwork import fold
from sla.measure import FULFILLED, PAUSED, Reading
from sla.metrics import ASIDES
from sla.models import OPEN_STATES, Clock
from sla.queries import Version, Versions
from tickets.models import Event, Ticket

MOST_CHIPS = 3
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Chip:
    """One clock in a word: `weight` as in components/chips.html, and the line below it."""

    weight: str
    text: str
    detail: str = ""


NO_CHIP = Chip("none", "–")


class Owed(NamedTuple):
    """Of a clock what its chip says; the fields are those of `sla.models.Clock`."""

    metric: str
    state: str
    due_at: datetime | None
    remaining: timedelta | None
    pause_reason: str
    warn_at: datetime | None
    target_working: bool
    calendar_version_id: int | None
    due_set_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One row of a ledger: from when, of what kind (as in `sla.ledger`), in words, how long it took in
    whole minutes."""

    at: datetime
    glyph: str
    kind: str
    text: str
    took: timedelta


@dataclass(frozen=True)
class Source:
    """Which versions a clock follows, and the priority by which it found its target."""

    policy: Version | None
    calendar: Version | None
    time_zone: str
    priority: str


@dataclass(frozen=True)
class ClockView:
    """One clock at the head of a ticket, with its ledger."""

    metric: str
    name: str
    source: Source
    sentence: str
    weight: str = "plain"
    text: str = ""
    detail: str = ""
    short: str = ""
    target: str = ""
    used: str = ""
    due_words: str = ""
    by_hand: str = ""
    due_input: str = ""  # as a field for date and time takes it, in the company's time zone
    is_open: bool = False
    is_urgent: bool = True  # one of the few that the head of the ticket shows
    lines: tuple[Line, ...] = ()
    bar: tuple[tuple[str, int, int], ...] = ()


# --- the queue ----------------------------------------------------------------------------------------


def due_chips(tickets: Iterable[Ticket], now: datetime | None = None) -> dict[int, Chip]:
    """What each ticket owes next, by ticket id, in one query."""
    now = now or timezone.now()
    nearest: dict[int, Clock] = {}
    owing = Q(target__isnull=False) | Q(due_at__isnull=False)
    clocks = Clock.objects.filter(owing, ticket__in=list(tickets), state__in=OPEN_STATES)
    for clock in clocks.exclude(metric__in=ASIDES):
        known = nearest.get(clock.ticket_id)
        if known is None or _place(clock) < _place(known):
            nearest[clock.ticket_id] = clock
    return {pk: chip_of(clock, now) for pk, clock in nearest.items()}


def _place(clock: Clock) -> tuple[bool, timedelta | datetime | None, int]:
    return (clock.due_at is None, clock.due_at or clock.remaining, clock.pk)


def chip_of(clock: Clock | Owed, now: datetime) -> Chip:
    """An open clock as a chip."""
    metric = str(METRIC_WORDS[clock.metric])
    if clock.state == PAUSED or clock.due_at is None:
        reason = str(PAUSE_WORDS.get(clock.pause_reason, clock.pause_reason))
        left = time_words(clock.remaining or timedelta(0), working=clock.target_working)
        detail = _("%(metric)s, %(left)s left") % {"metric": metric, "left": left}
        return Chip("paused", _("paused: %(reason)s") % {"reason": reason}, detail)
    chip = _running_chip(clock, clock.due_at, now, metric)
    if clock.due_set_at is not None:
        chip = replace(chip, detail=_("%(detail)s, set by hand") % {"detail": chip.detail})
    return chip


def _running_chip(clock: Clock | Owed, due_at: datetime, now: datetime, metric: str) -> Chip:
    words = {"metric": metric, "time": clock_time(due_at, now)}
    span = time_words(_coarse(distance(due_at, now, clock)), working=clock.target_working)
    if due_at < now:
        return Chip("late", _("%(time)s late") % {"time": span}, _("%(metric)s, due %(time)s") % words)
    weight = "warn" if clock.warn_at and clock.warn_at <= now else "plain"
    return Chip(weight, _("%(time)s left") % {"time": span}, _("%(metric)s by %(time)s") % words)


def _coarse(span: timedelta) -> timedelta:
    """From a day on the minutes are left out: nobody decides by them, and the eye reads faster."""
    return span if span < timedelta(days=1) else timedelta(hours=span // timedelta(hours=1))


def distance(due_at: datetime, now: datetime, clock: Clock | Owed) -> timedelta:
    """From now to the due time or back, in the time that the promise counts."""
    start, end = (due_at, now) if due_at < now else (now, due_at)
    if not clock.target_working or clock.calendar_version_id is None:
        return end - start
    return BOOK.calendar(clock.calendar_version_id).between(start, end)


# --- the ticket ---------------------------------------------------------------------------------------


def clocks_of(
    ticket: Ticket, events: list[Event], now: datetime | None = None, known: Versions = ({}, {})
) -> list[ClockView]:
    """The ticket's promises as its events now stand: of each metric the newest clock that owes something, and
    every open one, to which a deadline may be given. One query, for versions that are not `known`."""
    now = now or timezone.now()
    newest: dict[str, Reading] = {}
    for reading in fold(ticket.pk, events).readings:
        if reading.metric in ASIDES:
            continue
        if reading.state != "cancelled" and (reading.target or reading.due_at or reading.is_open):
            newest[reading.metric] = reading
    first = newest.get("first_response")
    reply = newest.get("next_response")
    if reply is not None and (not reply.is_open or (first is not None and first.is_open)):
        newest.pop("next_response")
    sources = sources_of(newest.values(), events, known)
    owing = [reading for reading in newest.values() if reading.target or reading.due_at]
    shown = {reading.metric for reading in sorted(owing, key=_urgency)[:MOST_CHIPS]}
    views = []
    for metric in filter(newest.__contains__, METRIC_WORDS):
        views.append(replace(_view(newest[metric], now, sources), is_urgent=metric in shown))
    return views


def sources_in(views: list[ClockView]) -> list[tuple[str, Source]]:
    """Which versions the clocks follow: one source where they agree, else each with the clocks' names."""
    found: dict[Source, list[str]] = {}
    for view in views:
        found.setdefault(view.source, []).append(view.name)
    if len(found) == 1:
        return [("", source) for source in found]
    return [(", ".join(names), source) for source, names in found.items()]


def _urgency(reading: Reading) -> tuple[bool, bool, datetime]:
    """What runs before what is paused before what is over, each by its due time."""
    return (not reading.is_open, reading.due_at is None, reading.due_at or reading.started_at)


def _view(reading: Reading, now: datetime, sources: Sources) -> ClockView:
    metric = str(METRIC_WORDS[reading.metric])
    working = reading.target is None or reading.target.working
    told = ledger.explain(reading, now)
    used = time_words(reading.consumed(now), working=working)
    target = reading.target
    of = {"used": used, "target": time_words(target.amount, working=working) if target else ""}
    view = ClockView(
        metric=reading.metric,
        name=metric,
        source=_source(reading, sources),
        sentence=sentence(told, sources),
        target=target_words(target) if target else _("no target"),
        used=_("%(used)s of %(target)s") % of if target else used,
        due_words=_("Due %(time)s") % {"time": clock_time(reading.due_at, now)} if reading.due_at else "",
        by_hand=hand_words(reading, sources),
        due_input=f"{timezone.localtime(reading.due_at):%Y-%m-%dT%H:%M}" if reading.due_at else "",
        is_open=reading.is_open,
        lines=_lines(told, sources),
        bar=_bar(told),
    )
    if not (target or reading.due_at):
        return view
    weight, text, short, detail = _said(reading, now, metric, working)
    detail = ", ".join(filter(None, (detail, view.by_hand if reading.is_open else "")))
    return replace(view, weight=weight, text=text, short=short, detail=detail)


def _said(reading: Reading, now: datetime, metric: str, working: bool) -> tuple[str, str, str, str]:
    """Weight, text, its short form and detail."""
    left = reading.remaining(now) or timedelta(0)
    due = clock_time(reading.due_at, now) if reading.due_at else ""
    over = time_words(reading.overrun(now), working=working)
    words = {"metric": metric, "time": time_words(left, working=working), "due": due, "over": over}
    is_late = reading.breached_at is not None or bool(
        reading.due_at and reading.due_at < (reading.stopped_at or now)
    )
    if reading.state == FULFILLED:
        words["used"] = time_words(reading.consumed(now), working=working)
        if is_late:
            return "was-late", _("%(metric)s was %(over)s late") % words, _("%(over)s late") % words, ""
        return "met", _("%(metric)s met in %(used)s") % words, _("met in %(used)s") % words, ""
    if reading.state == PAUSED:
        words["reason"] = str(PAUSE_WORDS.get(reading.pause_reason, reading.pause_reason))
        short = (_("%(over)s late") if is_late else _("%(time)s left")) % words
        return "paused", _("%(metric)s paused: %(reason)s") % words, short, short
    if is_late:
        text, short = _("%(metric)s %(over)s late") % words, _("%(over)s late") % words
        return "late", text, short, _("was due %(due)s") % words
    weight = "warn" if reading.warn_at and reading.warn_at <= now else "plain"
    return weight, _("%(metric)s by %(due)s, in %(time)s") % words, _("%(time)s left") % words, ""


def _source(reading: Reading, sources: Sources) -> Source:
    calendar = sources.calendars.get(reading.calendar_version or 0)
    return Source(
        sources.policies.get(reading.policy_version or 0),
        calendar,
        BOOK.calendar(reading.calendar_version).spec.timezone
        if reading.calendar_version and calendar
        else "",
        str(PRIORITY_WORDS.get(reading.priority, "")),
    )


# --- the ledger ---------------------------------------------------------------------------------------

GLYPHS = {ledger.COUNTED: "clock", ledger.CLOSED: "moon", ledger.WAITED: "pause", ledger.OVER: "alert"}
CLOSED_SHARE = timedelta(minutes=30)
"""As what a closed stretch counts in the bar, whose purpose is the rest; the lines are the measure."""
BAR = 1000  # units of the bar's width
GAP = 4


def _lines(told: ledger.Ledger, sources: Sources) -> tuple[Line, ...]:
    return tuple(
        Line(
            one.start,
            GLYPHS[one.kind],
            one.kind,
            stretch_words(one, told, sources),
            one.spent // MINUTE * MINUTE,
        )
        for one in told.stretches
    )


def _bar(told: ledger.Ledger) -> tuple[tuple[str, int, int], ...]:
    """The life of the clock as (kind, start, width) in parts of BAR, what is left at its end."""
    parts = [(one.kind, CLOSED_SHARE if one.kind == ledger.CLOSED else one.spent) for one in told.stretches]
    if told.reading.is_open and told.remaining and told.remaining > timedelta(0):
        parts.append(("left", told.remaining))
    whole = sum((length for _kind, length in parts), timedelta(0)) or timedelta(seconds=1)
    bar, at = [], 0
    for kind, length in parts:
        width = max(12, round(length / whole * BAR))
        bar.append((kind, at, width))
        at += width + GAP
    return tuple((kind, round(start * BAR / at), round(width * BAR / at)) for kind, start, width in bar)
