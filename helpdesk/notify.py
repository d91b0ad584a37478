"""Who is told of which event: writes `Delivery` rows in the event's transaction, and nothing else."""

from __future__ import annotations

from tickets.models import Event


def on_ticket_event(event: Event) -> None:
    """Write a Delivery for everybody who is to hear of the event."""
