"""The rows of a report as one relation in the database, and what is asked of it.

Lists, files, counts, shares and curves all read the same statement, and a slice is one condition in it, so
they cannot disagree; and a figure costs one pass in the database, not every row on its way to Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from helpdesk.reports.figures import Bucket, Histogram, Times
from helpdesk.reports.periods import Period
from tickets.statements import rows_of, text_of

Slices = dict[str, tuple[Any, str]]
"""Name in the address → words, and which rows belong to it: a condition on the columns of the relation."""
Derived = Mapping[str, str]
"""Name of a column → how it follows from others."""
Key = tuple[Any, ...]
Sums = dict[tuple[str, ...], dict[Key, dict[str, int]]]
"""How many rows each slice has, by the values of some columns, by these columns."""
BITS = 10
ROUNDED = f"value * {2 ** (53 - BITS) + 1}::float8"
BUCKET = f"({ROUNDED}) - (({ROUNDED}) - value)"
"""A time rounded to so many binary digits, which groups times that differ by less than 0.2%.

Source: T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
Mathematik 18 (1971), 224–242 (the splitting of a double)."""
CHUNK = 2000
LINKS = {
    "organization": ("tickets_ticket", "id", "organization_id"),
    "tag": ("tickets_ticket_tags", "ticket_id", "tag_id"),
}
"""Columns that are looked up by the ticket, only when they are asked for: table, its ticket, the value."""
CLOCK = {"weekday": "isodow", "hour": "hour"}
"""Columns that say when a row was, on the clocks of a zone, and the fields of an instant that they hold."""


@dataclass(frozen=True)
class Relation:
    """Rows of a `kind` (a named tuple whose fields are the columns), in several `parts` which have no row in
    common. `facts` are the columns, of few values, by which a row belongs to its slices; `derived` are
    columns that follow from the facts alone, and how."""

    kind: Any
    parts: tuple[str, ...]
    slices: Slices
    facts: tuple[str, ...]
    derived: Derived = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All rows."""
        return " UNION ALL ".join(self.parts)

    # --- other relations --------------------------------------------------------------------------------

    def _each(self, columns: str, name: str, more: str = "") -> Relation:
        """Each part read once more under a name, by these columns. What is asked of all rows is asked of each
        part: PostgreSQL then knows its columns, and can share it among processes."""
        parts = tuple(f"SELECT {columns} FROM ({part}) {name}{more}" for part in self.parts)  # noqa: S608
        return replace(self, parts=parts)

    def sliced(self, name: str) -> Relation:
        """The rows of a slice."""
        return self._each("*", "sliced", f" WHERE {self.slices[name][1]}")

    def shared_out(self, spans: Sequence[Period]) -> Relation:
        """With a column more, `span`: into which of some adjoining periods a row falls, from 0 on."""
        edges = ",".join(edge.isoformat() for edge in (*(span.since for span in spans), spans[-1].until))
        place = f"width_bucket(at, '{{{edges}}}'::timestamptz[]) - 1"
        return self._each(f"*, {place} AS span", "shared")

    def by_hour(self, period: Period) -> Relation:
        """With a column more, `week_hour`: 0 is Monday's first, on the clocks of a period's zone, which hold
        for the rows of this period."""
        *changes, (_end, last) = period.offsets
        ahead = "".join(
            f" WHEN at < '{until.isoformat()}'::timestamptz THEN {ahead}" for until, ahead in changes
        )
        wall = f"date_part('epoch', at) + {f'CASE{ahead} ELSE {last} END' if changes else last}"
        hour = f"mod(floor(({wall}) / 3600)::bigint + {3 * 24}, {7 * 24})"  # 1970 began on a Thursday
        return self._each(f"*, {hour} AS week_hour", "clocked")

    def at_hour(self, zone: str, **places: str) -> Relation:
        """The rows of a `weekday`, an `hour`, or both, on the clocks of a zone; "" stands for any."""
        found = [f"{_on_clock(name, zone)} = {int(place)}" for name, place in places.items() if place]
        if not found:
            return self
        return self._each("*", "placed", f" WHERE {' AND '.join(found)}")

    def with_tags(self) -> Relation:
        """With a column more, `tag`: each row once by itself (null) and once for every tag of its ticket."""
        tags = "SELECT NULL UNION ALL SELECT tag_id FROM tickets_ticket_tags WHERE ticket_id = tagged.ticket"
        return self._each("*", "tagged", f" CROSS JOIN LATERAL ({tags}) AS link (tag)")

    def linked(self, name: str) -> Relation:
        """With a column more, `name`: a row stands once for every value of its ticket, or once with null."""
        table, ticket, value = LINKS[name]
        other = f" LEFT JOIN {table} other ON other.{ticket} = linked.ticket"
        return self._each(f"linked.*, other.{value} AS {name}", "linked", other)

    def among(self, name: str, values: Sequence[int | None]) -> Relation:
        """The rows that have some of these values (None: null) in a column."""
        numbers = [int(value) for value in values if value is not None]
        found = [f"{name} IN ({', '.join(map(str, numbers))})"] if numbers else []
        found += [f"{name} IS NULL"] if None in values else []
        return self._each("*", "chosen", f" WHERE {' OR '.join(found) or 'false'}")

    def only(self, condition: str) -> Relation:
        """The rows for which a condition on the columns holds."""
        return self._each("*", "wanted", f" WHERE {condition}")

    # --- rows -------------------------------------------------------------------------------------------

    def rows(self, order: str, count: int, start: int = 0) -> list[Any]:
        """So many rows from a place on."""
        return list(map(self.kind._make, rows_of(f"{self._listed(order)} LIMIT {count} OFFSET {start}")))

    def stream(self, order: str) -> Iterator[Any]:
        """All rows, of which only a few are in memory at a time."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(self._listed(order))
            while found := cursor.fetchmany(CHUNK):
                yield from map(self.kind._make, found)

    def _listed(self, order: str) -> str:
        return f"SELECT {', '.join(self.kind._fields)} FROM ({self.text}) listed ORDER BY {order}"  # noqa: S608

    # --- figures ----------------------------------------------------------------------------------------

    def count(self) -> int:
        return int(rows_of(f"SELECT count(*) FROM ({self.text}) counted")[0][0])  # noqa: S608

    def count_and_ends(self) -> tuple[int, float, float]:
        """How many rows there are, and the least and the greatest of their values (0 without rows)."""
        ends = "coalesce(min(value), 0), coalesce(max(value), 0)"
        [(count, least, most)] = rows_of(f"SELECT count(*), {ends} FROM ({self.text}) counted")  # noqa: S608
        return count, least, most

    def sums(self, *sets: tuple[str, ...], slices: Iterable[str] = ()) -> Sums:
        """How many rows each slice has (all slices, or those named), by the values of each set of columns.

        The empty set stands for all rows, under the key `()`. One pass: rows that no slice tells apart are
        counted together first.
        """
        names = tuple(slices) or tuple(self.slices)
        grouping = _Grouping(sets)
        text = (
            f"SELECT {grouping.selected}{self._counts(names)} "  # noqa: S608
            f"FROM ({self._alike(grouping.columns)}) alike GROUP BY {grouping.sets()}"
        )
        found: Sums = {each: {} for each in sets}
        for row in rows_of(text):
            columns, key, rest = grouping.read(row)
            found[columns][key] = dict(zip(names, rest, strict=True))
        return found

    def histograms(
        self, *sets: tuple[str, ...], slices: Sequence[str], beside: tuple[str, ...] = ()
    ) -> tuple[dict[tuple[str, ...], dict[Key, Histogram]], set[Key]]:
        """How many rows have which `value`, by the values of each set of columns, and of these how many
        belong to some slices. And the different values of other columns (`beside`). One pass."""
        grouping = _Grouping(sets, ("bucket", "done"), beside)
        timed = self._each(f"*, {BUCKET} AS bucket", "timed")
        alike = timed._alike((*grouping.columns, "bucket", "done"), ", max(value) AS value")
        text = (
            f"SELECT {grouping.selected}, bucket, done, max(value), sum(n)::bigint{self._counts(slices)} "  # noqa: S608
            f"FROM ({alike}) alike GROUP BY {grouping.sets()}"
        )
        found: dict[tuple[str, ...], dict[Key, Histogram]] = {each: {} for each in sets}
        others: set[Key] = set()
        for row in rows_of(text):
            columns, key, (bucket, done, value, count, *hits) = grouping.read(row)
            if beside and columns == beside:
                others.add(key)
                continue
            told = found[columns].get(key)
            if told is None:
                told = found[columns][key] = Histogram([], dict.fromkeys(slices, 0))
            told.buckets.append(Bucket(bucket, done, value, count))
            for name, hit in zip(slices, hits, strict=True):
                told.counts[name] += hit
        return found, others

    def quantiles(
        self, *sets: tuple[str, ...], slices: Sequence[str], shares: Sequence[float] = (0.5, 0.9)
    ) -> dict[tuple[str, ...], dict[Key, Times]]:
        """How many rows belong to some slices, and the values that some shares of the rows do not exceed (as
        `feedback.scores.percentile`), by the values of each set of columns. One pass."""
        grouping = _Grouping(sets)
        counts = "".join(f", count(*) FILTER (WHERE {self.slices[name][1]})" for name in slices)
        reached = f"percentile_disc(ARRAY{list(shares)}) WITHIN GROUP (ORDER BY value)"
        text = (
            f"SELECT {grouping.selected}, {reached}{counts} "  # noqa: S608
            f"FROM ({self.text}) counted GROUP BY {grouping.sets()}"
        )
        found: dict[tuple[str, ...], dict[Key, Times]] = {each: {} for each in sets}
        for row in rows_of(text):
            columns, key, (values, *hits) = grouping.read(row)
            told = dict(zip(shares, values or [None] * len(shares), strict=True))
            found[columns][key] = Times(dict(zip(slices, hits, strict=True)), told)
        return found

    def _alike(self, columns: Iterable[str], more: str = "") -> str:
        """Rows of a part that agree in these columns and in what their slices ask, counted together. Whatever
        is grouped in several ways is grouped from these few, and to count them can be shared among processes.
        """
        told = ", ".join(dict.fromkeys((*columns, *self.facts)))
        grouped = f" GROUP BY {told}" if told else ""
        counted = self._each(f"{told + ', ' if told else ''}count(*) AS n{more}", "counted", grouped).text
        return f"SELECT {_with(self.derived)} FROM ({counted}) counted" if self.derived else counted  # noqa: S608

    def _counts(self, names: Iterable[str]) -> str:
        conditions = (self.slices[name][1] for name in names)
        return "".join(f", coalesce(sum(n) FILTER (WHERE {each}), 0)::bigint" for each in conditions)


def _with(derived: Derived) -> str:
    return ", ".join(["*", *(f"{how} AS {name}" for name, how in derived.items())])


def _on_clock(name: str, zone: str) -> str:
    return f"extract({CLOCK[name]} FROM at AT TIME ZONE '{zone}')::int"


class _Grouping:
    """Several ways to group in one statement, and which of them a row of its answer belongs to."""

    def __init__(
        self,
        sets: Iterable[tuple[str, ...]],
        every: tuple[str, ...] = (),
        beside: tuple[str, ...] = (),
    ) -> None:
        self.every = every
        self.ways = list(dict.fromkeys(sets))
        self.beside = beside
        self.columns = list(dict.fromkeys(name for way in (*self.ways, beside) for name in way))
        asked = f"GROUPING({', '.join(self.columns)})" if self.columns else "0"
        self.selected = ", ".join((asked, *self.columns))
        self.way_of = {
            self._mask(way): (way, [1 + self.columns.index(name) for name in way])
            for way in (*self.ways, *([beside] if beside else ()))
        }
        self.rest = 1 + len(self.columns)

    def _mask(self, way: tuple[str, ...]) -> int:
        bits = reversed(self.columns)
        return sum(1 << place for place, name in enumerate(bits) if name not in way)

    def sets(self) -> str:
        ways = [(*way, *self.every) for way in self.ways] + ([self.beside] if self.beside else [])
        return f"GROUPING SETS ({', '.join(f'({names})' for names in map(', '.join, ways))})"

    def read(self, row: tuple[Any, ...]) -> tuple[tuple[str, ...], Key, tuple[Any, ...]]:
        """The columns of a row's group, their values, and what follows."""
        way, places = self.way_of[row[0]]
        return way, tuple([row[place] for place in places]), row[self.rest :]


def relation(
    kind: Any,
    parts: Iterable[QuerySet[Any, Any]],
    slices: Slices,
    facts: tuple[str, ...],
    derived: Derived | None = None,
) -> Relation:
    """The rows of some querysets, which give the fields of `kind` in their order and no row twice; where some
    fields are `derived`, the facts stand in their place."""
    derived = derived or {}
    columns = ", ".join(columns_of(kind, facts, derived))
    texts = (
        f"SELECT {_with(derived)} FROM ({text_of(part.order_by())}) AS part ({columns})"  # noqa: S608
        for part in parts
    )
    return Relation(kind, tuple(texts), slices, facts, derived)


def columns_of(kind: Any, facts: tuple[str, ...], derived: Derived) -> list[str]:
    """What the querysets of a relation give: the fields that are not derived, then the facts that are no
    fields."""
    fields = [name for name in kind._fields if name not in derived]
    return fields + [name for name in facts if name not in kind._fields]
