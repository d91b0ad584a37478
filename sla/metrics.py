"""What happens on a ticket, as the clocks hear it, and which clock listens to what. Pure.

A new metric is a row in `METRICS`; the fold in `sla/measure.py` does not change for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto
from typing import Any, Protocol

from sla.rules import NO_POLICY, RECOVERY, Rules, Switches, Target

ENDED = frozenset({"resolved", "closed"})


class Fact(Protocol):
    """A ticket's event, as stored; instants are aware UTC."""

    @property
    def seq(self) -> int | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def actor_id(self) -> int | None: ...


class Signal(StrEnum):
    """What a clock may start, stop or pause on."""

    OPENED = auto()
    CUSTOMER_SPOKE = auto()
    ANSWERED = auto()  # a public message of a human agent that was not taken back and did not bounce
    NOTED = auto()  # a person's note to the team
    MOVED = auto()  # into another status in which the ticket is still open
    RESOLVED = auto()
    REOPENED = auto()
    CASE_OPENED = auto()  # somebody was let down and is to hear from us
    CASE_CONTACTED = auto()  # everybody who was has heard from us
    CASE_CLOSED = auto()  # nobody is left who is to hear from us
    MERGED = auto()  # another ticket stands for this one, it is spam or deleted: nothing is promised any more


@dataclass
class Life:
    """What the fold knows of the ticket at one instant."""

    status: str = "new"
    priority: int = 2
    team: int | None = None
    assignee: int | None = None
    requester: int | None = None
    spoke_first: str = "customer"
    awaiting_since: datetime | None = None  # the oldest customer message without an answer
    answer_lost: bool = False  # an answer since then was taken back or reached nobody
    imported: bool = False  # written down long after it was opened
    is_spam: bool = False  # closed as no request: nothing of it counts
    is_deleted: bool = False  # out of everybody's sight: nothing of it counts
    spoke_after_end: bool = False  # the customer wrote on a resolved or closed ticket
    rules: Rules = NO_POLICY
    policy_version: int | None = None
    calendar_version: int | None = None
    uncontacted: set[int] = field(default_factory=set)  # recovery cases whose customer has not heard from us
    open_metrics: set[str] = field(default_factory=set)  # metrics with a running or paused clock

    @property
    def switches(self) -> Switches:
        return self.rules.switches

    def target(self, metric: str) -> Target | None:
        """What is promised as the ticket stands now."""
        if self.imported and self.switches.imported == "measure":
            return None
        return self.rules.target(metric, self.priority)


@dataclass(frozen=True)
class Metric:
    """One kind of promise: when its clock starts, what stops it, voids it and takes it up again."""

    name: str
    begins: Callable[[Signal, Life], bool]
    stops: Callable[[Signal, Life], bool]
    voids: Callable[[Signal, Life], bool]
    resumes: Callable[[Signal, Life], bool]
    repeats: bool = False  # several instances, one after the other
    is_reply: bool = False  # kept by our word; a resolution voids it, and who spoke is credited
    waits: bool = False  # somebody waits for us: may not pause while a customer's message is unanswered
    counts_resolved: Callable[[Life], bool] = lambda life: False  # the time between ending and reopening
    only_with: str = ""  # the kind of event without which there is none
    credits_actor: bool = False  # who stopped it is credited

    @property
    def is_aside(self) -> bool:
        """It is no promise of the ticket itself: what becomes of the ticket does not touch it."""
        return bool(self.only_with)


def _reply_stops(signal: Signal, life: Life) -> bool:
    if signal is Signal.RESOLVED:
        return life.switches.resolved_unanswered == "answer"
    moved_away = signal is Signal.MOVED and life.status in {"waiting", "on_hold"}
    if signal is Signal.NOTED:
        return life.switches.note_answers
    return signal is Signal.ANSWERED or (moved_away and life.switches.status_move_answers)


def _reply_voids(signal: Signal, life: Life) -> bool:
    # An answer that went out with the resolution and was lost leaves the customer waiting as before.
    if life.answer_lost:
        return False
    return signal is Signal.RESOLVED and life.switches.resolved_unanswered == "cancel"


def _reply_resumes(signal: Signal, life: Life) -> bool:
    # Staff took the resolution back: the message that nobody answered is still unanswered. Where the customer
    # reopened, the new message has a clock of its own and what was settled stays settled.
    return signal is Signal.REOPENED and life.awaiting_since is not None and not life.spoke_after_end


def _first_response_begins(signal: Signal, life: Life) -> bool:
    if life.spoke_first == "customer":
        return signal is Signal.OPENED and life.awaiting_since is not None
    if life.switches.agent_opened == "start":
        return signal is Signal.OPENED
    return signal is Signal.CUSTOMER_SPOKE and life.switches.agent_opened == "first_customer_message"


