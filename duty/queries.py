"""What is asked about the distribution of work: what waits for whom."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from tickets import queries
from tickets.models import Ticket, User


def takeable(person: User) -> QuerySet[Ticket]:
    """The tickets that wait for somebody in the person's own teams, in no order yet."""
    return queries.in_view(person, "unassigned").filter(
        team__in=list(person.teams.values_list("pk", flat=True))
    )


def waiting_elsewhere(person: User) -> list[tuple[str, int]]:
    """Names of the other teams whose tickets the person may work on and in which tickets wait for somebody,
    with how many."""
    waiting = queries.in_view(person, "unassigned").exclude(team__in=person.teams.all())
    found = waiting.order_by("team__name").values_list("team__name").annotate(number=Count("pk"))
    return [(name, number) for name, number in found]
