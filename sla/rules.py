"""What a policy version promises and how it counts: targets, pauses, warnings, named switches. Pure.

    {"targets": {"first_response": {"2": {"seconds": 14400, "basis": "working"}}, …},
     "pauses": {"resolution": ["waiting", "on_hold"]},
     "warnings": {"first_response": {"percent": 25}, "resolution": {"seconds": 3600}},
     "measures": ["agent_work"],
     "escalations": {"first_response": [{"seconds": 0, "tell": ["assignee"]}]},
     "switches": {"agent_opened": "first_customer_message"}}

Priorities are 1 low, 2 normal, 3 high, 4 urgent. What is left out keeps its documented default. First and
next response and resolution are measured on every ticket, and owe nothing where there is no target; the other
metrics are measured where the policy has a target for some priority or names them under `measures`.
Escalations are explained in `sla.escalations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _

from sla.errors import PolicyError
from sla.escalations import Level, default_levels, parse_levels

__all__ = [
    "METRICS",
    "NO_POLICY",
    "RECOVERY",
    "WORKING_DAY",
    "Lead",
    "PolicyError",
    "Rules",
    "Switches",
    "Target",
    "parse_rules",
]

METRICS = (
    "first_response",
    "next_response",
    "periodic_update",
    "requester_wait",
    "agent_work",
    "resolution",
    "total_resolution",
)
ALWAYS_MEASURED = frozenset({"first_response", "next_response", "resolution"})
RECOVERY = "recovery_contact"
"""The promise of a recovery case: whoever was let down hears from us. It is the same under every policy and
runs beside those of the ticket: no queue is ordered by it, no status pauses it, no level escalates it."""
PRIORITIES = (1, 2, 3, 4)
PAUSING = frozenset({"new", "open", "waiting", "on_hold"})
SHORTEST, LONGEST = timedelta(seconds=15), timedelta(days=5 * 366)


@dataclass(frozen=True)
class Target:
    """How long one metric may take, in working time of the calendar or in calendar time."""

    amount: timedelta
    working: bool = True


WORKING_DAY = Target(timedelta(hours=8))
"""One working day: eight hours of the calendar's working time."""


@dataclass(frozen=True)
class Lead:
    """How long before the due time people are warned: a share of the target or a fixed lead."""

    percent: int = 25
    lead: timedelta | None = None

    def before(self, target: Target) -> timedelta:
        """The lead in the target's own basis, never longer than the target."""
        wanted = self.lead if self.lead is not None else target.amount * self.percent / 100
        return min(wanted, target.amount)


@dataclass(frozen=True)
class Switches:
    """Every rule that products decide differently. The default is ours, the comment what the others do."""

    # Whose first word makes a first response due when an agent opened the ticket: nobody's ("inactive"), the
    # customer's first message ("first_customer_message"), or the opening itself ("start").
    agent_opened: str = "inactive"
    # Automatic mail that opens a ticket (alarms, forms): nobody waits for a reply ("inactive"), or the first
    # reply is owed as to anybody ("start").
    automatic_opened: str = "inactive"
    # Whether a public message of a program of ours counts as a reply.
    automatic_answers: bool = False
    # Whether a reply counts that came from an account which several people use.
    shared_answers: bool = True
    # Whether a note to the team counts as a reply.
    note_answers: bool = False
    # A ticket resolved although a customer's message is unanswered: the reply clock is void ("cancel"),
    # counts as answered ("answer"), or goes on ("keep").
    resolved_unanswered: str = "cancel"
    # Whether a move to waiting or on hold counts as a reply, even without a message.
    status_move_answers: bool = False
    # Whether a reply clock may pause while a customer's message is unanswered.
    pause_unanswered: bool = False
    # Whether the next-response clock runs from the first customer message on, beside the first response.
    next_response_overlaps_first: bool = False
    # Reopening leaves the resolution as it was ("keep": first resolution), takes it up again ("continue":
    # total resolution) or starts another one ("restart").
    reopened_resolution: str = "keep"
    # Reopening takes the requester's wait and the agents' work up again ("continue": one sum over the
    # ticket's life), leaves them as they were ("keep") or starts others ("restart").
    reopened_totals: str = "continue"
    # Whether the time in which a reopened ticket was taken for resolved counts in the total resolution.
    resolved_time_counts: bool = True
    # A ticket closed without having been resolved (spam, silence) counts as resolved ("resolve"), or its
    # clocks are not counted ("cancel").
    closed_unresolved: str = "resolve"
    # A ticket written down more than two days after it was opened, as imports are: its promises count as if
    # it had happened here ("count"), or it is measured and owes nothing ("measure").
    imported: str = "count"
    # A deadline that falls on closing time: that instant ("closing") or the next opening ("opening").
    due_at_closing: str = "closing"


_CHOICES = {
    "agent_opened": {"inactive", "first_customer_message", "start"},
    "automatic_opened": {"inactive", "start"},
    "resolved_unanswered": {"cancel", "answer", "keep"},
    "reopened_resolution": {"keep", "continue", "restart"},
    "reopened_totals": {"keep", "continue", "restart"},
    "closed_unresolved": {"resolve", "cancel"},
    "imported": {"count", "measure"},
    "due_at_closing": {"closing", "opening"},
}
# Reply clocks run only while somebody waits for an answer, so nothing pauses them by default. News is owed
# also while we wait for others ourselves, but not while the customer has to move. The wait and the work are
# defined by the statuses that they leave out; the total leaves out nothing.
DEFAULT_PAUSES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "first_response": frozenset(),
        "next_response": frozenset(),
        "periodic_update": frozenset({"waiting"}),
        "requester_wait": frozenset({"waiting"}),
        "agent_work": frozenset({"waiting", "on_hold"}),
        "resolution": frozenset({"waiting", "on_hold"}),
        "total_resolution": frozenset(),
    }
)


