"""Forms with rows that come and go, without scripts too: pressed buttons are steps that redraw the form.

A row's fields are named PREFIX-NUMBER-NAME. A step (the button `do`) adds or removes a row; the form is drawn
again with what was typed and without complaints, the focus on what the step was about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

MOST_ROWS = 50


def numbers(source: Mapping[str, Any], prefix: str) -> list[int]:
    """The numbers of the rows in what was posted (or in initial values), in their order."""
    pattern = re.compile(rf"{prefix}-(\d{{1,4}})-[a-z_]+")
    found = {int(match[1]) for name in source if (match := pattern.fullmatch(name))}
    return sorted(found)[:MOST_ROWS]


def remove(data: QueryDict, prefix: str, number: int) -> QueryDict:
    """What was posted, without one row."""
    left = data.copy()
    for name in list(left):
        if name.startswith(f"{prefix}-{number}-"):
            del left[name]
    return left


def add(data: QueryDict, prefix: str, values: Mapping[str, Any]) -> tuple[QueryDict, int]:
    """What was posted with a row more, and its number."""
    more = data.copy()
    number = max(numbers(data, prefix), default=-1) + 1
    for name, value in values.items():
        more[f"{prefix}-{number}-{name}"] = str(value)
    return more, number


def typed(form: forms.Form) -> dict[str, Any]:
    """What a bound form was given, as initial values for one that is drawn again."""
    return {
        name: field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
        for name, field in form.fields.items()
    }
