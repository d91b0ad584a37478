"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from feedback import actions
from tickets.models import Event


def on_ticket_event(event: Event) -> None:
    """A resolution plans a survey; a reopening or a merge takes back what was not sent yet, spam also what
    was. Another requester is asked instead of the one before."""
    if event.kind == "ticket.resolved":
        actions.schedule(event)
    elif event.kind == "ticket.reopened":
        actions.cancel_scheduled(event)
    elif event.kind in ("ticket.marked_spam", "ticket.merged"):
        actions.cancel_open(event)
    elif event.kind == "ticket.purged":
        actions.erase_comments(event)
    elif event.kind == "ticket.requester_changed":
        actions.follow_requester(event)
