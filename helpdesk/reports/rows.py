"""The tickets behind rows, for lists and exports: looked up for the rows on view only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tickets import access
from tickets.models import Team, Ticket, User

BATCH = 1000


@dataclass(frozen=True)
class Line:
    """A row with its ticket (None where it has none or the reader may not see it any more) and the names that
    go with it; `person` is who was asked, of rows without a ticket."""

    row: Any
    ticket: Ticket | None
    team: str
    agent: str
    person: str = ""


def lines(rows: Iterable[Any], reader: Any) -> Iterator[Line]:
    """Rows with their tickets, batch by batch: three queries for each thousand rows."""
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        ids = {row.ticket for row in batch if row.ticket is not None}
        visible = access.visible_to(reader).filter(pk__in=ids).select_related("requester")
        tickets = {ticket.pk: ticket for ticket in visible}
        teams = _names(Team, {row.team for row in batch})
        agents = _names(User, {row.agent for row in batch})
        people = _people({row.person for row in batch if row.ticket is None}, reader)
        for row in batch:
            ticket = tickets.get(row.ticket)
            yield Line(row, ticket, teams.get(row.team, ""), agents.get(row.agent, ""), _person(row, people))


def _people(keys: set[int | None], reader: Any) -> dict[int, str]:
    visible = access.people_visible_to(reader).filter(pk__in=[key for key in keys if key is not None])
    return {person.pk: str(person) for person in visible} if keys else {}


def _person(row: Any, people: dict[int, str]) -> str:
    return people.get(row.person, "") if row.ticket is None else ""


def _names(model: Any, keys: set[int | None]) -> dict[int | None, str]:
    return {row.pk: str(row) for row in model.objects.filter(pk__in=[key for key in keys if key is not None])}
