"""Writing many rows of one table in one statement whose text does not grow with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connections, models


def insert(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """Insert rows of one model, a column at a time (PostgreSQL's unnest); a column with the same value in
    every row travels once. `bulk_create` does neither where a table has JSON or binary columns.

    Gives each row its primary key, unless conflicts are ignored: then nobody knows which rows are there.
    """
    if not rows:
        return
    meta, database = rows[0]._meta, connections["default"]
    quote = database.ops.quote_name
    fields = [each for each in meta.concrete_fields if not _is_given_by_database(each)]
    given = _Given(fields, rows)
    columns = ", ".join(quote(field.column or "") for field in fields)
    statement = (
        f"INSERT INTO {quote(meta.db_table)} ({columns})"  # noqa: S608 - names of our own columns
        f" SELECT {', '.join(given.chosen)} FROM {given.table} ORDER BY place"
    )
    statement += (
        " ON CONFLICT DO NOTHING" if ignore_conflicts else f" RETURNING {quote(meta.pk.column or '')}"
    )
    with database.cursor() as cursor:
        cursor.execute(statement, given.values)
        if ignore_conflicts:
            return
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
            row._state.adding, row._state.db = False, database.alias


def update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows of one model that are there, in one statement."""
    if not rows:
        return
    meta, quote = rows[0]._meta, connections["default"].ops.quote_name
    key = quote(meta.pk.column or "")
    fields: list[Any] = [meta.get_field(name) for name in names]
    given = _Given([meta.pk, *fields], rows, always_listed=1)
    changes = ", ".join(
        f"{quote(field.column or '')} = {value}"
        for field, value in zip(fields, given.chosen[1:], strict=True)
    )
    with connections["default"].cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} SET {changes} FROM {given.table}"  # noqa: S608
            f" WHERE {quote(meta.db_table)}.{key} = {given.chosen[0]}",
            given.values,
        )


def _is_given_by_database(field: Any) -> bool:
    return bool(field.generated) or isinstance(field, models.AutoField)


class _Given:
    """Fields of rows as a table that a statement can select from: `table` with a column for each field that
    differs between rows, `chosen` what to write for each field, `values` for the statement's places."""

    def __init__(self, fields: Sequence[Any], rows: Sequence[models.Model], always_listed: int = 0) -> None:
        database = connections["default"]
        self.chosen: list[str] = []
        arrays: list[str] = []
        names: list[str] = []
        same: list[Any] = []
        several: list[list[Any]] = []
        for nth, field in enumerate(fields):
            values = _values(field, rows)
            kind = field.rel_db_type(database) if _is_key(field) else field.db_type(database)
            if nth >= always_listed and all(value == values[0] for value in values):
                self.chosen.append(f"%s::{kind}")
                same.append(values[0])
            else:
                names.append(f"c{len(names)}")
                self.chosen.append(f"given.{names[-1]}")
                arrays.append(f"%s::{kind}[]")
                several.append(values)
        arrays.append("%s::int[]")  # a table of one column at least, and their order
        self.table = f"unnest({', '.join(arrays)}) AS given({', '.join([*names, 'place'])})"
        self.values = [*same, *several, list(range(len(rows)))]


def _is_key(field: Any) -> bool:
    return bool(field.is_relation) or isinstance(field, models.AutoField)


def _values(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    """A field's values as PostgreSQL takes them; JSON as text, which costs half of what an adapter does."""
    values = [getattr(row, field.attname) for row in rows]
    if isinstance(field, models.JSONField):
        return [json.dumps(value, cls=field.encoder) for value in values]
    return values
