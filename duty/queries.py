"""What is asked about the distribution of work: what waits for whom, who is there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, QuerySet

from duty.choosing import Candidate
from duty.models import Arrival, Duty, Sharing, Turn
from sla.book import BOOK
from sla.models import CalendarVersion
from sla.queries import in_due_order
from tickets import access, queries
from tickets.models import UNRESOLVED_STATUSES, Team, Ticket, User
from tickets.models.people import STAFF_ROLES


def takeable(person: User, teams: Collection[int]) -> QuerySet[Ticket]:
    """The tickets of some teams that wait for somebody and that the person may work on, in due order. They
    may be locked: one that another took meanwhile is none of them."""
    waiting = queries.in_view(person, "unassigned").filter(team__in=teams)
    return in_due_order(waiting).filter(queries.view_condition(person, "unassigned"), team__in=teams)


def teams_on_shift(person: User, at: datetime) -> tuple[list[int], bool]:
    """The person's own teams in which they work at `at`, by their own hours or else those of the team; and
    whether there are others, in which they do not. Two queries."""
    own = person.teams.values_list("pk", "sharing__calendar")
    hours = duty_of(person).calendar_id
    closed = _closed(at)
    on = [team for team, calendar in own if (hours or calendar) not in closed]
    return on, len(on) < len(own)


def waiting_elsewhere(person: User) -> list[tuple[str, int]]:
    """Names of the other teams whose tickets the person may work on and in which tickets wait for somebody,
    with how many."""
    waiting = queries.in_view(person, "unassigned").exclude(team__in=person.teams.all())
    found = waiting.order_by("team__name").values_list("team__name").annotate(number=Count("pk"))
    return [(name, number) for name, number in found]


def duty_of(person: User) -> Duty:
    """How a person works; what holds for everybody where nothing was set. Asked once for each user object."""
    try:
        return person.duty
    except Duty.DoesNotExist:
        return Duty(person=person)


def sharing_of(team: Team) -> Sharing:
    """How a team's tickets find their owners; by hand where nothing was set."""
    return Sharing.objects.filter(team=team).select_related("calendar").first() or Sharing(team=team)


def members_of(team: Team) -> list[User]:
    """The people among whom a team's tickets are shared out, with their duty, in order of name."""
    people = team.members.filter(is_active=True, role__in=STAFF_ROLES)
    return list(people.select_related("duty").order_by("name", "pk"))


def who_is_there(people: list[User], team_calendar: int | None, at: datetime) -> list[User]:
    """Those of some people who work at `at`: not away, and within their own hours, else those of the team.
    One query."""
    closed = _closed(at)
    duties = [(one, duty_of(one)) for one in people]
    return [
        one
        for one, duty in duties
        if not duty.is_away(at) and (duty.calendar_id or team_calendar) not in closed
    ]


def _closed(at: datetime) -> set[int]:
    """The calendars that are closed at `at`."""
    latest = CalendarVersion.objects.order_by("calendar", "-number").distinct("calendar")
    found = latest.values_list("calendar", "pk")
    return {calendar for calendar, pk in found if not BOOK.calendar(pk).is_open(at)}


def candidates(sharing: Sharing, at: datetime) -> list[Candidate]:
    """Who of a team is there at `at`, with what they own and when they were last given a ticket of it."""
    there = who_is_there(members_of(sharing.team), sharing.calendar_id, at)
    owned = loads(there)
    turns = dict(Turn.objects.filter(team=sharing.team_id).values_list("person", "event"))
    return [
        Candidate(one.pk, owned.get(one.pk, 0), duty_of(one).limit, turns.get(one.pk, 0)) for one in there
    ]


def loads(people: list[User]) -> dict[int, int]:
    """How many unresolved tickets each of some people owns; who owns none is left out."""
    owned = Ticket.objects.filter(assignee__in=people, status__in=UNRESOLVED_STATUSES)
    found = owned.order_by().values_list("assignee").annotate(number=Count("pk"))
    return {pk: number for pk, number in found if pk is not None}


def owed_by(person: User) -> QuerySet[Ticket]:
    """What a person could hand back on going away: their unresolved tickets on which the customer waits for
    an answer, the longest waiting first."""
    owned = access.worked_by(person).filter(assignee=person.pk, status__in=UNRESOLVED_STATUSES)
    return owned.filter(unanswered_since__isnull=False).order_by("unanswered_since", "pk")


def left_behind(before: datetime) -> list[int]:
    """Numbers of the arrivals that nobody shared out since before an instant, the oldest first."""
    rows = Arrival.objects.filter(arrived_at__lt=before, left_at=None).order_by("arrived_at", "pk")
    return list(rows.values_list("pk", flat=True)[:500])


def left_waiting(team: int) -> list[int]:
    """Numbers of the arrivals of a team that wait because nobody was there and are not put off, what is due
    next first."""
    rows = dict(Arrival.objects.filter(team=team, left_at__isnull=False).values_list("ticket", "pk"))
    waiting = in_due_order(Ticket.objects.filter(pk__in=rows, snoozed_until=None))
    return [rows[pk] for pk in waiting.values_list("pk", flat=True)]
