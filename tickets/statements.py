"""Statements made once and run often.

To build a queryset and to compile it takes longer than most of our statements take to run. What a page asks
every time is therefore kept as text, by all that it depends on, with places for what differs from time to
time; and each connection prepares it, so that PostgreSQL does not plan it anew either. What a member may work
on is still decided in `tickets.access`: the text is compiled from its querysets for `access.someone_like` the
reader, and kept by `access.footing`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, OperationalError, connection, connections
from django.db.models import Model, QuerySet
from django.db.models import query as django_query
from psycopg.pq import Format
from psycopg.types.numeric import Int8

Row = TypeVar("Row", bound=Model)
Value = int | str | datetime | list[int]
MOST_KEPT = 500
_populators: Any = django_query.get_related_populators
_kept: dict[Hashable, Any] = {}

NUMBER, OTHER, READER = (7_000_000_000_000_000_000 + n for n in (1, 2, 3))
"""Stand in a statement, while it is made, for numbers that differ from time to time; numbers of nothing."""
SOMETIME = datetime(2999, 7, 17, 3, 4, 5, 678901, tzinfo=UTC)
"""The same for an instant."""
_PLACES = {
    str(NUMBER): "%(number)s::bigint",
    str(OTHER): "%(other)s::bigint",
    str(READER): "%(reader)s::bigint",
    f"'{SOMETIME}'::timestamptz": "%(at)s::timestamptz",
}


def text_of(rows: QuerySet[Any, Any]) -> str:
    """The statement of a queryset, its values in their places."""
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return f"SELECT {', '.join(['NULL'] * len(rows.query.values_select or '1'))} WHERE FALSE"
    return str(connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]


def kept_rows(key: Hashable, make: Callable[[], str], **values: Value) -> list[tuple[Any, ...]]:
    """What the statement under this key answers with these values in its places: `number` stands where it was
    made with `NUMBER`, and so on. `make` is called where it is not kept yet; it may depend on nothing but the
    key."""
    text = _kept.get(key)
    if text is None:
        text = _keep(key, _with_places(make()))
    return answer(text, **values)


def kept_models(key: Hashable, make: Callable[[], QuerySet[Row]], **values: Value) -> list[Row]:
    """The rows of a queryset as Django makes them, with what is read together with them (`select_related`);
    its statement is kept as by `kept_rows`."""
    known = _kept.get(key)
    if known is None:
        rows = make()
        known = _keep(key, (_with_places(text_of(rows)), _Maker.of(rows)))
    text, maker = known
    return [maker.made(row) for row in maker.converted(answer(text, **values))]


def _keep(key: Hashable, made: Any) -> Any:
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[key] = made
    return made


def _with_places(text: str) -> str:
    text = text.replace("%", "%%")
    for stand_in, place in _PLACES.items():
        text = text.replace(stand_in, place)
    return text


_TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
_INSTANTS: Any = psycopg.adapters.get_loader(_TIMESTAMPTZ, Format.TEXT)


class _Prepared(psycopg.Cursor[Any]):
    """Has its statements prepared at the first time, and instants read as the driver itself does, compiled:
    Django's loader does no more than put UTC into the place of UTC, and takes eight times as long."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.adapters.register_loader(_TIMESTAMPTZ, _INSTANTS)

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)


class _Logged(_Prepared):
    """Lets Django write down the statement as it would have run unprepared, its values in their places."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        answered = super().execute(query, params, **options)
        whole = connection.ops.compose_sql(query, params)  # type: ignore[attr-defined]
        self._query = SimpleNamespace(query=whole.encode())  # type: ignore[assignment]
        return answered


def answer(text: str, **values: Value) -> list[tuple[Any, ...]]:
    """The rows of a statement that only reads, with these values at its `%(name)s`; numbers are 8 bytes long.
    One query. What was prepared before a migration changed its answer is prepared anew, and a connection that
    broke since the last request is opened anew: outside a transaction the statement finds out by itself."""
    given = {name: _long(value) for name, value in values.items()}
    try:
        return _rows(text, given)
    except (NotSupportedError, OperationalError) as error:
        raw = connection.connection
        is_lost = raw is not None and raw.closed
        if connection.in_atomic_block or not (is_lost or isinstance(error, NotSupportedError)):
            raise
        connection.close()
        return _rows(text, given)


def _long(value: Value) -> Any:
    """Numbers of one type whatever their size: else each would have a statement of its own."""
    if isinstance(value, list):
        return [Int8(one) for one in value]
    return Int8(value) if isinstance(value, int) else value


def _rows(text: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    here: Any = connections[DEFAULT_DB_ALIAS]  # itself: the usual stand-in looks for it at every attribute
    here.ensure_connection()
    here.health_check_done = True  # see `answer`
    is_logged = here.queries_logged
    with here.wrap_database_errors:
        raw: Any = (_Logged if is_logged else _Prepared)(here.connection)
    with (here.make_debug_cursor if is_logged else here.make_cursor)(raw) as cursor:
        cursor.execute(text, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


@dataclass(frozen=True)
class _Maker:
    """Makes rows of a model of what its statement answers, as `QuerySet` itself does."""

    compiler: Any
    converters: Any
    model: type[Model]
    names: list[str]
    start: int
    related: Any
    annotated: dict[str, int]

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> _Maker:
        compiler = rows.query.get_compiler(using=connection.alias)
        compiler.as_sql()
        select, info = compiler.select, compiler.klass_info
        start, end = info["select_fields"][0], info["select_fields"][-1] + 1
        return cls(
            compiler,
            compiler.get_converters([column[0] for column in select]),
            info["model"],
            [column[0].target.attname for column in select[start:end]],
            start,
            _populators(info, select, connection.alias),
            dict(compiler.annotation_col_map or {}),
        )

    def converted(self, rows: list[tuple[Any, ...]]) -> Iterable[Sequence[Any]]:
        if not self.converters:
            return rows
        converted: Iterable[Sequence[Any]] = self.compiler.apply_converters(rows, self.converters)
        return converted

    def made(self, row: Sequence[Any]) -> Any:
        one = self.model.from_db(connection.alias, self.names, row[self.start : self.start + len(self.names)])
        for populator in self.related:
            populator.populate(row, one)
        for name, place in self.annotated.items():
            setattr(one, name, row[place])
        return one


def rows_of(text: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def count_of(rows: QuerySet[Any, Any]) -> str:
    """How many rows there are, as a value within another statement."""
    return f"(SELECT count(*) FROM ({text_of(rows)}) counted)"  # noqa: S608 - compiled by Django


def json_of(rows: QuerySet[Any, Any]) -> str:
    """The rows of a `values` queryset as JSON in their order, as a value within another statement."""
    return f"(SELECT coalesce(jsonb_agg(to_jsonb(listed)), '[]') FROM ({text_of(rows)}) listed)"  # noqa: S608 - compiled by Django


def exists(rows: QuerySet[Any, Any]) -> str:
    """Whether there is any row, as a value within another statement."""
    return f"EXISTS({text_of(rows)})"


def instance(model: type[Row], values: Sequence[Any]) -> Row:
    """A row of a model from the values of all its columns, in the order of its fields."""
    fields = model._meta.concrete_fields
    read = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], read)
