"""The names that a filter offers while somebody types."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from helpdesk.reports import lookups
from helpdesk.reports.base import report_view


@report_view
def choices(request: HttpRequest, kind: str) -> HttpResponse:
    """A part of the filters. Opened by itself it is a report that is narrowed to what was typed."""
    if kind not in lookups.MODELS:
        raise Http404
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(f"{reverse('reports:first-response')}?{request.GET.urlencode()}")
    names = lookups.offered(kind, lookups.typed(request.GET, kind))
    return render(request, "reports/_choices.html", {"names": names})
