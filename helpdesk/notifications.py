"""What the app tells those who work here: how much is unread, the list by ticket, and marking it as read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from helpdesk.models import Notification
from helpdesk.words import number
from tickets import access
from tickets.models import Event, Ticket, User

MOST_COUNTED = 99
PAGE = 30
"""Tickets on one page."""


def of(person: Any) -> QuerySet[Notification]:
    """Everything a person was told of about tickets that they may still work on."""
    return Notification.objects.filter(person=person.pk, ticket__in=access.worked_by(person))


def unread(person: int) -> QuerySet[Notification]:
    """What the person of that number was told of and has not read."""
    return Notification.objects.filter(person=person, read_at=None)


def unread_tickets(person: Any) -> QuerySet[Notification, Any]:
    """The numbers of the tickets of which a person has unread news, one more than `MOST_COUNTED` at most."""
    unread = of(person).filter(read_at=None).order_by("ticket").values("ticket").distinct()
    return unread[: MOST_COUNTED + 1]


class Alerts:
    """How many tickets have unread news for the reader of a page; asked only where it is shown."""

    def __init__(self, reader: Any, count: int | None = None) -> None:
        self.reader = reader
        if count is not None:
            self.count = count

    @cached_property
    def count(self) -> int:
        """At most one more than `MOST_COUNTED`: what is read stops there."""
        return len(unread_tickets(self.reader))

    @property
    def words(self) -> str:
        return f"{number(MOST_COUNTED)}+" if self.count > MOST_COUNTED else number(self.count)


@dataclass
class Group:
    """What a person was told of about one ticket, the newest first."""

    ticket: Ticket
    rows: list[Notification]

    @property
    def unread(self) -> list[Notification]:
        return [row for row in self.rows if row.read_at is None]


def groups(person: Any, before: int | None = None, size: int = PAGE) -> tuple[list[Group], int | None]:
    """One page of tickets by their newest notification, those below number `before`; and the number from
    which the next page goes on (None on the last). Three queries."""
    found = (
        of(person)
        .filter(ticket__deleted_at=None)
        .values("ticket")
        .annotate(newest=Max("pk"))
        .order_by("-newest")
    )
    if before is not None:
        found = found.filter(newest__lt=before)
    page = list(found[: size + 1])
    numbers = [row["ticket"] for row in page[:size]]
    tickets = Ticket.objects.select_related("requester", "assignee").in_bulk(numbers)
    rows: dict[int, list[Notification]] = {pk: [] for pk in numbers}
    told = Notification.objects.filter(person=person.pk, ticket__in=numbers).order_by("-pk")
    for row in told.select_related("event__actor"):
        rows[row.ticket_id].append(row)
    following = page[size - 1]["newest"] if len(page) > size else None
    return [Group(tickets[pk], rows[pk]) for pk in numbers if rows[pk]], following


def mark_read(person: User, *, ticket: int | None = None, up_to: int | None = None) -> int:
    """Mark as read what a person was told of: of one ticket, up to a notification's number, or all. Returns
    how much it was."""
    rows = unread(person.pk)
    if ticket is not None:
        rows = rows.filter(ticket=ticket)
    if up_to is not None:
        rows = rows.filter(pk__lte=up_to)
    return rows.update(read_at=timezone.now())


def read_by_acting(events: Iterable[Event]) -> None:
    """Whoever acts on a ticket, by whichever face, has seen its news. For the events' transaction."""
    done = Q()
    at: datetime | None = None
    for event in events:
        if event.ticket_id is not None and event.actor is not None and event.actor.is_member:
            done |= Q(person=event.actor_id, ticket=event.ticket_id)
            at = event.recorded_at
    if at is not None:
        Notification.objects.filter(done, read_at=None).update(read_at=at)


def read_by_all(event: Event) -> None:
    """Nobody has to look at the event's ticket any more. For the event's transaction."""
    rows = Notification.objects.filter(ticket=event.ticket_id, read_at=None)
    rows.update(read_at=event.recorded_at)


def forget(before: datetime) -> int:
    """Delete what was told before an instant. Returns how many rows."""
    return Notification.objects.filter(told_at__lt=before).delete()[0]


def newest_of(shown: Sequence[Group]) -> int:
    """The number of the newest notification among some groups; 0 where there is none."""
    return max((row.pk for group in shown for row in group.rows), default=0)
