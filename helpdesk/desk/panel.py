"""The customer beside a ticket: who they are and what else they asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Window
from django.utils import timezone, translation

from tickets import access
from tickets.models import UNRESOLVED_STATUSES, Ticket, User

TIMELINE_LENGTH = 8


@dataclass
class Panel:
    """What the panel shows of the requester of one ticket."""

    person: User
    others: list[Ticket]
    open_number: int
    local_now: datetime | None
    language: str


def panel(ticket: Ticket, reader: User) -> Panel:
    """The requester's other tickets that the reader may work on, and how many are open: one query."""
    asked = access.worked_by(reader).filter(requester=ticket.requester_id).exclude(pk=ticket.pk)
    are_open = Window(Count("pk", filter=Q(status__in=UNRESOLVED_STATUSES)))
    others: list[Any] = list(asked.annotate(are_open=are_open).order_by("-pk")[:TIMELINE_LENGTH])
    return Panel(
        person=ticket.requester,
        others=others,
        open_number=others[0].are_open if others else 0,
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
