"""The verbs of feedback: the only code that writes its rows.

Each takes the ticket's row lock first. Already done: returns quietly, without an event. Not allowed: raises
`NotAllowed`, whose text may be shown.
"""

from feedback.actions.definitions import (
    change_survey,
    install_standard_survey,
    switch_survey,
    version_to_send,
)
from feedback.actions.surveys import (
    Closed,
    answer,
    cancel_open,
    cancel_scheduled,
    decline,
    erase_comments,
    expire,
    follow_requester,
    has_declined,
    invite,
    schedule,
)

__all__ = [
    "Closed",
    "answer",
    "cancel_open",
    "cancel_scheduled",
    "change_survey",
    "decline",
    "erase_comments",
    "expire",
    "follow_requester",
    "has_declined",
    "install_standard_survey",
    "invite",
    "schedule",
    "switch_survey",
    "version_to_send",
]
