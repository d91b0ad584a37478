"""Where a ticket stands in the list that it was opened from: back, previous, next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from helpdesk.desk import listing
from helpdesk.desk.rail import view_path, view_word
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
    view = request.GET.get("view", "")
    return view if view in listing.VIEWS else listing.VIEWS[0]


def with_view(request: HttpRequest, number: int) -> str:
    """The ticket's address, keeping the view it was opened from."""
    path = reverse("desk:ticket", args=[number])
    return f"{path}?view={view_of(request)}" if request.GET.get("view") else path


def place(request: HttpRequest, ticket: Ticket, total: int) -> Place:
    """Three queries at most; `total` is how many the view holds, `ticket` comes from `find_ticket`.

    A ticket that left the view still knows who would stand beside it.
    """
    user: Any = request.user
    view = view_of(request)
    rows = listing.in_view(user, view)
    key = listing.Key.of(ticket)
    previous, following = listing.before(rows, key).first(), listing.after(rows, key).first()
    ahead, is_in = listing.standing(rows, key, ticket.pk) if total <= COUNTED else (0, False)
    return Place(
        word=view_word(view),
        back=view_path(view),
        previous=_path(previous, view),
        next=_path(following, view),
        position=ahead + 1 if is_in else None,
        total=total,
    )


def _path(row: Ticket | None, view: str) -> str:
    return f"{reverse('desk:ticket', args=[row.pk])}?view={view}#latest" if row else ""
