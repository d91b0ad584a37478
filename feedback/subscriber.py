"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from feedback import actions
from tickets.models import Event


def on_ticket_event(event: Event) -> None:
    """A resolution plans a survey; a reopening or a merge takes back what was not sent yet, spam also what
    was. Another requester is asked instead of the one before. A low score opens a recovery case."""
    if event.kind == "ticket.resolved":
        actions.schedule(event)
    elif event.kind == "ticket.reopened":
        actions.cancel_scheduled(event)
    elif event.kind in ("ticket.marked_spam", "ticket.merged"):
        actions.cancel_open(event)
        if event.kind == "ticket.marked_spam":
            actions.follow_ticket(event)
    elif event.kind == "ticket.purged":
        actions.erase_comments(event)
        actions.follow_ticket(event)
    elif event.kind == "survey.answered":
        actions.follow_answer(event)
    elif event.kind in ("message.withdrawn", "delivery.failed", "delivery.recovered"):
        actions.follow_message(event)
    elif event.kind == "ticket.requester_changed":
        actions.follow_requester(event)
