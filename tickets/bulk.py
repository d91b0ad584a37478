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
    columns: list[str] = []
    chosen: list[str] = []
    arrays: list[str] = []
    names: list[str] = []
    same: list[Any] = []
    several: list[list[Any]] = []
    for field in meta.concrete_fields:
        if field.generated or isinstance(field, models.AutoField):
            continue
        columns.append(quote(field.column or ""))
        values = _values(field, rows)
        kind = field.rel_db_type(database) if field.is_relation else field.db_type(database)
        if all(value == values[0] for value in values):
            chosen.append(f"%s::{kind}")
            same.append(values[0])
        else:
            names.append(f"c{len(names)}")
            chosen.append(names[-1])
            arrays.append(f"%s::{kind}[]")
            several.append(values)
    arrays.append("%s::int[]")  # a table of one column at least, and their order
    statement = (
        f"INSERT INTO {quote(meta.db_table)} ({', '.join(columns)})"  # noqa: S608 - names of our own columns
        f" SELECT {', '.join(chosen)} FROM unnest({', '.join(arrays)})"
        f" AS given({', '.join([*names, 'place'])}) ORDER BY place"
    )
    statement += (
        " ON CONFLICT DO NOTHING" if ignore_conflicts else f" RETURNING {quote(meta.pk.column or '')}"
    )
    with database.cursor() as cursor:
        cursor.execute(statement, [*same, *several, list(range(len(rows)))])
        if ignore_conflicts:
            return
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
            row._state.adding, row._state.db = False, database.alias


def _values(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    """A field's values as PostgreSQL takes them; JSON as text, which costs half of what an adapter does."""
    values = [getattr(row, field.attname) for row in rows]
    if isinstance(field, models.JSONField):
        return [json.dumps(value, cls=field.encoder) for value in values]
    return values
