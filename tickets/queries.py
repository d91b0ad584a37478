"""What is asked about tickets: the desk's views, their counts, the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, Q, QuerySet

from tickets import access
from tickets.models import UNRESOLVED_STATUSES, Event, Message, Status, Team, Ticket, User

VIEWS = ("mine", "team", "unassigned", "waiting", "open")
"""The desk's own views, in the order of the rail."""


def view_condition(user: User, view: str) -> Q:
    """What a desk view holds, on top of what the user may work on. Raises KeyError for an unknown view."""
    working = Q(status__in=(Status.NEW, Status.OPEN))
    return {
        "mine": Q(assignee=user.pk) & working,
        "team": Q(team__in=user.teams.all()) & working,
        "unassigned": Q(assignee=None) & working,
        "waiting": Q(status__in=(Status.WAITING, Status.ON_HOLD)),
        "open": Q(status__in=UNRESOLVED_STATUSES),
    }[view]


def in_view(user: User, view: str) -> QuerySet[Ticket]:
    """The tickets of one desk view that the user may work on."""
    return access.worked_by(user).filter(view_condition(user, view))


def view_counts(user: User) -> dict[str, int]:
    """How many tickets each view holds, in one query over the unresolved ones."""
    counts = {view: Count("pk", filter=view_condition(user, view)) for view in VIEWS}
    return access.worked_by(user).filter(status__in=UNRESOLVED_STATUSES).aggregate(**counts)


def timeline(ticket: Ticket) -> QuerySet[Event]:
    """Everything that happened to a ticket, in order."""
    return ticket.events.select_related("actor").order_by("seq")


def latest_words(tickets: list[Ticket], *, public_only: bool = True) -> dict[int, Message]:
    """The newest message of each ticket, in one query, by ticket id."""
    words = Message.objects.filter(ticket__in=tickets, automatic=False, held=False, withdrawn_at=None)
    if public_only:
        words = words.filter(public=True)
    newest = words.order_by("ticket_id", "-said_at", "-pk").distinct("ticket_id").select_related("author")
    return {message.ticket_id: message for message in newest}


def matching(tickets: QuerySet[Ticket], words: str) -> QuerySet[Ticket]:
    """Those whose number is `words` or whose subject has all of its words (from their beginnings)."""
    words = words.replace("\x00", " ").strip()[:400]
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 18:
        return tickets.filter(pk=int(number))
    terms = ["".join(ch for ch in word if ch.isalnum() or ch in "-_") for word in words.split()[:12]]
    terms = [term for term in terms if term.strip("-_")]
    if not terms:
        return tickets.none()
    query = SearchQuery(" & ".join(f"'{term}':*" for term in terms), config="simple", search_type="raw")
    return tickets.filter(search=query)


def due_to_close(now: datetime) -> QuerySet[Ticket]:
    """Resolved tickets whose team's closing days are over."""
    due = Q()
    for team, days in Team.objects.values_list("pk", "close_after_days"):
        due |= Q(team=team, resolved_at__lte=now - timedelta(days=days))
    return (
        Ticket.objects.filter(due, status=Status.RESOLVED).order_by("resolved_at")
        if due
        else Ticket.objects.none()
    )
