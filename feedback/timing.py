"""When a survey is sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from tickets.models import Ticket


def sending_time(ticket: Ticket, resolved_at: datetime, delay: timedelta) -> datetime:
    """The instant `delay` after the resolution."""
    return resolved_at + delay
