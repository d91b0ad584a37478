"""The verbs of work distribution: who gets which ticket.

`by` is the actor (None is the system), `at` an aware UTC instant (default now). Not allowed: raises
`NotAllowed`, whose text may be shown.
"""

from duty.actions.taking import take_next

__all__ = ["take_next"]
