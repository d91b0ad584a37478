"""The people who ask: a list by name, and one page for each."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from helpdesk.desk import listing, panel, rows
from helpdesk.desk import timeline as history
from helpdesk.desk.base import NoSuchTicket, desk_view, is_part
from helpdesk.desk.listing import PAGE
from helpdesk.desk.people import people_matching
from helpdesk.desk.rail import rail
from tickets import access
from tickets.models import UNRESOLVED_STATUSES, Role, User


@desk_view()
def customers(request: HttpRequest) -> HttpResponse:
    """Customers by name, 50 a page, going on after the last name shown."""
    words = request.GET.get("q", "").strip()[:200]
    after_name, _sep, after_pk = request.GET.get("after", "").rpartition(".")
    people = people_matching(request.user, words).filter(role=Role.CUSTOMER)
    if after_pk.isascii() and after_pk.isdigit() and len(after_pk) < 18:
        people = people.filter(Q(name__gt=after_name) | Q(name=after_name, pk__gt=int(after_pk)))
    found = list(_with_numbers(people, request.user)[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    context = {
        "area": "customers",
        "people": found[:PAGE],
        "words": words,
        "after": f"{last.name}.{last.pk}" if last else "",
        "is_first": not request.GET.get("after"),
        "size": PAGE,
        "rail_items": rail(request),
    }
    return render(request, "desk/customers.html", context)


def _with_numbers(people: QuerySet[User], reader: Any) -> QuerySet[User]:
    """Adds how many open tickets each has that the reader may work on."""
    mine = Q(requested_tickets__in=access.worked_by(reader).filter(status__in=UNRESOLVED_STATUSES))
    return people.annotate(open_number=Count("requested_tickets", filter=mine))


@desk_view()
def customer(request: HttpRequest, person: int) -> HttpResponse:
    user: Any = request.user
    row = _person(user, person)
    tickets = access.worked_by(user).filter(requester=row.pk).order_by("-pk")
    context = {
        "area": "customers",
        "person": row,
        "rows": rows.rows_for(listing.listed(tickets[:PAGE]), user),
        "local_now": panel.local_now(row),
        "writes": panel.language_name(row.language),
        "rail_items": rail(request),
        "view": "open",
    }
    return render(request, "desk/customer.html", context)


@desk_view()
def timeline(request: HttpRequest, person: int) -> HttpResponse:
    """What was said and done on all their tickets: a page, or the part that a ticket's panel asks for."""
    user: Any = request.user
    row = _person(user, person)
    given = request.GET
    context = {
        "area": "customers",
        "person": row,
        "timeline": history.timeline(
            row, user, kind=given.get("kind", ""), shown=_number(given.get("shown", "")) or history.FIRST
        ),
        "kinds": {key: word for key, (word, _kinds) in history.KINDS.items()},
        "ticket_number": _number(given.get("ticket", "")),
        "address": reverse("desk:customer-timeline", args=[row.pk]),
    }
    if is_part(request):
        return render(request, "desk/_timeline.html", context)
    return render(request, "desk/timeline.html", context | {"rail_items": rail(request), "view": "open"})


def _number(text: str) -> int:
    """A number from the address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _person(reader: User, pk: int) -> User:
    """Raises NoSuchTicket."""
    try:
        return access.people_visible_to(reader).select_related("organization").get(pk=pk)
    except (User.DoesNotExist, OverflowError) as error:
        raise NoSuchTicket from error
