"""Statements made once and run often.

To build a queryset and to compile it takes longer than most of our statements take to run. What a page asks
every time is therefore kept as text, by all that it depends on. What a member may work on is still decided in
`tickets.access`: the text is compiled from its querysets, and kept by `access.footing`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
MOST_KEPT = 500
_kept: dict[Hashable, str] = {}


def text_of(rows: QuerySet[Any, Any]) -> str:
    """The statement of a queryset, its values in their places."""
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return f"SELECT {', '.join(['NULL'] * len(rows.query.values_select or '1'))} WHERE FALSE"
    return str(connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]


def kept(key: Hashable, make: Callable[[], str]) -> str:
    """The text under this key, made where it is not there yet. It may depend on nothing but the key."""
    text = _kept.get(key)
    if text is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        text = _kept[key] = make()
    return text


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


NUMBER = 7_000_000_000_000_000_001
"""Stands in a kept text for a number that differs from time to time, and is the number of nothing."""


def numbered(text: str, number: int) -> str:
    """A kept text that was made for `NUMBER`, for another number."""
    return text.replace(str(NUMBER), str(int(number)))


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
