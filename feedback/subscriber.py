"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from tickets.models import Event


def on_ticket_event(event: Event) -> None:
    """React to one event."""
