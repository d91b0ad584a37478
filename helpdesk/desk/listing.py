"""The queue as an ordered list: views, their counts, due-next order, and pages by key instead of by number.

The order is total and stable: the next due time first, then paused tickets, then those that owe nothing,
each by number. A page starts after the last row of the page before: its cost does not grow with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from helpdesk.words import number
from sla.queries import in_due_order, with_next_due
from tickets import access, queries
from tickets.models import UNRESOLVED_STATUSES, Ticket, User
from tickets.models.people import Named
from tickets.statements import NUMBER, SOMETIME, count_of, exists, kept_rows, rows_of, text_of

PAGE = 50
VIEWS = ("mine", "team", "unassigned", "soon", "waiting", "snoozed", "mentions", "open")
SOON = timedelta(hours=1)
SORTS = ("due", "newest", "oldest")
CAPPED = 99
"""What a filter finds, and what is late, is not counted beyond this."""


def in_view(user: User, view: str) -> QuerySet[Ticket]:
    """The tickets of a view, in no order yet; an unknown name is the first view."""
    if view == "soon":
        return queries.in_view(user, "open").filter(_is_soon(Now()))
    return queries.in_view(user, view if view in VIEWS else VIEWS[0])


def _is_soon(now: Any) -> Q:
    return Q(due__place_at__lte=now + SOON)


@dataclass(frozen=True)
class Counts:
    """How many tickets each view holds; of one view, how many are past their next due time and how many will
    be within the hour. These two, and what "soon" holds, are counted as far as CAPPED + 1."""

    held: dict[str, int]
    late: int
    soon: int


def at_most(count: int) -> str:
    """A number that was counted as far as CAPPED + 1, in words: "12", "99+"."""
    return f"{number(CAPPED)}+" if count > CAPPED else number(count)


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


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket as a row shows it: of its own columns and of the people around it no more than that."""

    pk: int
    subject: str
    priority: int
    status: str
    event_seq: int
    is_unanswered: bool
    snoozed_until: datetime | None
    due_key: datetime
    requester: Named
    organization: Named | None
    assignee: Named | None

    @property
    def reference(self) -> str:
        return str(self.pk)


COLUMNS = (
    "pk", "subject", "priority", "status", "event_seq", "is_unanswered", "snoozed_until", "due_key",
    "requester", "requester__name", "requester__email", "organization", "organization__name",
    "assignee", "assignee__name", "assignee__email",
)  # fmt: skip


def beside(
    tickets: Callable[[User], QuerySet[Ticket]],
    user: User,
    at: Key,
    sort: str,
    *,
    counted: bool,
    key: Hashable = None,
) -> tuple[int | None, int | None, int | None]:
    """The numbers of the tickets in front of and behind a place, and how many rows stand in front of it where
    that is `counted` and the ticket itself is one of them. One query; `tickets` and `key` as in `page`."""

    def statement(user: User, at: Key) -> str:
        rows = tickets(user)
        values = [f"({text_of(side(rows, at, sort).values('pk')[:1])})" for side in (before, after)]
        ahead = {
            "due": Q(due__place_at__lt=at.due) | Q(due__place_at=at.due, pk__lt=at.pk),
            "newest": Q(pk__gt=at.pk),
            "oldest": Q(pk__lt=at.pk),
        }[sort]
        count = (
            f"CASE WHEN {exists(rows.filter(pk=at.pk))} THEN {count_of(rows.filter(ahead).values('pk'))} END"
        )
        return f"SELECT {', '.join(values)}, {count if counted else 'NULL'}"

    if key is None:
        found = rows_of(statement(user, at))
    else:
        found = kept_rows(
            ("beside", key, sort, counted),
            lambda: statement(access.someone_like(user), Key(SOMETIME, NUMBER)),
            reader=user.pk,
            number=at.pk,
            at=at.due,
        )
    ((previous, following, position),) = found
    return previous, following, position


def page(
    tickets: Callable[[User], QuerySet[Ticket]],
    user: User,
    start: Key | None,
    size: int = PAGE,
    *,
    sort: str = SORTS[0],
    key: Hashable = None,
) -> tuple[list[Listed], Key | None]:
    """One page of the user's `tickets` from behind `start`, and the key from which the next one goes on (None
    on the last). `key` is all that they depend on beside the user's number, where that is asked so often that
    its statement is kept."""

    def statement(user: User) -> str:
        return text_of(columns(ordered(tickets(user), sort, start))[: size + 1])

    if key is None or start is not None:
        found = rows_of(statement(user))
    else:
        kept_key = ("page", key, sort, size)
        found = kept_rows(kept_key, lambda: statement(access.someone_like(user)), reader=user.pk)
    listed = [_listed(row) for row in found]
    following = Key.of(listed[size - 1]) if len(listed) > size else None
    return listed[:size], following


def columns(rows: QuerySet[Ticket]) -> QuerySet[Ticket, Any]:
    """Of tickets `with_next_due` what `Listed` holds."""
    unanswered = ExpressionWrapper(Q(unanswered_since__isnull=False), output_field=BooleanField())
    return rows.annotate(is_unanswered=unanswered).values_list(*COLUMNS)


def listed(rows: QuerySet[Ticket]) -> list[Listed]:
    """Tickets, in their order, as rows show them. One query."""
    return [_listed(row) for row in columns(with_next_due(rows))]


def _listed(row: tuple[Any, ...]) -> Listed:
    parts = row[8:11], row[11:13], row[13:]
    people = [Named(*part) if part[0] is not None else None for part in parts]
    return Listed(*row[:8], *people)


def is_empty_installation(user: User) -> bool:
    """Nothing was ever asked of us, as far as the reader may know."""
    return not access.worked_by(user).exists()


def waiting_number(user: User) -> int:
    """How many tickets wait for customers or third parties."""
    return queries.in_view(user, "waiting").filter(status__in=UNRESOLVED_STATUSES).count()
