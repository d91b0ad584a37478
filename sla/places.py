"""Reading the queue from the rows of what is owed: what views and filters ask of a ticket is copied there
(`TicketDue.COPIED`), so that a page is so many rows of an index, and no other ticket is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import Col
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import AND

from sla.models import TicketDue
from tickets.models import Ticket

TABLE = TicketDue._meta.db_table


def behind(after: tuple[datetime, int], *, backwards: bool) -> Func:
    """Condition on tickets joined with `due`: what follows (or stands before) a place, as one comparison of
    rows. An index is entered there, also where thousands of tickets have the same due time.

    Written with an equals sign, from the next number on: PostgreSQL guesses how many rows there are by the
    first column alone, and those of the same due time count.
    """
    at, pk = after
    sign, first = (" <= ", Value(pk) - 1) if backwards else (" >= ", Value(pk) + 1)
    place = Func(F("due__place_at"), F("due"), template="ROW(%(expressions)s)")
    given = Func(Value(at), first, template="ROW(%(expressions)s)")
    return Func(place, given, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())


def by_copies(rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """The same tickets, which must be joined with `due` by now: what was asked of a column that is copied is
    asked of the copy. What is filtered afterwards is asked of the ticket.

    A row that is locked has to be asked again: another's change is seen in the ticket, not in the copy.
    """
    rows = rows.all()
    query: Any = rows.query
    if not query.is_empty():
        query.where = query.where.replace_expressions(_Copies(query.get_initial_alias(), _alias(query)))
    return rows


def first_in_parts(
    rows: QuerySet[Ticket], parts: Sequence[Q], size: int, *, backwards: bool
) -> QuerySet[Ticket]:
    """Of tickets `by_copies` the first `size` by due time. Only these are looked up: those of each of the
    parts (conditions on copied columns that exclude one another) in the order of its own index, and of these
    the first. Nobody is shown more by them.

    The same rows, all of them and not in parts, where something is asked that is not copied.
    """
    query: Any = rows.query
    if query.is_empty() or not parts:
        return rows
    due = _alias(query)
    if any(column.alias != due for column in query._gen_cols(query.where.children, include_external=True)):
        return rows
    rows = rows.all()
    query = rows.query
    query.alias_map[due] = _InParts.of(query.alias_map[due], parts, query.where, size, backwards)
    query.where = query.where.__class__()
    return rows


def _alias(query: Any) -> str:
    """Under which name a query on tickets joins what is owed."""
    (due,) = (str(alias) for alias, join in query.alias_map.items() if join.table_name == TABLE)
    return due


class _Copies:
    """For a column of the ticket that is copied its copy; as `replace_expressions` asks for it."""

    def __init__(self, ticket: str, due: str) -> None:
        self.ticket, self.due = ticket, due

    def get(self, expression: Any, default: Any = None) -> Any:
        if not isinstance(expression, Col) or expression.alias != self.ticket:
            return default
        name = "ticket" if expression.target.primary_key else expression.target.name
        field: Any = TicketDue._meta.get_field(name) if name in ("ticket", *TicketDue.COPIED) else None
        return field.get_col(self.due) if field else default


class _InParts(Join):
    """The join with the first rows of what is owed, taken from the first of each part. PostgreSQL plans for
    few rows of a part only where that is said of it."""

    parts: Sequence[Q]
    condition: Any
    size: int
    backwards: bool

    @classmethod
    def of(cls, join: Any, parts: Sequence[Q], condition: Any, size: int, backwards: bool) -> _InParts:
        own = cls(
            join.table_name,
            join.parent_alias,
            join.table_alias,
            join.join_type,
            join.join_field,
            join.nullable,
            join.filtered_relation,
        )
        own.parts, own.condition, own.size, own.backwards = parts, condition, size, backwards
        return own

    @property
    def identity(self) -> Any:
        """That of the join: what is asked of `due` later on means this one."""
        return (Join, *super().identity[1:])

    def relabeled_clone(self, change_map: dict[str | None, str]) -> _InParts:
        condition = self.condition.relabeled_clone(change_map)
        clone = super().relabeled_clone(change_map)
        return self.of(clone, self.parts, condition, self.size, self.backwards)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        joined, values = super().as_sql(compiler, connection)
        order = ("-place_at", "-ticket_id") if self.backwards else ("place_at", "ticket_id")
        renamed = {self.table_alias: TABLE} if self.table_alias != TABLE else {}
        condition = self.condition.relabeled_clone(renamed)
        texts, given = [], []
        for part in self.parts:
            rows = TicketDue.objects.filter(part).order_by(*order)[: self.size]
            rows.query.where.add(condition, AND)
            text, own = rows.query.get_compiler(connection=connection).as_sql()
            texts.append(f"({text})")
            given += own
        way = "DESC" if self.backwards else "ASC"
        first = (
            f"SELECT * FROM ({' UNION ALL '.join(texts)}) firsts"  # noqa: S608 - compiled by Django
            f" ORDER BY place_at {way}, ticket_id {way} LIMIT {int(self.size)}"
        )
        alias = compiler.quote_name_unless_alias(self.table_alias)
        return f"{self.join_type} ({first}) {alias}{joined[joined.index(' ON (') :]}", [*given, *values]
