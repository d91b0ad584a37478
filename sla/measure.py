"""One fold of a ticket's events into what its clocks read. Pure.

Live clocks, the worker, the rebuild and the replay all come here, so they cannot disagree. The fold reads the
events in their order, listens through `sla/metrics.py` and counts through `sla/calendar.py`:

* consumed = the sum of working time (or calendar time, as the target says) over the intervals in which the
  clock ran; while it runs, due = that instant at which what is left of the target has passed;
* a change of priority, policy or calendar keeps what is consumed and gives what is left a new measure;
* a clock still running after its due time is breached at its due time, whoever notices and when;
* a message that was taken back or reached nobody never stopped anything;
* a deadline set by hand holds whatever status, priority and policy do, until it is released: such a clock
  runs towards it also while a status keeps it from counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sla.calendar import WorkingCalendar, compile_calendar
from sla.calendar_spec import WEEKDAYS
from sla.metrics import METRICS, RELEVANT, Fact, Life, Metric, Signal, lost_messages, signals
from sla.rules import NO_POLICY, Rules, Target

ZERO = timedelta(0)
NEVER_HEARD = datetime.min.replace(tzinfo=UTC)
ALWAYS = compile_calendar({"timezone": "UTC", "hours": {day: [["00:00", "24:00"]] for day in WEEKDAYS}})
"""Counts where no calendar was applied."""

RUNNING, PAUSED, FULFILLED, CANCELLED = "running", "paused", "fulfilled", "cancelled"


@dataclass(frozen=True)
class RuleBook:
    """Where the fold finds policy and calendar versions by id; both are immutable."""

    rules: Callable[[int], Rules]
    calendar: Callable[[int], WorkingCalendar]


@dataclass(frozen=True)
class ByHand:
    """A deadline that somebody set: until when, who (None: the system), when, and by which event."""

    due_at: datetime
    by: int | None
    set_at: datetime
    seq: int | None


@dataclass
class Span:
    """A stretch of a clock's life in which nothing about its counting changed.

    `reason` is why a paused stretch is paused (a status), `start_seq` the event that began it. `working` is
    what a running stretch consumed in its calendar. `running` says whether it counted.
    """

    start: datetime
    end: datetime | None
    running: bool
    reason: str
    start_seq: int | None
    calendar: WorkingCalendar
    calendar_version: int | None
    target: Target | None
    policy_version: int | None = None
    by_hand: ByHand | None = None
    working: timedelta = ZERO


@dataclass(frozen=True)
class Measure:
    """Working time of a calendar, or calendar time."""

    calendar: WorkingCalendar
    working: bool

    def between(self, start: datetime, end: datetime) -> timedelta:
        return self.calendar.between(start, end) if self.working else end - start

    def add(self, at: datetime, amount: timedelta) -> datetime:
        return self.calendar.add(at, amount) if self.working else at + amount


@dataclass
class Reading:
    """What one clock (metric, instance) reads. Instants are aware UTC.

    While paused `due_at` is None: it is not settled before the clock runs again. A clock whose deadline was
    set by hand is never paused, but counts nothing while a status pauses it (`pause_reason`, `paused_at`).
    For a clock that ended it is the due time that was in force (or would have been, had it run on from
    there). `elapsed_working` and `elapsed_calendar` are the time spent running up to the last change of state
    (for an ended clock: in all).
    """

    metric: str
    instance: int
    started_at: datetime
    state: str = RUNNING
    started_seq: int | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    paused_at: datetime | None = None
    pause_reason: str = ""
    stopped_at: datetime | None = None
    stopped_seq: int | None = None
    stopped_by_message: int | None = None
    stopped_by: int | None = None
    team: int | None = None
    assignee: int | None = None
    requester: int | None = None
    priority: int = 2
    breached_at: datetime | None = None
    target: Target | None = None
    policy_version: int | None = None
    calendar_version: int | None = None
    elapsed_working: timedelta = ZERO
    elapsed_calendar: timedelta = ZERO
    by_hand: ByHand | None = None
    is_measured: bool = True  # a policy in force during its life measures this metric
    spans: list[Span] = field(default_factory=list)

    @property
    def promise(self) -> Measure:
        """How the target counts; in working time where there is none."""
        return Measure(
            self.spans[-1].calendar if self.spans else ALWAYS, self.target is None or self.target.working
        )

    @property
    def is_open(self) -> bool:
        return self.state in (RUNNING, PAUSED)

    @property
    def running_since(self) -> datetime | None:
        """When the stretch began that still runs; None while nothing is counted."""
        span = self.spans[-1] if self.spans else None
        return span.start if span and span.running and span.end is None else None

    def elapsed(self, now: datetime, *, working: bool) -> timedelta:
        """Time spent running, up to `now` for a clock that runs."""
        done = self.elapsed_working if working else self.elapsed_calendar
        since = self.running_since
        if since is None or now <= since:
            return done
        return done + (self.spans[-1].calendar.between(since, now) if working else now - since)

    def consumed(self, now: datetime) -> timedelta:
        """What the target counts."""
        return self.elapsed(now, working=self.target.working if self.target else True)

    def remaining(self, now: datetime) -> timedelta | None:
        """What is left of the target; negative when it is used up, None without a target. With a deadline set
        by hand the time up to it, in the same measure."""
        if self.by_hand is not None:
            return self.promise.between(now, self.by_hand.due_at)
        return None if self.target is None else self.target.amount - self.consumed(now)

    def overrun(self, now: datetime) -> timedelta:
        """Time over the target, frozen when the clock ended."""
        left = self.remaining(now)
        return -left if left is not None and left < ZERO else ZERO


def measure(facts: Iterable[Fact], book: RuleBook, until: datetime | None = None) -> list[Reading]:
    """Fold a ticket's events, in the order of their sequence numbers, into its readings.

    Of a ticket that is spam or deleted there are none. A clock that still runs counts as breached if its due
    time lies before `until`, by default the instant of the last event that matters.
    """
    relevant = [_in_utc(fact) for fact in facts if fact.kind in RELEVANT]
    fold = _Fold(book, lost_messages(relevant), _metrics_of(relevant, book))
    # The policy is applied in answer to the opening, and its switches decide what the opening starts.
    applied = next((fact for fact in relevant if fact.kind == "sla.applied"), None)
    if applied is not None and applied.at == relevant[0].at:
        fold.apply(applied)
    for fact in relevant:
        fold.hear(fact)
    if relevant:
        fold.look_at(until or fold.heard_at)
    if fold.life.is_spam or fold.life.is_deleted:
        return []
    return [reading for reading in fold.readings if reading.is_measured]


def _in_utc(fact: Fact) -> Fact:
    """The fact with its instant in UTC: between two instants of one local zone Python reckons by the clock on
    the wall, which is an hour off over a change of clocks. Rows of the database are in UTC already."""
    if fact.at.tzinfo is UTC:
        return fact
    moved = copy(fact)
    object.__setattr__(moved, "at", fact.at.astimezone(UTC))
    return moved


def _metrics_of(facts: list[Fact], book: RuleBook) -> list[Metric]:
    """The metrics that some policy of the ticket's life measures.

    They are followed from the opening on, so that a promise made later finds what is consumed already.
    """
    wanted = set(NO_POLICY.measured)
    for fact in facts:
        if fact.kind == "sla.applied" and (version := fact.data.get("policy_version")) is not None:
            wanted |= book.rules(version).measured
    kinds = {fact.kind for fact in facts}
    return [
        metric
        for metric in METRICS
        if metric.name in wanted and (not metric.only_with or metric.only_with in kinds)
    ]


class _Fold:
    def __init__(self, book: RuleBook, lost: set[int], metrics: list[Metric]) -> None:
        self.book = book
        self.lost = lost
        self.heard_at = NEVER_HEARD
        self.metrics = metrics
        self.life = Life()
        self.calendar = ALWAYS
        self.readings: list[Reading] = []
        self._held: dict[str, Reading] = {}  # the newest reading of each metric

    # --- listening ------------------------------------------------------------------------------------

    def hear(self, fact: Fact) -> None:
        if fact.kind == "ticket.noted" and not self.life.switches.note_answers:
            return  # nothing happened to the clocks, not even that time went on
        self.heard_at = fact.at
        if fact.kind == "sla.applied":
            self.apply(fact)
        elif fact.kind in ("sla.deadline_set", "sla.deadline_released"):
            self._fix(fact)
        only = fact.data.get("only")
        for signal in signals(fact, self.life, self.lost):
            for metric in self.metrics:
                if only is None or metric.name in only:
                    self._tell(metric, signal, fact)
        for metric in self.metrics:
            self._follow(metric, fact)

    def apply(self, fact: Fact) -> None:
        """Count by the versions that the event names from now on."""
        policy, calendar = fact.data.get("policy_version"), fact.data.get("calendar_version")
        self.life.rules = self.book.rules(policy) if policy is not None else NO_POLICY
        self.life.policy_version, self.life.calendar_version = policy, calendar
        self.calendar = self.book.calendar(calendar) if calendar is not None else ALWAYS
        for metric, reading in self._held.items():
            if reading.is_open and metric in self.life.rules.measured:
                reading.is_measured = True

    def _fix(self, fact: Fact) -> None:
        """Set or release a deadline. A lost answer may have joined instances: it is the open one's."""
        reading = self._held.get(fact.data["metric"])
        if reading is None or not reading.is_open:
            return
        reading.by_hand = None
        if fact.kind == "sla.deadline_set":
            due_at = fact.data["due_at"]
            if isinstance(due_at, str):
                due_at = datetime.fromisoformat(due_at)
            reading.by_hand = ByHand(due_at, fact.actor_id, fact.at, fact.seq)

    def _tell(self, metric: Metric, signal: Signal, fact: Fact) -> None:
        life, reading = self.life, self._held.get(metric.name)
        if reading is not None and reading.is_open:
            gone = signal is Signal.MERGED and not metric.is_aside
            if signal is not Signal.MERGED and metric.stops(signal, life):
                self._end(reading, fact, FULFILLED)
            elif gone or metric.voids(signal, life):
                self._end(reading, fact, CANCELLED)
        elif reading is not None and self._resumes(metric, reading, signal):
            self._resume(metric, reading, fact)
        reading = self._held.get(metric.name)
        may_begin = reading is None or (metric.repeats and not reading.is_open)
        if may_begin and metric.begins(signal, life):
            self._begin(metric, fact)

    def _resumes(self, metric: Metric, reading: Reading, signal: Signal) -> bool:
        if reading.state == CANCELLED and not metric.is_reply:  # what did not count never ended either
            return signal is Signal.REOPENED and not metric.is_aside
        is_answered = metric.is_reply and reading.state == FULFILLED
        return not is_answered and metric.resumes(signal, self.life)

    def _follow(self, metric: Metric, fact: Fact) -> None:
        """Let an open clock pause, run on or count anew as the ticket now stands."""
        reading = self._held.get(metric.name)
        if reading is None or not reading.is_open:
            return
        life = self.life
        reason = self._pause_reason(metric)
        target = life.target(metric.name)
        span = reading.spans[-1]
        unchanged = (
            span.end is None
            and span.running == (not reason)
            and span.reason == reason
            and span.target == target
            and span.calendar_version == life.calendar_version
            and span.policy_version == life.policy_version
            and span.by_hand is reading.by_hand
        )
        reading.team, reading.assignee, reading.priority = life.team, life.assignee, life.priority
        reading.policy_version, reading.calendar_version = life.policy_version, life.calendar_version
        if not unchanged:
            self._close_span(reading, fact.at)
            self._open_span(reading, fact, reason, target)
            self._schedule(reading, fact.at)

    def _pause_reason(self, metric: Metric) -> str:
        life = self.life
        if life.status not in life.rules.pauses.get(metric.name, frozenset()):
            return ""
        waits = metric.waits and life.awaiting_since is not None
        return "" if waits and not life.switches.pause_unanswered else life.status

    # --- the life of one clock --------------------------------------------------------------------------

    def _begin(self, metric: Metric, fact: Fact) -> None:
        life = self.life
        previous = self._held.get(metric.name)
        reading = Reading(
            metric.name,
            previous.instance + 1 if previous else 1,
            started_at=fact.at,
            started_seq=fact.seq,
            team=life.team,
            assignee=life.assignee,
            priority=life.priority,
            policy_version=life.policy_version,
            calendar_version=life.calendar_version,
            is_measured=metric.name in life.rules.measured,
        )
        self.readings.append(reading)
        self._held[metric.name] = reading
        life.open_metrics.add(metric.name)
        target = life.target(metric.name)
        self._open_span(reading, fact, self._pause_reason(metric), target)
        self._schedule(reading, fact.at)

    def _end(self, reading: Reading, fact: Fact, state: str) -> None:
        life = self.life
        self._close_span(reading, fact.at)
        if reading.state == PAUSED:
            self._schedule(reading, fact.at, as_if_running=True)
        reading.state, reading.stopped_at, reading.stopped_seq = state, fact.at, fact.seq
        reading.warn_at = reading.paused_at = None
        reading.pause_reason = ""
        reading.stopped_by, reading.stopped_by_message = fact.actor_id, fact.data.get("message")
        reading.team, reading.assignee, reading.priority = life.team, life.assignee, life.priority
        reading.requester = life.requester
        life.open_metrics.discard(reading.metric)

    def _resume(self, metric: Metric, reading: Reading, fact: Fact) -> None:
        """Take up a clock that had ended; the time between is paused by the resolution, unless it counts."""
        ended_at, ended_seq = reading.stopped_at or fact.at, reading.stopped_seq or fact.seq
        version = self.life.calendar_version
        reason = "deleted" if fact.kind == "ticket.restored" else "resolved"
        gap = Span(ended_at, fact.at, False, reason, ended_seq, self.calendar, version, reading.target)
        gap.policy_version = self.life.policy_version
        if metric.counts_resolved(self.life):
            gap.running, gap.reason = True, ""
            gap.working = gap.calendar.between(gap.start, fact.at)
            reading.elapsed_working += gap.working
            reading.elapsed_calendar += fact.at - gap.start
        reading.spans.append(gap)
        reading.state = PAUSED
        reading.is_measured = reading.is_measured or metric.name in self.life.rules.measured
        reading.stopped_at = reading.stopped_seq = reading.stopped_by = reading.stopped_by_message = None
        self.life.open_metrics.add(reading.metric)

    def _open_span(self, reading: Reading, fact: Fact, reason: str, target: Target | None) -> None:
        version = self.life.calendar_version
        policy, by_hand = self.life.policy_version, reading.by_hand
        reading.target = target
        reading.spans.append(
            Span(fact.at, None, not reason, reason, fact.seq, self.calendar, version, target, policy, by_hand)
        )
        reading.state = PAUSED if reason and by_hand is None else RUNNING
        reading.paused_at, reading.pause_reason = (fact.at, reason) if reason else (None, "")

    def _close_span(self, reading: Reading, at: datetime) -> None:
        span = reading.spans[-1]
        if span.end is not None:
            return
        span.end = at
        self._note_breach(reading, at)
        if span.running:
            span.working = span.calendar.between(span.start, at)
            reading.elapsed_working += span.working
            reading.elapsed_calendar += at - span.start
        if span.end == span.start:
            reading.spans.pop()

    def _schedule(self, reading: Reading, at: datetime, *, as_if_running: bool = False) -> None:
        """Set due and warning for a clock that runs from `at` on."""
        target = reading.target
        reading.warn_at = None
        if reading.by_hand is not None:
            self._schedule_by_hand(reading, reading.by_hand, at)
            return
        if target is None or (reading.state == PAUSED and not as_if_running):
            reading.due_at = None
            return
        left = target.amount - (reading.elapsed_working if target.working else reading.elapsed_calendar)
        if reading.breached_at is not None and left <= ZERO:
            reading.due_at = reading.breached_at
            return
        reading.due_at = self._ahead(at, left, target) if left >= ZERO else at
        lead = self.life.rules.warning(reading.metric).before(target)
        if lead and reading.breached_at is None:
            reading.warn_at = self._ahead(at, max(left - lead, ZERO), target)

    def _schedule_by_hand(self, reading: Reading, by_hand: ByHand, at: datetime) -> None:
        reading.due_at = by_hand.due_at
        given = reading.promise.between(by_hand.set_at, by_hand.due_at)
        target = reading.target or Target(max(given, ZERO))
        lead = self.life.rules.warning(reading.metric).before(target)
        if lead and reading.breached_at is None:
            reading.warn_at = max(reading.promise.add(by_hand.due_at, -lead), at)

    def _ahead(self, at: datetime, amount: timedelta, target: Target) -> datetime:
        if not target.working:
            return at + amount
        due = self.calendar.add(at, amount)
        return self.calendar.next_open(due) if self.life.switches.due_at_closing == "opening" else due

    def _note_breach(self, reading: Reading, at: datetime) -> None:
        if reading.due_at is not None and reading.breached_at is None and at > reading.due_at:
            reading.breached_at = reading.due_at

    def look_at(self, now: datetime) -> None:
        for reading in self.readings:
            if reading.state == RUNNING:
                self._note_breach(reading, now)
