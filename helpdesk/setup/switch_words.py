"""The rules of a policy that people may dispute, as questions: what each choice means for a ticket."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext_lazy as _

from sla.rules import Switches, choices_of


@dataclass(frozen=True)
class Question:
    """A named switch as it is asked; `choices` are pairs of its value and what choosing it means."""

    name: str
    text: Any
    choices: tuple[tuple[str, Any], ...]
    default: str


_YES_NO = {True: _("Yes"), False: _("No")}
_WORDS: dict[str, tuple[Any, dict[Any, Any]]] = {
    "agent_opened": (
        _("When one of us opens a ticket for a customer, when is the first reply due?"),
        {
            "inactive": _("Never: nobody waits for a first reply"),
            "first_customer_message": _("From the customer's first message on"),
            "start": _("From the opening on, as for any other ticket"),
        },
    ),
    "automatic_opened": (
        _("When automatic mail opens a ticket, as alarms do, is a first reply owed?"),
        {
            "inactive": _("No: nobody waits for an answer"),
            "start": _("Yes, as to anybody else"),
        },
    ),
    "automatic_answers": (
        _("Does what a program of ours writes to the customer count as a reply?"),
        {True: _("Yes, as a person's message does"), False: _("No, only a person answers")},
    ),
    "shared_answers": (
        _("Does a reply count that came from an account which several people use?"),
        {True: _("Yes, the customer has an answer"), False: _("No, somebody must answer by name")},
    ),
    "note_answers": (
        _("Does a note to the team count as a reply?"),
        {True: _("Yes, it stops the clock of the reply"), False: _("No, the customer cannot read it")},
    ),
    "resolved_unanswered": (
        _("When a ticket is resolved although a customer's message was not answered?"),
        {
            "cancel": _("That reply is not counted, neither as met nor as missed"),
            "answer": _("The resolution counts as the answer"),
            "keep": _("The customer still waits, and the clock goes on"),
        },
    ),
    "status_move_answers": (
        _("Does a move to Waiting or On hold count as a reply, without any message?"),
        {
            True: _("Yes, it stops the clock of the reply"),
            False: _("No, only a message to the customer does"),
        },
    ),
    "pause_unanswered": (
        _("May a status pause the clock of a reply while a customer's message is unanswered?"),
        {
            True: _("Yes, the statuses marked above pause it all the same"),
            False: _("No, it runs until the customer has an answer"),
        },
    ),
    "next_response_overlaps_first": (
        _("A customer writes again before our first reply. Does that start another clock?"),
        {
            True: _("Yes, the next reply runs beside the first one"),
            False: _("No, the first reply answers both"),
        },
    ),
    "reopened_resolution": (
        _("When a resolved ticket is reopened, what becomes of its resolution?"),
        {
            "keep": _("It stays as it was: the first resolution counts"),
            "continue": _("The same clock goes on: the last resolution counts"),
            "restart": _("Another clock starts with the whole target"),
        },
    ),
    "reopened_totals": (
        _("When a resolved ticket is reopened, what becomes of the customer's wait and of our work?"),
        {
            "continue": _("Both go on: one sum over the life of the ticket"),
            "keep": _("Both stay as they were"),
            "restart": _("Both start anew with the whole target"),
        },
    ),
    "resolved_time_counts": (
        _("Does the time between a resolution and the reopening count in the total time to resolve?"),
        {True: _("Yes, the customer's matter was open"), False: _("No, nobody knew of it")},
    ),
    "closed_unresolved": (
        _("When a ticket is closed without having been resolved, as spam is?"),
        {"resolve": _("It counts as resolved"), "cancel": _("Its clocks are not counted")},
    ),
    "imported": (
        _("When a ticket is written down more than two days after it was opened, as imported ones are?"),
        {
            "count": _("Its promises count as if it had happened here"),
            "measure": _("Its times are measured, and nothing is promised"),
        },
    ),
    "due_at_closing": (
        _("When a time is up exactly as the office closes, when is it due?"),
        {"closing": _("At closing time"), "opening": _("At the next opening")},
    ),
}


def questions() -> list[Question]:
    """All named switches of a policy, in their documented order."""
    found = []
    for each in fields(Switches):
        text, words = _WORDS.get(each.name, (each.name.replace("_", " ").capitalize(), _YES_NO))
        values = choices_of(each.name)
        choices = tuple((str(value), words.get(value, str(value))) for value in values)
        found.append(Question(each.name, text, choices, str(values[0])))
    return found


def value_of(name: str, text: str) -> Any:
    """The value of a switch that a form names by its text."""
    return next(value for value in choices_of(name) if str(value) == text)
