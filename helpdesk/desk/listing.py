"""The queue as an ordered list: views, their counts, due-next order, and pages by key instead of by number.

The order is total and stable: the next due time first, then paused tickets, then those that owe nothing,
each by number. A page starts after the last row of the page before: its cost does not grow with the table.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from helpdesk.words import number
from sla.queries import in_due_order, with_next_due
from tickets import access, queries
from tickets.models import Ticket, User
from tickets.models.people import Named
from tickets.statements import NUMBER, SOMETIME, count_of, exists, kept_rows, rows_of, text_of

PAGE = 50
VIEWS = ("mine", "team", "unassigned", "soon", "waiting", "snoozed", "mentions", "open")
SOON = timedelta(hours=1)
SORTS = ("due", "newest", "oldest")
Parts = Sequence[Q]
"""Conditions that exclude one another, as `sla.places.first_in_parts` takes them."""
CAPPED = 99
"""What a filter finds, and what is late, is not counted beyond this."""


def in_view(user: User, view: str) -> QuerySet[Ticket]:
    """The tickets of a view, in no order yet; an unknown name is the first view."""
    if view == "soon":
        return queries.in_view(user, "open").filter(_is_soon(Now()))
    return queries.in_view(user, view if view in VIEWS else VIEWS[0])


def parts(user: User, view: str) -> Parts:
    """How a view is best read by due time: each team by itself, and what the reader owns; not in parts at all
    where one index holds the view, or few tickets are in it."""
    if view == "team":
        return [Q(team=team) for team in sorted(access.teams_of(user))] or [Q(pk__in=())]
    return access.parts_worked_by(user) if view in ("unassigned", "soon", "waiting", "open") else ()


def footing(user: User, view: str) -> tuple[object, ...]:
    """All that a view and its `parts` depend on, beside the reader's number."""
    teams = tuple(sorted(access.teams_of(user))) if view == "team" else ()
    return (*access.footing(user), teams)


def whole(user: User) -> Parts:
    return ()


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
    tickets: QuerySet[Ticket],
    sort: str = SORTS[0],
    start: Key | None = None,
    *,
    backwards: bool = False,
    parts: Parts = (),
    size: int | None = None,
) -> QuerySet[Ticket]:
    """The rows in the order of `SORTS`, from behind `start` on; `backwards` walks from there to the front.
    Where only the first `size` are wanted, by due time they are read in `parts`."""
    if sort == "due":
        after = (start.due, start.pk) if start else None
        return in_due_order(tickets, after, backwards=backwards, parts=parts, size=size)
    rows, falls = with_next_due(tickets), (sort == "newest") != backwards
    if start:
        rows = rows.filter(pk__lt=start.pk) if falls else rows.filter(pk__gt=start.pk)
    return rows.order_by("-pk" if falls else "pk")[:size]


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
    parts: Callable[[User], Parts] = whole,
) -> tuple[int | None, int | None, int | None]:
    """The numbers of the tickets in front of and behind a place, and how many rows stand in front of it where
    that is `counted` and the ticket itself is one of them. One query; `tickets`, `key` and `parts` as in
    `page`."""

    def statement(user: User, at: Key) -> str:
        rows = tickets(user)
        near = [
            ordered(rows, sort, at, backwards=side, parts=parts(user), size=1).values("pk")
            for side in (True, False)
        ]
        ahead = count_of(ordered(rows, sort, at, backwards=True).order_by().values("pk"))
        count = f"CASE WHEN {exists(rows.filter(pk=at.pk))} THEN {ahead} END" if counted else "NULL"
        return f"SELECT ({text_of(near[0])}), ({text_of(near[1])}), {count}"

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
    parts: Callable[[User], Parts] = whole,
) -> tuple[list[Listed], Key | None]:
    """One page of the user's `tickets` from behind `start`, and the key from which the next one goes on (None
    on the last), read in `parts`. `key` is all that these depend on beside the user's number, where they are
    asked for so often that the statement is kept."""

    def statement(user: User) -> str:
        return text_of(columns(ordered(tickets(user), sort, start, parts=parts(user), size=size + 1)))

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
