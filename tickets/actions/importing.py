"""Tickets from another system, written from its log by the same actions as here, at the instants it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models, transaction

from tickets.actions.opening import open_ticket
from tickets.actions.people import create_team, meet, set_role, set_teams
from tickets.actions.properties import assign, move, prioritize
from tickets.actions.status import STATUS_ACTIONS, reopen
from tickets.events import past
from tickets.models import Channel, Origin, Role, Status, Team, Ticket, User


@dataclass(frozen=True, kw_only=True)
class State:
    """How a ticket stood from an instant on. `team` and `assignee` are the source's keys; "" is nobody."""

    at: datetime
    status: Status
    team: str
    assignee: str
    priority: int


@dataclass(frozen=True, kw_only=True)
class History:
    """One ticket of the source: how it was opened, and every later state in order."""

    key: str
    opened_at: datetime
    requester: str
    subject: str
    text: str = ""
    channel: str = Channel.PHONE
    tags: Sequence[str] = ()
    states: Sequence[State]


@dataclass
class Importer:
    """Writes histories of one source; what its keys are called is said by `names(kind, key)`.

    People and teams are made when first met, without an address: nobody is mailed, nobody can sign in until
    an administrator gives them an address. Agents join each team in which the source saw them at work.
    """

    source: str
    names: Callable[[Origin.Kind, str], str]
    _known: dict[tuple[str, str], int] = field(init=False)
    _people: dict[str, User] = field(init=False)
    _teams: dict[str, Team] = field(init=False)
    _member_of: dict[int, set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._people, self._teams, self._member_of = {}, {}, {}
        rows = Origin.objects.filter(source=self.source).values_list("kind", "key", "object_id")
        self._known = {(kind, key): pk for kind, key, pk in rows}

    def has(self, key: str) -> bool:
        """Whether the ticket was imported before."""
        return (Origin.Kind.TICKET, key) in self._known

    def write(self, history: History) -> Ticket:
        """One ticket with all its events, or nothing of it. Raises as the actions do."""
        try:
            return self._write(history)
        except Exception:
            self._forget()  # who was first met with it is taken back as well
            raise

    def _write(self, history: History) -> Ticket:
        with transaction.atomic():
            with past():
                ticket = self._open(history)
                for state in history.states:
                    ticket = self._bring(ticket, state)
            self._remember(Origin.Kind.TICKET, history.key, ticket)
        return ticket

    def _open(self, history: History) -> Ticket:
        first = history.states[0]
        return open_ticket(
            requester=self._person(f"caller {history.requester}"),
            subject=history.subject,
            team=self._team(first.team),
            by=None,
            channel=history.channel,
            words=history.text,
            priority=first.priority,
            tags=history.tags,
            at=history.opened_at,
        )

    def _bring(self, ticket: Ticket, state: State) -> Ticket:
        """Whatever differs, in the order in which it depends on each other."""
        team = self._team(state.team)
        agent = self._agent(state.assignee, team) if state.assignee else None
        # What is so already is not asked of an action: most lines of a log change one thing only.
        if ticket.team_id != team.pk:
            ticket = move(ticket, team, by=None, at=state.at)
        if ticket.assignee_id != (agent.pk if agent else None):
            ticket = assign(ticket, agent, by=None, at=state.at)
        if ticket.priority != state.priority:
            ticket = prioritize(ticket, state.priority, by=None, at=state.at)
        if state.status in (Status.NEW, ticket.status):
            return ticket
        if ticket.is_unresolved:
            settled = state.status in (Status.RESOLVED, Status.CLOSED)
            return STATUS_ACTIONS[state.status](ticket, by=agent if settled else None, at=state.at)
        if state.status in (Status.RESOLVED, Status.CLOSED):
            return STATUS_ACTIONS[state.status](ticket, by=None, at=state.at)
        ticket = reopen(ticket, by=None, at=state.at)
        return STATUS_ACTIONS[state.status](ticket, by=None, at=state.at)

    def _team(self, key: str) -> Team:
        if key not in self._teams:
            pk = self._known.get((Origin.Kind.TEAM, key))
            if pk is None:
                team = create_team(self.names(Origin.Kind.TEAM, key), by=None)
                self._remember(Origin.Kind.TEAM, key, team)
            else:
                team = Team.objects.get(pk=pk)
            self._teams[key] = team
        return self._teams[key]

    def _person(self, key: str) -> User:
        if key not in self._people:
            pk = self._known.get((Origin.Kind.PERSON, key))
            if pk is None:
                person = meet(None, name=self.names(Origin.Kind.PERSON, key))
                self._remember(Origin.Kind.PERSON, key, person)
            else:
                person = User.objects.get(pk=pk)
            self._people[key] = person
        return self._people[key]

    def _agent(self, key: str, team: Team) -> User:
        agent = self._person(f"agent {key}")
        if team.pk in self._member_of.get(agent.pk, ()):
            return agent
        if agent.role == Role.CUSTOMER:
            agent = set_role(agent, Role.AGENT, by=None)
        if team not in (teams := list(agent.teams.all())):
            agent = set_teams(agent, [*teams, team], by=None)
        self._member_of[agent.pk] = {team.pk, *(each.pk for each in teams)}
        self._people[f"agent {key}"] = agent
        return agent

    def _remember(self, kind: Origin.Kind, key: str, row: models.Model) -> None:
        Origin.objects.create(source=self.source, kind=kind, key=key, object_id=row.pk)
        self._known[kind, key] = row.pk
