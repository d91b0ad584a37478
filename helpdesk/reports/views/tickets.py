"""The tickets behind a figure: exactly its rows, with value and verdict, as a page and as a file."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from helpdesk.reports import paging
from helpdesk.reports.answers import question
from helpdesk.reports.base import frame, member_view, names_narrowed_to
from helpdesk.reports.export import stream
from helpdesk.reports.filters import Filters
from helpdesk.reports.heat import moment
from helpdesk.reports.metrics import Definition
from helpdesk.reports.rows import lines

PAGE = 50


def _asked(request: HttpRequest) -> tuple[Definition, str, Filters]:
    """Report, slice and question of an address. Raises Http404 for a report or slice that does not exist.

    Who may not see the reports sees their own rows, and only these.
    """
    asked = question(request.GET.get("report", ""), request.GET, request.user)
    slice_ = request.GET.get("slice", "all")
    if asked is None or slice_ not in asked[0].slices:
        raise Http404
    definition, filters = asked
    return definition, slice_, filters


@member_view
def tickets(request: HttpRequest) -> HttpResponse:
    """One page of the rows; `after` is the place of the row before it (see `helpdesk.reports.paging`)."""
    definition, slice_, filters = _asked(request)
    after = paging.read(request.GET.get("after", ""), filters.now)
    if after is not None:
        filters = replace(filters, now=after.now)
    rows = definition.relation(filters).sliced(slice_)
    count, start = rows.count(), after.shown if after else 0
    found = paging.page(rows, definition, PAGE, after)
    further = paging.place_of(found, filters.now, after) if found else None
    context = frame(request, definition.key, filters) | {
        "definition": definition,
        "slice_word": _slice_word(definition, slice_),
        "count": count,
        "lines": list(lines(found, request.user)),
        "shown": _shown(start, len(found), count),
        "older": _page(filters, definition, slice_, further) if further and further.shown < count else None,
        "newer": _page(filters, definition, slice_, None) if start else None,
        "narrowed_to": _narrowed_to(filters, definition),
        "asks": bool(definition.rating),
        "plain": not definition.by and not definition.is_now,
        "is_now": definition.is_now,
        "export": filters.query(report=definition.key, slice=slice_),
    }
    return render(request, "reports/tickets.html", context)


def _slice_word(definition: Definition, slice_: str) -> str:
    word = str(definition.slices[slice_][0])
    return word % {"score": int(slice_.removeprefix("score-"))} if slice_.startswith("score-") else word


def _shown(start: int, shown: int, count: int) -> str:
    last = start + shown
    return _("%(first)d to %(last)d of %(count)d") % {
        "first": min(start + 1, last),
        "last": last,
        "count": count,
    }


def _page(filters: Filters, definition: Definition, slice_: str, after: paging.Place | None) -> str:
    return filters.query(report=definition.key, slice=slice_, after=after.words if after else None)


def _narrowed_to(filters: Filters, definition: Definition) -> list[str]:
    """The names of what the question is narrowed to."""
    found = names_narrowed_to(filters, definition.splits)
    found += filter(None, [moment(filters)])
    return [*found, _("“%(words)s”") % {"words": filters.words}] if filters.words else found


@member_view
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows as CSV."""
    definition, slice_, filters = _asked(request)
    rows = definition.relation(filters).sliced(slice_).stream(paging.order(definition))
    content = stream(rows, request.user, kind=definition.kind, basis=filters.basis)
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    first, last = filters.period.first, filters.period.last
    name = f"{definition.key}-{slice_}-{first}-{last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
