"""Where a ticket stands in the list that it was opened from: back, previous, next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from helpdesk.desk import listing
from helpdesk.desk.rail import view_word
from helpdesk.desk.where import Where, where_of
from tickets.models import Ticket

COUNTED = 500
"""A place in a longer list than this is not worth its count."""


@dataclass
class Place:
    """The list's name and address, the neighbours' addresses ("" at an end), and "3 of 12" where known."""

    word: str
    back: str
    previous: str
    next: str
    position: int | None
    total: int


def view_of(request: HttpRequest) -> str:
    """The view in which the reader opened the ticket; the first one if the address does not say."""
    return where_of(request).view


def with_view(request: HttpRequest, number: int) -> str:
    """The ticket's address, keeping the view it was opened from."""
    if request.GET.get("view"):
        return where_of(request).ticket_path(number)
    return reverse("desk:ticket", args=[number])


def place(request: HttpRequest, ticket: Ticket, counts: listing.Counts) -> Place:
    """One query, none beside a list that is empty, and one to count what a filter holds; `ticket` comes from
    `find_ticket`.

    A ticket that left the view still knows who would stand beside it.
    """
    user: Any = request.user
    where = where_of(request)
    total = where.total(user, counts)
    if not total:
        return Place(view_word(where), where.path, previous="", next="", position=None, total=0)
    previous, following, position = listing.beside(
        where.tickets,
        user,
        listing.Key.of(ticket),
        where.sort,
        counted=where.is_counted(total) and total <= COUNTED,
        key=where.key(user),
        parts=where.parts,
    )
    return Place(
        word=view_word(where),
        back=where.path,
        previous=_path(previous, where),
        next=_path(following, where),
        position=position + 1 if position is not None else None,
        total=total,
    )


def following(request: HttpRequest, ticket: Ticket) -> str:
    """The address of the ticket below the place where this one stood when `find_ticket` read it; what was
    done since may have moved it. "" at the end of the list. One query."""
    user: Any = request.user
    where = where_of(request)
    rows = where.tickets(user).exclude(pk=ticket.pk)
    start, parts = listing.Key.of(ticket), where.parts(user)
    row = next(iter(listing.ordered(rows, where.sort, start, parts=parts, size=1)), None)
    return where.ticket_path(row.pk) if row else ""


def _path(number: int | None, where: Where) -> str:
    return f"{where.ticket_path(number)}#latest" if number is not None else ""