def _next_response_begins(signal: Signal, life: Life) -> bool:
    answered_once = "first_response" not in life.open_metrics
    return signal is Signal.CUSTOMER_SPOKE and (answered_once or life.switches.next_response_overlaps_first)


def _update_begins(signal: Signal, life: Life) -> bool:
    if life.status in ENDED:
        return False
    told_at_opening = signal is Signal.OPENED and life.spoke_first == "agent"
    return signal is Signal.ANSWERED or told_at_opening


def _update_resumes(signal: Signal, life: Life) -> bool:
    # Where the customer reopened, their message has a clock of its own; news is owed again after its answer.
    return signal is Signal.REOPENED and not life.spoke_after_end


def _from_opening(switch: str | None) -> Callable[[Signal, Life], bool]:
    """Starts with the ticket, whoever opened it; with each reopening as well where the switch says so."""

    def begins(signal: Signal, life: Life) -> bool:
        if signal is Signal.REOPENED:
            return switch is not None and getattr(life.switches, switch) == "restart"
        return signal is Signal.OPENED

    return begins


def _taken_up(switch: str | None) -> Callable[[Signal, Life], bool]:
    def resumes(signal: Signal, life: Life) -> bool:
        goes_on = switch is None or getattr(life.switches, switch) == "continue"
        return signal is Signal.REOPENED and goes_on

    return resumes


def _settled(signal: Signal, life: Life) -> bool:
    return signal is Signal.RESOLVED and not _discarded(signal, life)


def _discarded(signal: Signal, life: Life) -> bool:
    straight = signal is Signal.RESOLVED and life.status == "closed"
    return straight and life.switches.closed_unresolved == "cancel"


def _lasting(name: str, switch: str | None, **more: Any) -> Metric:
    """A clock over the ticket's life, from its opening to its resolution."""
    return Metric(
        name,
        begins=_from_opening(switch),
        stops=_settled,
        voids=_discarded,
        resumes=_taken_up(switch),
        repeats=True,
        **more,
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        "first_response",
        begins=_first_response_begins,
        stops=_reply_stops,
        voids=_reply_voids,
        resumes=_reply_resumes,
        is_reply=True,
        waits=True,
    ),
    Metric(
        "next_response",
        begins=_next_response_begins,
        stops=_reply_stops,
        voids=_reply_voids,
        resumes=_reply_resumes,
        repeats=True,
        is_reply=True,
        waits=True,
    ),
    Metric(
        "periodic_update",
        begins=_update_begins,
        stops=lambda signal, life: signal is Signal.ANSWERED,
        voids=lambda signal, life: signal is Signal.RESOLVED,
        resumes=_update_resumes,
        repeats=True,
        is_reply=True,
        waits=True,
    ),
    _lasting("requester_wait", "reopened_totals", waits=True),
    _lasting("agent_work", "reopened_totals"),
    _lasting("resolution", "reopened_resolution"),
    _lasting("total_resolution", None, counts_resolved=lambda life: life.switches.resolved_time_counts),
    Metric(
        RECOVERY,
        begins=lambda signal, life: signal is Signal.CASE_OPENED,
        stops=lambda signal, life: signal is Signal.CASE_CONTACTED,
        voids=lambda signal, life: signal is Signal.CASE_CLOSED,
        resumes=lambda signal, life: False,
        repeats=True,
        only_with="case.opened",
        credits_actor=True,
    ),
)
REPLIES = frozenset(metric.name for metric in METRICS if metric.is_reply)
CREDITS_ACTOR = frozenset(metric.name for metric in METRICS if metric.is_reply or metric.credits_actor)
ASIDES = frozenset(metric.name for metric in METRICS if metric.is_aside)
"""Promises that are told, listed and explained elsewhere than with those of the ticket."""


RELEVANT = frozenset(
    {
        "ticket.opened",
        "ticket.replied",
        "ticket.carried",
        "ticket.noted",
        "message.withdrawn",
        "delivery.failed",
        "delivery.recovered",
        "ticket.resolved",
        "ticket.reopened",
        "ticket.closed",
        "ticket.set_waiting",
        "ticket.put_on_hold",
        "ticket.set_open",
        "ticket.assigned",
        "ticket.prioritized",
        "ticket.moved",
        "ticket.requester_changed",
        "ticket.merged",
        "ticket.marked_spam",
        "ticket.unmarked_spam",
        "ticket.deleted",
        "ticket.restored",
        "sla.applied",
        "sla.deadline_set",
        "sla.deadline_released",
        "case.opened",
        "case.contacted",
        "case.closed",
    }
)
"""The kinds that the fold reads; all others change no clock."""


NO_SPAM = frozenset({"ticket.unmarked_spam", "ticket.reopened"})
"""After these a ticket that was closed as spam counts again, with all that was measured before."""


