"""Pages of the list behind a figure, each found by the row before it: the last costs what the first does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from helpdesk.reports.metrics import Definition
from helpdesk.reports.relation import Relation

LASTS = timedelta(days=1)
"""So long a list can be walked on as it was counted."""
SEPARATOR = "~"
MOST_DIGITS = 17


@dataclass(frozen=True)
class Place:
    """Where a page ends: `shown` rows stand up to here, the last with these three. Of the rows that share
    them, `same` stand before.

    What still waits grows older with every look: a list is walked on as it was counted at `now`.
    """

    shown: int
    now: datetime
    value: float | None
    ticket: int
    at: datetime
    same: int

    @property
    def words(self) -> str:
        """The place in an address."""
        value = "" if self.value is None else repr(float(self.value))
        parts = (self.shown, self.now.isoformat(), value, self.ticket, self.at.isoformat(), self.same)
        return SEPARATOR.join(map(str, parts))


def read(words: str, now: datetime) -> Place | None:
    """The place of an address; None for what is none (any more)."""
    parts = words.split(SEPARATOR)
    if len(parts) != 6:
        return None
    shown, ticket, same = (_number(parts[place]) for place in (0, 3, 5))
    counted, at = _instant(parts[1]), _instant(parts[4])
    try:
        value = float(parts[2]) if parts[2] else None
    except ValueError:
        return None
    if shown is None or ticket is None or same is None or counted is None or at is None:
        return None
    if not now - LASTS <= counted <= now or (value is not None and not math.isfinite(value)):
        return None
    return Place(shown, counted, value, ticket, at, same)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return None if found is None or timezone.is_naive(found) else found


def order(definition: Definition) -> str:
    """The longest waits and the worst ratings first, then by number. Rows that share all of it are alike."""
    fields: tuple[str, ...] = definition.kind._fields  # type: ignore[attr-defined]
    rest = [name for name in fields if name not in ("value", "ticket", "at")]
    return ", ".join([f"value {_direction(definition)} NULLS LAST", "coalesce(ticket, 0)", "at", *rest])


def _direction(definition: Definition) -> str:
    return "ASC" if definition.rating else "DESC"


def page(rows: Relation, definition: Definition, count: int, after: Place | None) -> list[Any]:
    """So many rows from a place on."""
    if after is None:
        return rows.rows(order(definition), count)
    return rows.only(_behind(definition, after)).rows(order(definition), count, after.same)


def _behind(definition: Definition, place: Place) -> str:
    """The condition on the rows from the last one on, those that share its place included."""
    beside = f"(coalesce(ticket, 0), at) >= ({place.ticket}, '{place.at.isoformat()}'::timestamptz)"
    if place.value is None:
        return f"value IS NULL AND {beside}"
    value = f"'{float(place.value)!r}'::float8"
    further = f"value {'>' if definition.rating else '<'} {value}"
    return f"({further} OR value IS NULL OR (value = {value} AND {beside}))"


def place_of(found: Sequence[Any], now: datetime, after: Place | None) -> Place:
    """Where a page ends that shows these rows, of which there is at least one."""
    key, same = _key(found[-1]), 0
    for row in reversed(found):
        if _key(row) != key:
            break
        same += 1
    if after is not None and same == len(found) and key == (after.value, after.ticket, after.at):
        same += after.same
    return Place((after.shown if after else 0) + len(found), now, *key, same)


def _key(row: Any) -> tuple[float | None, int, datetime]:
    return (None if row.value is None else float(row.value), row.ticket or 0, row.at)
