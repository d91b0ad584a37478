"""When a survey is sent: some working hours after the resolution, counted in the ticket's own calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

from sla.queries import calendar_of
from tickets.models import Ticket


def sending_time(ticket: Ticket, resolved_at: datetime, delay: timedelta) -> datetime:
    """The instant by which `delay` of working time has gone by since the resolution."""
    return calendar_of(ticket).add(resolved_at, delay) if delay else resolved_at
