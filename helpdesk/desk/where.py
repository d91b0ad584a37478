"""Where a reader is in the queue: which view, in which order.

It stands in the address, so that it can be kept, sent and gone back to; the ticket page carries it along for
Previous, Next and the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from helpdesk.desk import listing
from tickets.models import Ticket, User

SORT_WORDS = {
    "due": gettext_lazy("Due next"),
    "newest": gettext_lazy("Newest first"),
    "oldest": gettext_lazy("Oldest first"),
}


@dataclass(frozen=True)
class Where:
    """A view in an order. `given_sort` is the order that the address names, "" where the remembered holds."""

    view: str
    sort: str = listing.SORTS[0]
    given_sort: str = ""

    @property
    def address(self) -> str:
        """What stands behind `?view=` in every address that keeps the place."""
        rest = urlencode({"sort": self.given_sort} if self.given_sort else {})
        return f"{self.view}&{rest}" if rest else self.view

    @property
    def path(self) -> str:
        return f"{reverse('desk:queue')}?view={self.address}"

    def ticket_path(self, number: int) -> str:
        return f"{reverse('desk:ticket', args=[number])}?view={self.address}"

    def tickets(self, user: User) -> QuerySet[Ticket]:
        """What the reader may work on here, in no order yet."""
        return listing.in_view(user, self.view)


def where_of(request: HttpRequest) -> Where:
    """Where the address says; what it does not say or nobody knows is the first view, in the order in which
    the reader last saw that view."""
    user: Any = request.user
    view = request.GET.get("view", "")
    view = view if view in listing.VIEWS else listing.VIEWS[0]
    given = request.GET.get("sort", "")
    given = given if given in listing.SORTS else ""
    remembered = (user.preferences.get("sorts") or {}).get(view, "")
    fallback = remembered if remembered in listing.SORTS else listing.SORTS[0]
    return Where(view, given or fallback, given)
