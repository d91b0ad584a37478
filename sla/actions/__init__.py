"""The verbs of the promises: calendars and policies for set-up, and the clocks that follow a ticket's events.

`by` is the actor (None is the system), `at` an aware UTC instant (default now).
"""

from sla.actions.clocks import (
    ASKED,
    apply_policies,
    complete_clocks,
    matching_version,
    measure_clock,
    notes_answer,
    record_breach,
    set_clocks,
)
from sla.actions.deadlines import release_deadline, set_deadline
from sla.actions.firing import claim, fire, retry_clock, retry_clocks
from sla.actions.recompute import apply_again, recompute_open
from sla.actions.setup import (
    create_calendar,
    create_policy,
    default_policy,
    edit_calendar,
    edit_policy,
    install_defaults,
    move_policy,
    renew_holidays,
)
from sla.actions.simulate import simulate
from sla.actions.steps import hand_over_steps, retry_escalation, run_steps

__all__ = [
    "ASKED",
    "apply_again",
    "apply_policies",
    "claim",
    "complete_clocks",
    "create_calendar",
    "create_policy",
    "default_policy",
    "edit_calendar",
    "edit_policy",
    "fire",
    "hand_over_steps",
    "install_defaults",
    "matching_version",
    "measure_clock",
    "move_policy",
    "notes_answer",
    "recompute_open",
    "record_breach",
    "release_deadline",
    "renew_holidays",
    "retry_clock",
    "retry_clocks",
    "retry_escalation",
    "run_steps",
    "set_clocks",
    "set_deadline",
    "simulate",
]
