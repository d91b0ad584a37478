"""Which promises were kept: by metric and priority, how late the missed ones were, what is at risk now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.reports.base import capital, frame, grouped, opens, report_view, selects
from helpdesk.reports.empty import latest_period
from helpdesk.reports.figures import Share
from helpdesk.reports.filters import Filters, read
from helpdesk.reports.metrics import DEFINITIONS, Definition, named, promised
from helpdesk.reports.relation import Key
from sla import queries as sla_queries

METRICS = ("first-response", "next-response", "resolution")
WHERE_MEASURED = ("periodic-update", "requester-wait", "agent-work", "total-resolution")
"""Shown where a policy promises or measures it."""


@report_view
def sla(request: HttpRequest) -> HttpResponse:
    """Met of those with a verdict, for each metric, in all and by priority."""
    filters = read(request.GET, timezone.now(), by=("opened", "answered"))
    dates = {"opened": _("By opened date"), "answered": _("By stopped date")}
    in_use = sla_queries.metrics_in_use()
    parts = parts_of([*METRICS, *(key for key in WHERE_MEASURED if named(key) in in_use)], filters)
    context = frame(request, "sla", filters) | {
        "selects": selects(filters, dates, basis=False),
        "parts_of_sla": parts,
        "n": sum(part["n"] for part in parts),
        "without_policy": DEFINITIONS["no-policy"].relation(filters).count(),
        "opens_without_policy": opens(filters, "no-policy"),
    }
    if not context["n"]:
        context["latest"] = latest_period(filters, "opened_at")
    return render(request, "reports/sla.html", context)


def parts_of(metrics: Sequence[str], filters: Filters) -> list[dict[str, Any]]:
    """What the page says of each metric. One query for all."""
    sums = promised(metrics).relation(filters).sums(("metric", "priority"))["metric", "priority"]
    found = []
    for key in metrics:
        by_priority = {
            (priority,): counts for (metric, priority), counts in sums.items() if metric == named(key)
        }
        found.append(_part(DEFINITIONS[key], filters, by_priority))
    return found


def _part(
    definition: Definition, filters: Filters, by_priority: Mapping[Key, Mapping[str, int]]
) -> dict[str, Any]:
    whole = {name: sum(counts[name] for counts in by_priority.values()) for name in definition.slices}
    return {
        "definition": definition,
        "name": capital(str(definition.name)),
        "n": whole["all"],
        "all": opens(filters, definition.key),
        "unpromised": whole["unpromised"],
        "opens_unpromised": opens(filters, definition.key, "unpromised"),
        "lines": [
            _line(_("All"), filters, definition, whole),
            *(
                _line(group.name, filters.narrowed("priority", group.value), definition, group.figure)
                for group in grouped(by_priority, "priority")
            ),
        ]
        if whole["all"]
        else [],
    }


def _line(name: str, filters: Filters, definition: Definition, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "share": Share(counts["met"], counts["judged"]),
        "missed": counts["missed"],
        "pending": counts["pending"],
        "opens": {
            slice_: opens(filters, definition.key, slice_) for slice_ in ("judged", "missed", "pending")
        },
    }
