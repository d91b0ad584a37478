"""The verbs of follow-up mail: the only code that writes its rows.

Each takes the ticket's row lock first. Already done: returns quietly, without an event. Not allowed: raises
`NotAllowed`, whose text may be shown.
"""

from followup.actions.answering import Closed, answer, decline
from followup.actions.planning import cancel_about, follow_answer, follow_resolution, follow_silences
from followup.actions.rules import NewRule, set_rules
from followup.actions.sending import send

__all__ = [
    "Closed",
    "NewRule",
    "answer",
    "cancel_about",
    "decline",
    "follow_answer",
    "follow_resolution",
    "follow_silences",
    "send",
    "set_rules",
]
