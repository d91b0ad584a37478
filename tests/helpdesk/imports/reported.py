"""What the reports say of an imported log, in the form of its own totals."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from helpdesk.reports.answers import answer, question
from helpdesk.reports.figures import ENOUGH
from tests.helpdesk.imports.incidents import Totals
from tickets.models import User

YEARS = "from=2016-01-01&to=2017-12-31&split=priority"
QUESTION = dict(parse_qsl(YEARS))
"""The log's years, by priority; by opening date or resolution, as each report counts."""


def as_reported(reader: User) -> Totals:
    """The times of the settled tickets as the report lists them, with the number that it gives for those
    which were reopened. What it counts agrees with its list, and as many tickets were opened."""
    asked = question("work", QUESTION, reader)
    assert asked
    definition, filters = asked
    took: dict[int, list[float]] = {}
    for row in definition.relation(filters).stream("ticket"):
        took.setdefault(row.priority, []).append(row.value)
    told, opened = told_of("work", reader), told_of("opened", reader)
    listed = {str(priority): len(times) for priority, times in took.items()}
    assert listed == by_priority(told) == by_priority(opened)
    assert told["counts"]["all"] == opened["counts"]["all"] == sum(listed.values())
    found = {priority: sorted(times) for priority, times in took.items()}
    return Totals(found, told["counts"]["reopened"])


def told_of(report: str, reader: User) -> dict[str, Any]:
    told = answer(report, QUESTION, reader)
    assert told
    return told


def by_priority(told: dict[str, Any]) -> dict[str, int]:
    return {group["value"]: group["counts"]["all"] for group in told["groups"]}


def differing_percentiles(reader: User, expected: Totals) -> list[str]:
    """Medians and p90 of the report that are not those of the file; of few tickets it must give none."""
    differing = []
    for group in told_of("work", reader)["groups"]:
        figures = {figure["key"]: figure["value"] for figure in group["figures"]}
        priority = int(group["value"])
        for key, share in (("median", 0.5), ("p90", 0.9)):
            enough = len(expected.took[priority]) >= ENOUGH
            if figures[key] != (expected.nearest(priority, share) if enough else None):
                differing.append(f"{key} of priority {priority}")
    return differing
