"""The verbs of feedback: the only code that writes its rows.

Each takes the ticket's row lock first. Already done: returns quietly, without an event. Not allowed: raises
`NotAllowed`, whose text may be shown.
"""

from feedback.actions.answering import Closed, answer, decline, decline_for, expire
from feedback.actions.base import has_declined, is_reachable
from feedback.actions.cases import (
    answer_customer,
    ask_again,
    assign_case,
    close_case,
    contact,
    follow_answer,
    follow_message,
    follow_ticket,
    open_case,
)
from feedback.actions.causes import create_cause, edit_cause, move_cause
from feedback.actions.definitions import (
    change_survey,
    create_survey,
    install_standard_survey,
    move_survey,
    rename_survey,
    switch_survey,
    version_to_send,
    versions_in_use,
)
from feedback.actions.planning import (
    cancel_open,
    cancel_scheduled,
    erase_comments,
    follow_requester,
    schedule,
)
from feedback.actions.rounds import plan_round
from feedback.actions.sending import invite, remind

__all__ = [
    "Closed",
    "answer",
    "answer_customer",
    "ask_again",
    "assign_case",
    "cancel_open",
    "cancel_scheduled",
    "change_survey",
    "close_case",
    "contact",
    "create_cause",
    "create_survey",
    "decline",
    "decline_for",
    "edit_cause",
    "erase_comments",
    "expire",
    "follow_answer",
    "follow_message",
    "follow_requester",
    "follow_ticket",
    "has_declined",
    "install_standard_survey",
    "invite",
    "is_reachable",
    "move_cause",
    "move_survey",
    "open_case",
    "plan_round",
    "remind",
    "rename_survey",
    "schedule",
    "switch_survey",
    "version_to_send",
    "versions_in_use",
]
