"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from sla import actions
from sla.metrics import RELEVANT
from tickets.models import Event

CHOOSING = frozenset({"ticket.opened", *actions.ASKED})
"""After these a ticket may fall under another policy."""


def on_ticket_event(event: Event) -> None:
    """Choose the policy where it may have changed, and bring the ticket's clocks up to the event."""
    if event.ticket_id is None:
        return
    if event.kind in CHOOSING and actions.apply_policy(event):
        return  # the application is an event of its own, on which the clocks were set
    if event.kind == "ticket.noted" and not actions.notes_answer(event.ticket_id):
        return
    if event.kind in RELEVANT:
        actions.set_clocks(event)
