"""Whom an escalation level tells: role → people → rows of mail and app, for many events in a few queries.

A role that nobody holds falls to the next one, so that a level never speaks to an empty room: no assignee →
the team's lead → the team's supervisors → every supervisor. Told is in working hours of the calendar that the
clock counts in, at once where they are open or the level is urgent. What fell due before the ticket came into
this installation is told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from helpdesk import telling
from helpdesk.models import Delivery
from helpdesk.telling import Told
from sla import queries as clocks
from sla.escalations import ADDRESS, Level
from tickets.models import Event, Role, Ticket, User
from tickets.models.people import STAFF_ROLES
from tickets.queries import imported_at

EARLY, LATE = "sla.warned", "sla.breached"
"""The templates, which are also what staff may decline: a promise that comes due, one that is or was due."""


def tell(events: Sequence[Event]) -> list[Told]:
    """What `sla.escalated` events tell, not yet written."""
    if not events:
        return []
    people = _People(events)
    imported = imported_at({event.ticket_id for event in events if event.ticket_id})
    rows: list[Told] = []
    for event in events:
        level = clocks.level_of(event)
        assert event.ticket_id is not None
        if level is None or event.at < imported.get(event.ticket_id, event.at):
            continue
        rows += _rows(event, level, people)
    return rows


def _rows(event: Event, level: Level, people: _People) -> list[Told]:
    template = EARLY if level.is_before else LATE
    send_at = event.recorded_at if level.urgent else clocks.next_open(event, event.recorded_at)
    times: dict[str, datetime] = {"send_at": send_at, "created_at": event.recorded_at}
    rows = telling.staff(event, people.behind(event, level.tell), template, times=times)
    known = {row.address for row in rows if isinstance(row, Delivery)}
    for address in (who.removeprefix(ADDRESS) for who in level.tell if who.startswith(ADDRESS)):
        if address not in known:
            rows.append(Delivery(event=event, address=address, template=template, **times))
    return rows


class _People:
    """The people behind the roles, for the tickets of some events."""

    def __init__(self, events: Iterable[Event]) -> None:
        tickets = Ticket.objects.filter(pk__in={event.ticket_id for event in events})
        rows = list(tickets.values_list("pk", "assignee", "team", "team__lead"))
        self.tickets = {pk: (assignee, team, lead) for pk, assignee, team, lead in rows}
        self.teams = {team for _pk, _assignee, team, _lead in rows}
        named = {person for _pk, assignee, _team, lead in rows for person in (assignee, lead) if person}
        found = User.objects.filter(is_active=True, role__in=STAFF_ROLES).in_bulk(named)
        self.named: dict[int | None, User] = dict(found)

    def behind(self, event: Event, tell: Iterable[str]) -> list[User]:
        """Each once, in the order of the roles."""
        assert event.ticket_id is not None
        parties = self.tickets[event.ticket_id]
        found = {
            one.pk: one for who in tell if not who.startswith(ADDRESS) for one in self._in(who, *parties)
        }
        return list(found.values())

    def _in(self, role: str, assignee: int | None, team: int, lead: int | None) -> list[User]:
        for holder in {"assignee": (assignee, lead), "team_lead": (lead,)}.get(role, ()):
            if holder in self.named:
                return [self.named[holder]]
        if role == "team" and (members := self._members.get(team)):
            return members
        return self._supervisors_of.get(team) or self._supervisors

    @cached_property
    def _members(self) -> dict[int, list[User]]:
        return _by_team(self.teams, *STAFF_ROLES)

    @cached_property
    def _supervisors_of(self) -> dict[int, list[User]]:
        return _by_team(self.teams, Role.SUPERVISOR)

    @cached_property
    def _supervisors(self) -> list[User]:
        return list(User.objects.filter(role=Role.SUPERVISOR, is_active=True).order_by("pk"))


def _by_team(teams: Iterable[int], *roles: str) -> dict[int, list[User]]:
    pairs = User.teams.through.objects.filter(team__in=teams, user__role__in=roles, user__is_active=True)
    found: dict[int, list[User]] = {}
    for pair in pairs.select_related("user").order_by("user"):
        found.setdefault(pair.team_id, []).append(pair.user)
    return found
