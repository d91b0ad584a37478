"""Where a reader is in the queue: which view, filtered by what, in which order.

It stands in the address, so that it can be kept, sent and gone back to; the ticket page carries it along for
Previous, Next and the way back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.context import path_of
from helpdesk.desk import listing
from helpdesk.desk.listing import CAPPED
from tickets import access
from tickets.models import UNRESOLVED_STATUSES, SavedView, Ticket, User
from tickets.searching import BadQuery, Query, Term, apply, parse

SORT_WORDS = {
    "due": gettext_lazy("Due next"),
    "newest": gettext_lazy("Newest first"),
    "oldest": gettext_lazy("Oldest first"),
}
SETTLED = ("resolved", "closed")
STANDINGS = (*SETTLED, "open", "new", "waiting", "hold", "unresolved", "unanswered", "snoozed")
"""What `is:` may say of where a ticket stands; late and unassigned are no such words."""


@dataclass(frozen=True)
class Where:
    """A view in an order. `given_sort` and `given_q` are what the address names of order and filter (None:
    the remembered order, the view's own filter); `query` is the filter as it was understood, `problem` why
    it was not."""

    view: str
    sort: str = listing.SORTS[0]
    given_sort: str = ""
    given_q: str | None = None
    saved: SavedView | None = None
    query: Query | None = None
    problem: str = ""

    @property
    def text(self) -> str:
        """The filter as it stands in its field."""
        if self.given_q is not None:
            return self.given_q
        return self.saved.text if self.saved else ""

    @property
    def is_filtered(self) -> bool:
        return self.saved is not None or bool(self.text)

    @property
    def is_changed(self) -> bool:
        """A saved view with another filter than its own."""
        return self.saved is not None and self.text != self.saved.text

    @property
    def address(self) -> str:
        """What stands behind `?view=` in every address that keeps the place."""
        given = {"sort": self.given_sort, "q": self.given_q}
        rest = urlencode(
            {key: value for key, value in given.items() if value or (key == "q" and value == "")}
        )
        return f"{self.view}&{rest}" if rest else self.view

    @property
    def path(self) -> str:
        return f"{path_of('desk:queue')}?view={self.address}"

    def ticket_path(self, number: int) -> str:
        return f"{reverse('desk:ticket', args=[number])}?view={self.address}"

    def filtered_by(self, text: str) -> str:
        """The path of the same place with another filter."""
        query = {"view": self.view, "q": text} | ({"sort": self.given_sort} if self.given_sort else {})
        if not text and self.saved is None:
            del query["q"]
        return f"{path_of('desk:queue')}?{urlencode(query)}"

    def without(self, term: Term) -> str:
        return self.filtered_by(self.query.without(term)) if self.query else self.path

    @property
    def without_words(self) -> str:
        return self.filtered_by(" ".join(term.text for term in self.query.terms) if self.query else "")

    def tickets(self, user: User) -> QuerySet[Ticket]:
        """What the reader may work on here, in no order yet. A saved view without a word on the status holds
        what is unresolved; nothing is held by a filter that was not understood."""
        if self.problem:
            return Ticket.objects.none()
        if self.saved is None:
            rows = listing.in_view(user, self.view)
        else:
            rows = access.worked_by(user)
            if self.query is None or not _says(self.query, STANDINGS):
                rows = rows.filter(Q(status__in=UNRESOLVED_STATUSES))
        return apply(rows, self.query) if self.query else rows

    def key(self, user: User) -> tuple[object, ...] | None:
        """All that the tickets of a plain view depend on beside the reader's number; None where that is more
        than the view and the reader."""
        if self.is_filtered or self.problem:
            return None
        return (self.view, *listing.footing(user, self.view))

    def parts(self, user: User) -> listing.Parts:
        """How `tickets` are read by due time: as the view is, unless a filter leads to fewer."""
        if self.query and (self.query.phrases or self.query.has("assignee")):
            return ()
        return listing.parts(user, "open" if self.saved else self.view)

    def is_counted(self, total: int) -> bool:
        """Whether `total` is the whole number: filters, and what is due soon, count as far as CAPPED + 1."""
        return total <= CAPPED or not (self.is_filtered or self.view == "soon")

    def total(self, user: User, counts: listing.Counts) -> int:
        """How many tickets it holds; of a filter at most CAPPED + 1."""
        if not self.is_filtered:
            return counts.held[self.view]
        return self.tickets(user).order_by()[: CAPPED + 1].count()


def reaches_settled(query: Query) -> bool:
    """Whether a filter asks for tickets that owe nothing any more: they have no place by due time."""
    return _says(query, SETTLED)


def _says(query: Query, values: tuple[str, ...]) -> bool:
    asked = [term for term in query.terms if term.key == "is" and not term.text.startswith("-")]
    return any(term.value.lower() in values for term in asked)


def where_of(request: HttpRequest) -> Where:
    """Where the address says; what it does not say or nobody knows is the first view, in the order in which
    the reader last saw that view. Read once a request."""
    known: Where | None = getattr(request, "_where", None)
    if known is None:
        known = _read(request)
        request._where = known  # type: ignore[attr-defined]
    return known


def _read(request: HttpRequest) -> Where:
    user: Any = request.user
    view, problem = request.GET.get("view", ""), ""
    saved = saved_of(user, view)
    if saved is None and view not in listing.VIEWS:
        problem = _("This view was deleted, or is no longer shared with you.") if is_saved(view) else ""
        view = listing.VIEWS[0]
    given_q = request.GET.get("q")
    given_q = given_q.strip()[:1000] if given_q is not None else None
    given = request.GET.get("sort", "")
    given = given if given in listing.SORTS else ""
    sort = given or _remembered(user, view, saved)
    where = Where(view, sort, given, given_q, saved, None, problem)
    if not where.text or problem:
        return where
    try:
        query = parse(where.text, user)
    except BadQuery as error:
        return replace(where, problem=str(error))
    return replace(where, query=query, sort="newest" if sort == "due" and reaches_settled(query) else sort)


def _remembered(user: User, view: str, saved: SavedView | None) -> str:
    fallback = saved.sort if saved else listing.SORTS[0]
    sort: str = (user.preferences.get("sorts") or {}).get(view, fallback)
    return sort if sort in listing.SORTS else listing.SORTS[0]


def is_saved(view: str) -> bool:
    return view[:1] == "s" and view[1:].isascii() and view[1:].isdigit() and len(view) < 18


def saved_of(user: User, view: str) -> SavedView | None:
    """The saved view of the name that it has in addresses ("s12"), if the reader may see it."""
    if not is_saved(view):
        return None
    return access.saved_views_visible_to(user).filter(pk=int(view[1:])).first()
