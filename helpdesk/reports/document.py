"""`docs/metrics.md`, written from the definitions that the reports themselves show."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from django.utils.translation import override

from feedback import scores
from helpdesk.reports.metrics import DEFINITIONS, Definition

HEAD = """# What the figures mean

Written from the definitions that every report shows under “How this is counted”
(`helpdesk/reports/metrics.py`); `manage.py describe_metrics` prints it anew. A figure is a number of rows;
page, table, list behind the figure and export ask the same relation in the database, and a slice is one
condition in it, so they cannot disagree. A figure without data is a dash, never 0. Below ten answers or
tickets, counts are given and no share or percentile; below thirty, no word says that something changed.

Curves, medians and percentiles of waits come from a histogram that is made in the database: times are put
together that agree in their first ten binary digits, which are less than 0.2% apart, and stand for the
longest of them. So a median is a time that was observed, never below the exact one and at most 0.2% above it;
among few tickets it is nearly always the exact one. Histograms of parts add up to that of the whole. Times of
settled tickets are exact.
"""
CALCULATIONS: tuple[Callable[..., Any], ...] = (
    scores.csat,
    scores.nps,
    scores.ces,
    scores.wilson,
    scores.adjusted_wald,
    scores.t_quantile,
    scores.kaplan_meier,
    scores.differs,
    scores.percentile,
)


def markdown() -> str:
    """The whole document, in English."""
    with override("en"):
        parts = [
            HEAD,
            *map(_of_definition, DEFINITIONS.values()),
            "## Calculations\n",
            *map(_of_function, CALCULATIONS),
        ]
    return "\n".join(parts)


def _of_definition(definition: Definition) -> str:
    facts = (
        ("Formula", definition.formula),
        ("Unit", definition.unit),
        ("Time", definition.time),
        ("Counted", definition.included),
        ("Counts by the date", ", or ".join(definition.by)),
        (
            "Slices that a figure can open",
            ", ".join(str(words) for words, _condition in definition.slices.values()),
        ),
        ("Source", definition.source),
    )
    lines = [f"- **{name}:** {said}" for name, said in facts if said]
    return "\n".join([f"## {definition.name}\n", f"{definition.question}\n", *lines, ""])


def _of_function(function: Callable[..., Any]) -> str:
    return f"### `{function.__name__}`\n\n{inspect.getdoc(function)}\n"
