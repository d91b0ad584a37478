"""An agent's own numbers, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from helpdesk.reports import sentences
from helpdesk.reports.base import frame, member_view, opens, selects
from helpdesk.reports.filters import read
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.ratings import responded
from helpdesk.reports.rows import lines
from helpdesk.reports.views.feedback import latest_comments, satisfied
from helpdesk.reports.views.first_response import waits_of
from helpdesk.reports.views.sla import parts_of


@member_view
def mine(request: HttpRequest) -> HttpResponse:
    """First responses, promises and ratings that are credited to the reader."""
    filters = replace(read(request.GET, timezone.now()), agent=str(request.user.pk), split="team")
    asked = DEFINITIONS["feedback"].relation(filters)
    asks, waits = asked.sums(())[()][()], waits_of(filters)
    context = frame(request, "mine", filters) | {
        "selects": [s for s in selects(filters, {}, basis=True) if s.name in ("period", "basis")],
        "summary": waits,
        "finding": sentences.waits_finding(waits, filters.is_working) if waits.n else "",
        "score": satisfied(asks),
        "rate": responded(asks),
        "promises": parts_of(("first-response", "resolution"), filters),
        "comments": list(lines(latest_comments(asked), request.user)),
        "commented": asks["commented"],
        "opens": {
            "first-response": opens(filters, "first-response"),
            "answered": opens(filters, "feedback", "answered"),
            "commented": opens(filters, "feedback", "commented"),
        },
        "definitions": [DEFINITIONS["first-response"], DEFINITIONS["feedback"]],
    }
    return render(request, "reports/mine.html", context)
