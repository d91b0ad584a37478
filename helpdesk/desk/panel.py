"""The customer beside a ticket: who they are and what else they asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from helpdesk.desk.about import About, Other
from tickets.models import Ticket, User


@dataclass
class Panel:
    """What the panel shows of the requester of one ticket."""

    person: User
    others: tuple[Other, ...]
    open_number: int
    local_now: datetime | None
    language: str


def panel(ticket: Ticket, around: About) -> Panel:
    """The requester, with those of their other tickets that the reader may work on."""
    return Panel(
        person=ticket.requester,
        others=around.others,
        open_number=around.open_number,
        local_now=local_now(ticket.requester),
        language=language_name(ticket.requester.language),
    )


def local_now(person: User) -> datetime | None:
    """The wall clock where the person is, if that is known."""
    try:
        return timezone.now().astimezone(ZoneInfo(person.time_zone)) if person.time_zone else None
    except (KeyError, ValueError, OSError):
        return None


def language_name(code: str) -> str:
    """The name of a language in the reader's own; "" if unknown."""
    try:
        return str(translation.gettext(translation.get_language_info(code)["name"])) if code else ""
    except KeyError:
        return ""
