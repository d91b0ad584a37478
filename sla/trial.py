"""Trying policies on a ticket that does not exist: which one would take it, when its clocks would be due.

The clocks are folded by `sla.measure` from the events that such a ticket would have, so a trial cannot
promise anything that a real ticket would not get.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sla import queries
from sla.calendar import WorkingCalendar
from sla.matching import refusing
from sla.measure import Reading, RuleBook, measure
from sla.models import Policy
from sla.rules import METRICS, Rules, parse_rules

Known = Mapping[str, Collection[Any]]
"""What is known of the ticket, per field of `sla.matching` its values."""


@dataclass(frozen=True)
class Candidate:
    """A policy that may take a ticket, saved or not (`policy` is then None or only its place counts)."""

    name: str
    conditions: Sequence[Mapping[str, Any]]
    rules: Rules
    calendar: WorkingCalendar
    policy: Policy | None = None


@dataclass(frozen=True)
class _Happened:
    """An event of the ticket that does not exist."""

    seq: int
    kind: str
    at: datetime
    data: Mapping[str, Any]
    actor_id: int | None = None


@dataclass(frozen=True)
class Due:
    """One clock of the ticket. `reading` is None where nothing is promised; `later`: it starts only when the
    customer writes again after our first reply, and both are taken to happen at the opening."""

    metric: str
    reading: Reading | None
    later: bool = False


@dataclass(frozen=True)
class Trial:
    """`refused` are the policies asked in vain, each with the condition that did not hold."""

    refused: list[tuple[Candidate, Mapping[str, Any]]]
    taken: Candidate | None
    dues: list[Due] = field(default_factory=list)


def candidates() -> list[Candidate]:
    """The active policies as they stand, in the order in which they are asked; two queries."""
    calendars = {calendar.pk: version.compiled for calendar, version in queries.calendars_with_versions()}
    return [
        Candidate(policy.name, version.conditions, version.rules, calendars[policy.calendar_id], policy)
        for policy, version in queries.policies_with_versions()
        if policy.is_active
    ]


def draft(name: str, spec: Mapping[str, Any], calendar: WorkingCalendar, policy: Policy | None) -> Candidate:
    """A candidate that is not saved. Raises `PolicyError`."""
    rules = parse_rules({key: value for key, value in spec.items() if key != "conditions"})
    return Candidate(name, spec.get("conditions") or [], rules, calendar, policy)


def with_draft(saved: Iterable[Candidate], drafted: Candidate) -> list[Candidate]:
    """The list with a draft in the place of its policy; a new one stands where saving would put it: before
    the first that takes every ticket if it has conditions, else last."""
    found = list(saved)
    for place, each in enumerate(found):
        if drafted.policy is not None and each.policy == drafted.policy:
            return [*found[:place], drafted, *found[place + 1 :]]
    place = next((n for n, each in enumerate(found) if not each.conditions), len(found))
    place = place if drafted.conditions else len(found)
    return [*found[:place], drafted, *found[place:]]


def try_ticket(asked: Iterable[Candidate], known: Known, opened_at: datetime) -> Trial:
    """Which of the policies takes a ticket like this that a customer opens at `opened_at`, and its clocks."""
    refused: list[tuple[Candidate, Mapping[str, Any]]] = []
    for candidate in asked:
        condition = refusing(candidate.conditions, known)
        if condition is None:
            return Trial(refused, candidate, dues(candidate, known, opened_at))
        refused.append((candidate, condition))
    return Trial(refused, None)


def dues(candidate: Candidate, known: Known, opened_at: datetime) -> list[Due]:
    """When each promised clock is due for a ticket that a customer opens; metrics without a target are left
    out."""
    priority = next(iter(known.get("priority", ())), 2)
    opened = {"status": "new", "priority": priority, "spoke_first": "customer", "human": True, "message": 1}
    applied = {"policy_version": 1, "calendar_version": 1}
    facts = [
        _Happened(1, "ticket.opened", opened_at, opened),
        _Happened(2, "sla.applied", opened_at, applied),
    ]
    more = [
        _Happened(3, "ticket.replied", opened_at, {"by": "agent", "human": True, "message": 2}),
        _Happened(4, "ticket.replied", opened_at, {"by": "customer", "human": True, "message": 3}),
    ]
    book = RuleBook(rules=lambda _version: candidate.rules, calendar=lambda _version: candidate.calendar)
    at_once = {each.metric: each for each in measure(facts, book)}
    later = {each.metric: each for each in measure([*facts, *more], book)}
    found = []
    for metric in METRICS:
        if candidate.rules.target(metric, priority) is None:
            continue
        reading = at_once.get(metric)
        found.append(Due(metric, reading or later.get(metric), later=reading is None))
    return found