def lost_messages(facts: Iterable[Fact]) -> set[int]:
    """Messages that never counted: taken back, or refused for good by every way to the requester."""
    withdrawn: set[int] = set()
    failed: set[int] = set()
    for fact in facts:
        message = int(fact.data.get("message") or 0)
        if fact.kind == "message.withdrawn":
            withdrawn.add(message)
        elif fact.kind == "delivery.failed":
            failed.add(message)
        elif fact.kind == "delivery.recovered":
            failed.discard(message)
    return withdrawn | failed


def signals(fact: Fact, life: Life, lost: set[int]) -> Iterator[Signal]:
    """What one event means to the clocks, in order; `life` is moved along with it."""
    if fact.kind == "ticket.opened":
        yield from _opened(fact, life)
    elif fact.kind in ("ticket.replied", "ticket.carried"):
        yield from _replied(fact, life, lost)
    elif fact.kind == "ticket.noted" and fact.actor_id is not None:
        yield Signal.NOTED
    elif fact.kind in ("ticket.merged", "ticket.marked_spam", "ticket.deleted"):
        yield Signal.MERGED
    elif fact.kind.startswith("case."):
        yield from _of_case(fact, life, lost)
    yield from _gone_or_back(fact, life)
    life.is_spam = fact.kind == "ticket.marked_spam" or (life.is_spam and fact.kind not in NO_SPAM)
    if fact.kind == "ticket.prioritized":
        life.priority = fact.data["priority"][1]
    elif fact.kind == "ticket.moved":
        life.team = fact.data["team"][1]
    elif fact.kind == "ticket.assigned":
        life.assignee = fact.data["assignee"][1]
    elif fact.kind == "ticket.requester_changed":
        life.requester = fact.data["requester"][1]
    elif fact.kind != "ticket.opened":
        yield from _moved(fact, life)


def _gone_or_back(fact: Fact, life: Life) -> Iterator[Signal]:
    """Deleted and restored: to the clocks as if it had been resolved by us and reopened."""
    if fact.kind == "ticket.deleted":
        life.is_deleted, life.spoke_after_end = True, False
    elif fact.kind == "ticket.restored":
        life.is_deleted = False
        if life.status not in ENDED:
            yield Signal.REOPENED


def _of_case(fact: Fact, life: Life, lost: set[int]) -> Iterator[Signal]:
    """Several cases of a ticket share one clock: it runs until the last one has been dealt with. Words that
    were taken back or reached nobody were no contact."""
    case = int(fact.data["case"])
    if fact.kind == "case.opened":
        life.uncontacted.add(case)
        yield Signal.CASE_OPENED
    elif case in life.uncontacted and fact.data.get("message") not in lost:
        life.uncontacted.discard(case)
        if not life.uncontacted:
            yield Signal.CASE_CONTACTED if fact.kind == "case.contacted" else Signal.CASE_CLOSED


def _opened(fact: Fact, life: Life) -> Iterator[Signal]:
    data = fact.data
    life.status, life.priority = data.get("status", "new"), data.get("priority", 2)
    life.team, life.assignee = data.get("team"), data.get("assignee")
    life.requester = data.get("requester")
    life.spoke_first = data.get("spoke_first", "customer")
    life.imported = bool(data.get("imported"))
    # Nobody waits for an answer to a robot, unless the policy says so.
    heard = data.get("human", True) or life.switches.automatic_opened == "start"
    waits = life.spoke_first == "customer" and heard
    life.awaiting_since = fact.at if waits else None
    yield Signal.OPENED
    if waits and data.get("message"):
        yield Signal.CUSTOMER_SPOKE


def _replied(fact: Fact, life: Life, lost: set[int]) -> Iterator[Signal]:
    data = fact.data
    if data["by"] == "customer":
        if life.status in ENDED:
            life.spoke_after_end, life.awaiting_since = True, None
        life.awaiting_since = life.awaiting_since or fact.at
        yield Signal.CUSTOMER_SPOKE
    elif _counts_as_answer(data, life.switches):
        if data.get("message") in lost:
            life.answer_lost = True
            return
        if "only" not in data:  # imports may know of an answer to one promise alone
            life.awaiting_since, life.answer_lost = None, False
        yield Signal.ANSWERED


def _counts_as_answer(data: Mapping[str, Any], switches: Switches) -> bool:
    """Whether a public message of ours is an answer: by default of a person, whichever account they used."""
    if data["by"] == "bot" or not data.get("human", True):
        return switches.automatic_answers
    return switches.shared_answers or not data.get("shared", False)


def _moved(fact: Fact, life: Life) -> Iterator[Signal]:
    if "status" not in fact.data:
        if fact.kind == "ticket.resolved":  # a resolution noted without a move, as imports know it
            yield Signal.RESOLVED
        return
    old, life.status = life.status, fact.data["status"][1]
    if life.status in ENDED:
        if old not in ENDED:
            life.spoke_after_end = False
            yield Signal.RESOLVED
    elif old in ENDED:
        yield Signal.REOPENED
    elif life.status != old:
        yield Signal.MOVED
