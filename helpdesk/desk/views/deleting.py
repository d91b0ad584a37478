"""Deleting a ticket after reading what it does, the deleted ones, and bringing them back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk.desk.base import NoSuchTicket, desk_view, find_ticket, see_other, tell
from helpdesk.desk.listing import PAGE
from helpdesk.desk.neighbours import view_of, with_view
from helpdesk.desk.rail import rail
from helpdesk.desk.views.change import number_of, path
from helpdesk.times import day_time
from tickets import access, actions, queries
from tickets.models import Draft, Ticket


@desk_view("GET", "HEAD", "POST")
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """What would happen; a POST lets it happen."""
    ticket = find_ticket(request, number)
    if not access.can_delete(request.user, ticket):
        raise NoSuchTicket
    if request.method != "POST":
        return _page(request, ticket)
    by: Any = request.user
    try:
        gone = actions.delete(ticket, by=by)
    except actions.NotAllowed as refusal:
        return _page(request, ticket, str(refusal), 409)
    words = {"number": number, "day": day_time(queries.gone_for_good_at(gone))}
    tell(request, _("#%(number)s deleted, for good on %(day)s") % words, path("restore", gone))
    return see_other(reverse("desk:queue") + f"?view={view_of(request)}")


def _page(request: HttpRequest, ticket: Ticket, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "area": "queue",
        "ticket": ticket,
        "sentences": list(_sentences(ticket)),
        "said": problem,
        "problem": bool(problem),
        "rail_items": rail(request),
        "view": view_of(request),
        "back": with_view(request, ticket.pk),
    }
    return render(request, "desk/delete.html", context, status=status)


def _sentences(ticket: Ticket) -> Iterable[str]:
    names = {"number": ticket.pk, "person": ticket.requester, "days": queries.RESTORABLE.days}
    yield _("#%(number)s leaves every list, search and report, here and for %(person)s.") % names
    yield _("What %(person)s writes to it opens a new ticket. Nothing is sent for it any more.") % names
    yield _("Its clocks end, and nothing of it is measured.")
    if Draft.objects.filter(ticket=ticket, send_at__isnull=False).exists():
        yield _("The reply that waits for its time is not sent; its author is told.")
    yield (
        _("For %(days)s days it can be brought back as it was. Then its words and files are erased.") % names
    )


@desk_view()
def deleted(request: HttpRequest) -> HttpResponse:
    """The deleted tickets that can be brought back, the latest first, 50 a page."""
    if not access.can_restore(request.user):
        raise NoSuchTicket
    rows = access.deleted_visible_to(request.user).select_related("requester", "team")
    rows = queries.deleted_before(rows, *_place(request.GET.get("after", "")))
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    who = queries.deleters(found[:PAGE])
    context = {
        "area": "queue",
        "rows": [(row, who.get(row.pk), queries.gone_for_good_at(row)) for row in found[:PAGE]],
        "after": f"{last.deleted_at.isoformat()}_{last.pk}" if last and last.deleted_at else "",
        "is_first": not request.GET.get("after"),
        "size": PAGE,
        "rail_items": rail(request, "deleted"),
    }
    return render(request, "desk/deleted.html", context)


def _place(text: str) -> tuple[datetime | None, int]:
    """Where a page goes on; an unreadable place is the beginning."""
    instant, _sep, number = text.rpartition("_")
    try:
        at = parse_datetime(instant)
    except ValueError:
        at = None
    return (at if at and at.tzinfo else None), number_of(number)


@desk_view("POST")
def restore(request: HttpRequest, number: int) -> HttpResponse:
    by: Any = request.user
    try:
        row = access.deleted_visible_to(by).filter(pk=number).first()
    except OverflowError as error:
        raise NoSuchTicket from error
    if row is None:
        if access.can_restore(by) and access.worked_by(by).filter(pk=number).exists():
            return see_other(with_view(request, number))  # somebody else was faster
        raise NoSuchTicket
    actions.restore(row, by=by)
    tell(request, _("#%(number)s is back as it was") % {"number": number})
    return see_other(with_view(request, number))
