"""The verbs of work distribution: who is there, who gets which ticket.

`by` is the actor (None is the system), `at` an aware UTC instant (default now). Already done: returns
quietly, without an event. Not allowed: raises `NotAllowed`, whose text may be shown.
"""

from duty.actions.availability import HandedBack, come_back, go_away
from duty.actions.setup import set_duty, set_sharing
from duty.actions.sharing import note_arrivals, note_turns, share_out, share_out_left
from duty.actions.taking import take_next

__all__ = [
    "HandedBack",
    "come_back",
    "go_away",
    "note_arrivals",
    "note_turns",
    "set_duty",
    "set_sharing",
    "share_out",
    "share_out_left",
    "take_next",
]
