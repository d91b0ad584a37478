"""The queue as an ordered list: views, their counts, due-next order, and pages by key instead of by number.

The order is total and stable: the next due time first, then paused tickets, then those that owe nothing,
each by number. A page starts after the last row of the page before: its cost does not grow with the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from sla.queries import in_due_order, with_next_due
from tickets import access, queries
from tickets.models import UNRESOLVED_STATUSES, Ticket, User

PAGE = 50
VIEWS = ("mine", "team", "unassigned", "soon", "waiting", "snoozed", "mentions", "open")
SOON = timedelta(hours=1)
SORTS = ("due", "newest", "oldest")


def in_view(user: User, view: str) -> QuerySet[Ticket]:
    """The tickets of a view, in no order yet; an unknown name is the first view."""
    if view == "soon":
        return queries.in_view(user, "open").filter(_is_soon(timezone.now()))
    return queries.in_view(user, view if view in VIEWS else VIEWS[0])


def _is_soon(now: datetime) -> Q:
    return Q(due__due_at__lte=now + SOON)


@dataclass(frozen=True)
class Counts:
    """How many tickets each view holds; of one view, how many are past their next due time and how many will
    be within the hour."""

    held: dict[str, int]
    late: int
    soon: int


def counts(user: User, view: str = VIEWS[0]) -> Counts:
    """One query over the unresolved tickets."""
    now = timezone.now()
    shown = queries.view_condition(user, "open" if view == "soon" else view)
    found = queries.view_counts(
        user,
        soon=_is_soon(now),
        late_here=shown & Q(due__due_at__lt=now),
        soon_here=shown & Q(due__due_at__gte=now) & _is_soon(now),
    )
    return Counts({name: found[name] for name in VIEWS}, found["late_here"], found["soon_here"])


def standing(tickets: QuerySet[Ticket], key: Key, pk: int, sort: str = SORTS[0]) -> tuple[int, bool]:
    """How many rows stand before `key`, and whether the ticket itself is one of the rows: one query."""
    ahead = {
        "due": Q(due__place_at__lt=key.due) | Q(due__place_at=key.due, pk__lt=key.pk),
        "newest": Q(pk__gt=key.pk),
        "oldest": Q(pk__lt=key.pk),
    }[sort]
    found = tickets.aggregate(ahead=Count("pk", filter=ahead), found=Count("pk", filter=Q(pk=pk)))
    return found["ahead"], bool(found["found"])


@dataclass(frozen=True)
class Key:
    """Where a row stands in the order."""

    due: datetime
    pk: int

    def __str__(self) -> str:
        return f"{int(self.due.timestamp() * 1_000_000)}.{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Key | None:
        """The key written in an address; None for anything that is none."""
        due, _dot, pk = text.partition(".")
        if not (due.lstrip("-").isascii() and due.lstrip("-").isdigit() and pk.isascii() and pk.isdigit()):
            return None
        try:
            return cls(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(due)), int(pk))
        except OverflowError:
            return None

    @classmethod
    def of(cls, row: Any) -> Key:
        return cls(row.due_key, row.pk)


def ordered(
    tickets: QuerySet[Ticket], sort: str = SORTS[0], start: Key | None = None, *, backwards: bool = False
) -> QuerySet[Ticket]:
    """The rows in the order of `SORTS`, from behind `start` on; `backwards` walks from there to the front."""
    if sort == "due":
        return in_due_order(tickets, (start.due, start.pk) if start else None, backwards=backwards)
    rows, falls = with_next_due(tickets), (sort == "newest") != backwards
    if start:
        rows = rows.filter(pk__lt=start.pk) if falls else rows.filter(pk__gt=start.pk)
    return rows.order_by("-pk" if falls else "pk")


def after(tickets: QuerySet[Ticket], key: Key, sort: str = SORTS[0]) -> QuerySet[Ticket]:
    """The rows behind `key`, nearest first."""
    return ordered(tickets, sort, key)


def before(tickets: QuerySet[Ticket], key: Key, sort: str = SORTS[0]) -> QuerySet[Ticket]:
    """The rows in front of `key`, nearest first."""
    return ordered(tickets, sort, key, backwards=True)


def page(
    tickets: QuerySet[Ticket], start: Key | None, size: int = PAGE, *, sort: str = SORTS[0]
) -> tuple[list[Ticket], Key | None]:
    """One page from behind `start`, and the key from which the next one goes on (None on the last)."""
    found = list(ordered(tickets, sort, start)[: size + 1])
    following = Key.of(found[size - 1]) if len(found) > size else None
    return found[:size], following


def is_empty_installation(user: User) -> bool:
    """Nothing was ever asked of us, as far as the reader may know."""
    return not access.worked_by(user).exists()


def waiting_number(user: User) -> int:
    """How many tickets wait for customers or third parties."""
    return queries.in_view(user, "waiting").filter(status__in=UNRESOLVED_STATUSES).count()
