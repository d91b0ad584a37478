"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from duty import actions
from tickets.models import Event


def on_ticket_event(event: Event) -> None:
    """Note whose turn it was, and what is to be shared out."""
    on_ticket_events([event])


def on_ticket_events(events: Sequence[Event]) -> None:
    """The same for many at once."""
    actions.note_turns(events)
    actions.note_arrivals(events)