@dataclass(frozen=True)
class Rules:
    """One policy version, checked."""

    targets: Mapping[str, Mapping[int, Target]] = field(default_factory=dict)
    pauses: Mapping[str, frozenset[str]] = field(default_factory=lambda: DEFAULT_PAUSES)
    warnings: Mapping[str, Lead] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    measures: frozenset[str] = frozenset()

    @cached_property
    def measured(self) -> frozenset[str]:
        """The metrics whose clocks are kept: always measured, promised at some priority, or asked for."""
        promised = {metric for metric, by_priority in self.targets.items() if by_priority}
        return ALWAYS_MEASURED | {RECOVERY} | promised | self.measures

    escalations: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)

    def target(self, metric: str, priority: int) -> Target | None:
        """The target of a metric at a priority, or None where nothing is promised."""
        return WORKING_DAY if metric == RECOVERY else self.targets.get(metric, {}).get(priority)

    def warning(self, metric: str) -> Lead:
        return self.warnings.get(metric) or Lead()

    def levels(self, metric: str) -> tuple[Level, ...]:
        """Its escalation levels, the default ones where the policy names none."""
        if metric == RECOVERY:
            return ()
        given = self.escalations.get(metric)
        return default_levels(self.warning(metric)) if given is None else given

    def level(self, metric: str, name: str) -> Level | None:
        """The level at a place, as events record it."""
        return next((level for level in self.levels(metric) if level.name == name), None)


NO_POLICY = Rules()


def parse_rules(spec: Mapping[str, Any]) -> Rules:
    """Check a policy version's JSON form. Raises `PolicyError` with a sentence that names the fault."""
    if unknown := set(spec) - {"targets", "pauses", "warnings", "switches", "measures", "escalations"}:
        raise PolicyError(_("“%(name)s” is not a part of a policy.") % {"name": min(unknown)})
    targets = {
        _metric(metric): {_priority(key): _target(value) for key, value in by_priority.items()}
        for metric, by_priority in (spec.get("targets") or {}).items()
    }
    pauses = dict(DEFAULT_PAUSES)
    for metric, categories in (spec.get("pauses") or {}).items():
        if wrong := set(categories) - PAUSING:
            raise PolicyError(_("A clock cannot pause while “%(name)s”.") % {"name": min(wrong)})
        pauses[_metric(metric)] = frozenset(categories)
    return Rules(
        targets=targets,
        pauses=pauses,
        warnings={_metric(key): _warning(value) for key, value in (spec.get("warnings") or {}).items()},
        switches=_switches(spec.get("switches") or {}),
        measures=frozenset(map(_metric, spec.get("measures") or ())),
        escalations=_escalations(spec.get("escalations") or {}),
    )


def _metric(name: str) -> str:
    if name not in METRICS:
        raise PolicyError(_("“%(name)s” is not something we measure.") % {"name": name})
    return name


def _priority(key: Any) -> int:
    if str(key) not in {str(number) for number in PRIORITIES}:
        raise PolicyError(_("“%(name)s” is not a priority.") % {"name": key})
    return int(key)


def _target(value: Mapping[str, Any]) -> Target:
    basis, seconds = value.get("basis", "working"), value.get("seconds")
    if basis not in {"working", "calendar"}:
        raise PolicyError(_("A target counts in working or in calendar time."))
    if not isinstance(seconds, int) or not SHORTEST <= timedelta(seconds=seconds) <= LONGEST:
        raise PolicyError(_("A target lies between 15 seconds and 5 years."))
    return Target(timedelta(seconds=seconds), basis == "working")


def _warning(value: Mapping[str, Any]) -> Lead:
    if "seconds" in value:
        return Lead(lead=timedelta(seconds=int(value["seconds"])))
    percent = int(value.get("percent", 25))
    if not 0 <= percent <= 100:
        raise PolicyError(_("A warning comes between 0 and 100 percent of the target before it is due."))
    return Lead(percent=percent)


def _escalations(values: Any) -> dict[str, tuple[Level, ...]]:
    if not isinstance(values, Mapping):
        raise PolicyError(_("Escalation levels are given for each thing we measure."))
    return {_metric(metric): parse_levels(levels) for metric, levels in values.items()}


def _switches(values: Mapping[str, Any]) -> Switches:
    known = {each.name for each in fields(Switches)}
    for name, value in values.items():
        if name not in known:
            raise PolicyError(_("“%(name)s” is not a rule of a policy.") % {"name": name})
        choices: set[Any] = _CHOICES.get(name, {True, False})
        if value not in choices:
            raise PolicyError(_("The rule “%(name)s” has no such choice.") % {"name": name})
    return Switches(**values)


def choices_of(switch: str) -> tuple[Any, ...]:
    """What a named switch may be set to, its default first."""
    default = getattr(Switches(), switch)
    return (default, *sorted(_CHOICES.get(switch, {True, False}) - {default}))
