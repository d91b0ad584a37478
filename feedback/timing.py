"""When a survey is sent: some working hours after the resolution, at an hour at which its reader is awake."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedback.models import SurveyVersion
from sla.queries import calendar_of, default_zone
from tickets.models import Ticket, User


class Window(Protocol):
    """The hours in which mail leaves, on its reader's clock; at any hour without both."""

    window_from: time | None
    window_to: time | None


def sending_time(ticket: Ticket, resolved_at: datetime, version: SurveyVersion) -> datetime:
    """The instant by which the version's delay, in the ticket's working time, has gone by since the
    resolution; if the requester's window is closed then, when it opens."""
    delay = version.delay
    at = calendar_of(ticket).add(resolved_at, delay) if delay else resolved_at
    return in_window(at, ticket.requester, version)


def in_window(at: datetime, person: User, window: Window) -> datetime:
    """The first instant from `at` on that lies in the sending window on the person's clock (the company's,
    where we do not know theirs). `at` itself without a window."""
    opens, closes = window.window_from, window.window_to
    if opens is None or closes is None or opens >= closes:
        return at
    zone = zone_of(person)
    local = at.astimezone(zone)
    if opens <= local.time() < closes:
        return at
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    return datetime.combine(day, opens, zone).astimezone(UTC)


def zone_of(person: User) -> ZoneInfo:
    """The person's time zone; that of the default working calendar where it is not known."""
    try:
        return ZoneInfo(person.time_zone) if person.time_zone else default_zone()
    except (ZoneInfoNotFoundError, ValueError):
        return default_zone()
