"""When a survey is sent: some working hours after the resolution, counted in the ticket's own calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

from sla.book import BOOK
from sla.calendar import WorkingCalendar
from sla.measure import ALWAYS
from sla.models import Calendar, Clock
from tickets.models import Ticket


def sending_time(ticket: Ticket, resolved_at: datetime, delay: timedelta) -> datetime:
    """The instant by which `delay` of working time has gone by since the resolution."""
    return working_calendar(ticket).add(resolved_at, delay) if delay else resolved_at


def working_calendar(ticket: Ticket) -> WorkingCalendar:
    """The calendar by which the ticket's clocks count, else the company's, else round the clock."""
    clocks = Clock.objects.filter(ticket=ticket, calendar_version__isnull=False).order_by("-started_at", "pk")
    version = clocks.values_list("calendar_version", flat=True).first()
    if version is not None:
        return BOOK.calendar(version)
    default = Calendar.objects.filter(is_default=True).first()
    return BOOK.calendar(default.latest.pk) if default else ALWAYS
