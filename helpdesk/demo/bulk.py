"""Believable tickets in bulk, for trying and measuring the product at size.

Rows go in by COPY (PostgreSQL's bulk protocol) and the clocks are then folded from the events by the same rebuild that
`manage.py rebuild_clocks` runs, so nothing here knows how a clock works.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from helpdesk.demo.stories import CITIES, STORIES
from sla import clockwork
from tickets.models import Organization, Role, Tag, Team, User

DAYS = 365
BATCH = 5_000
COMMON_WORD, RARE_WORD = "refundable", "zebrafish"
"""Words put into 1 of 100 and 1 of 5,000 subjects, to measure search by."""

COLUMNS = {
    "tickets_ticket": (
        "id subject requester_id organization_id team_id assignee_id priority status type channel spoke_first "
        "opened_at updated_at resolved_at closed_at unanswered_since last_customer_at event_seq last_event_at"
    ).split(),
    "tickets_message": (
        "id ticket_id public author_id by automatic channel text fresh quoted html said_at visible_at held "
        "internet_message_id references"
    ).split(),
    "tickets_event": "ticket_id seq kind subject_kind subject_id actor_id at recorded_at data".split(),
    "tickets_ticket_tags": ["ticket_id", "tag_id"],
}


@dataclass
class Life:
    """The rows of one ticket as they grow."""

    ticket: dict[str, Any]
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def happen(
        self, kind: str, at: datetime, actor: int | None, subject: tuple[str, int | None], **data: Any
    ) -> None:
        seq = len(self.events) + 1
        row = (self.ticket["id"], seq, kind, *subject, actor, at, at, json.dumps(data))
        self.events.append(row)
        self.ticket |= {"event_seq": seq, "last_event_at": at, "updated_at": at}


@dataclass
class Seeder:
    """Makes `count` tickets that end at `now`; `applied` gives the versions that govern a ticket's clocks."""

    now: datetime
    applied: Callable[[], dict[str, int]]
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a story, no secret

    def seed(self, count: int, told: Callable[[int], None] = lambda _done: None) -> tuple[int, int]:
        """Write the rows in batches, each in its own transaction. Returns the first and the last ticket id."""
        self.teams = list(Team.objects.filter(is_active=True, members__role=Role.AGENT).distinct())
        self.agents = {
            team.pk: list(team.members.filter(role=Role.AGENT).values_list("pk", flat=True))
            for team in self.teams
        }
        self.customers = self._customers(max(40, count // 50))
        self.tags = {
            name: Tag.objects.get_or_create(name=name)[0].pk for name in {story.tag for story in STORIES}
        }
        self.versions = self.applied()
        first = self._reserve("tickets_ticket", count)
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            self._write(first + start, size)
            told(start + size)
        return first, first + count - 1

    def _customers(self, count: int) -> list[tuple[int, int | None]]:
        """(person, organisation) pairs; new people of new companies, by the hundred."""
        base = User.objects.count()
        organizations = Organization.objects.bulk_create(
            [Organization(name=f"Client {base + n}") for n in range(max(1, count // 20))]
        )
        people = User.objects.bulk_create(
            [
                User(
                    email=f"customer{base + n}@client.example",
                    name=f"{self.dice.choice(GIVEN)} {self.dice.choice(FAMILY)}",
                    organization=organizations[n % len(organizations)],
                    password="!",  # noqa: S106 - no password signs in with it
                )
                for n in range(count)
            ],
            batch_size=BATCH,
        )
        return [(person.pk, person.organization_id) for person in people]

    def _reserve(self, table: str, count: int) -> int:
        """The first of `count` consecutive ids that nobody else will get."""
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))")
            first = int(cursor.fetchone()[0])
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + count - 1])
        return first

    def _write(self, first: int, size: int) -> None:
        lives = [self._live(first + n) for n in range(size)]
        message = self._reserve("tickets_message", sum(len(life.messages) for life in lives))
        for life in lives:
            message = self._number(life, message)
        with transaction.atomic(), connection.cursor() as cursor:
            _copy(
                cursor,
                "tickets_ticket",
                ([life.ticket[c] for c in COLUMNS["tickets_ticket"]] for life in lives),
            )
            _copy(cursor, "tickets_message", (row for life in lives for row in life.messages))
            _copy(cursor, "tickets_event", (row for life in lives for row in life.events))
            _copy(cursor, "tickets_ticket_tags", ((life.ticket["id"], life.ticket["tag"]) for life in lives))

    def _number(self, life: Life, message: int) -> int:
        """Give the ticket's messages their ids and put them into the events that speak of them."""
        life.messages = [(message + n, *row) for n, row in enumerate(life.messages)]
        for n, event in enumerate(life.events):
            if event[3] == "tickets.message":
                pk = message + event[4]
                data = json.loads(event[8]) | {"message": pk}
                life.events[n] = (*event[:4], pk, *event[5:8], json.dumps(data))
        return message + len(life.messages)

    def _live(self, number: int) -> Life:
        dice = self.dice
        story = dice.choice(STORIES)
        fresh = dice.random() < 0.06
        days = dice.random() * (6 if fresh else DAYS)
        opened_at = self.now - timedelta(days=days, minutes=dice.randrange(1, 600))
        requester, organization = dice.choice(self.customers)
        team = dice.choice(self.teams)
        agent = dice.choice(self.agents[team.pk])
        fill = {
            "order": f"A-{dice.randrange(10_000, 999_999)}",
            "amount": "49.90",
            "city": dice.choice(CITIES),
            "name": "",
        }
        subject = dice.choice(story.subjects).format(**fill)
        subject += (
            f" {COMMON_WORD}" if number % 100 == 17 else f" {RARE_WORD}" if number % 5_000 == 33 else ""
        )
        channel = dice.choices(("mail", "portal", "phone", "api"), (60, 25, 10, 5))[0]
        life = Life(
            {
                "id": number,
                "subject": subject,
                "requester_id": requester,
                "organization_id": organization,
                "team_id": team.pk,
                "assignee_id": None,
                "priority": max(1, min(4, story.priority + dice.choice((-1, 0, 0, 0, 1)))),
                "status": "new",
                "type": story.type,
                "channel": channel,
                "spoke_first": "customer",
                "opened_at": opened_at,
                "resolved_at": None,
                "closed_at": None,
                "unanswered_since": opened_at,
                "last_customer_at": opened_at,
                "tag": self.tags[story.tag],
            }
        )
        self._open(life, story.customer[0].format(**fill))
        self._converse(
            life, [a.format(**fill) for a in story.agent], agent, stays_open=fresh and dice.random() < 0.9
        )
        return life

    def _open(self, life: Life, text: str) -> None:
        t = life.ticket
        opened = {
            "requester": t["requester_id"],
            "organization": t["organization_id"],
            "team": t["team_id"],
            "assignee": None,
            "priority": t["priority"],
            "type": t["type"],
            "status": "new",
            "channel": t["channel"],
            "spoke_first": "customer",
            "human": True,
            "follows": None,
        }
        subject = self._say(life, t["requester_id"], "customer", text, t["opened_at"])
        life.happen("ticket.opened", t["opened_at"], t["requester_id"], subject, **opened)
        life.happen("sla.applied", t["opened_at"], None, ("", None), **self.versions)

    def _say(self, life: Life, author: int, by: str, text: str, at: datetime) -> tuple[str, int]:
        t = life.ticket
        channel = t["channel"] if by == "customer" else "desk"
        life.messages.append(
            (t["id"], True, author, by, False, channel, text, text, "", "", at, at, False, "", "")
        )
        return "tickets.message", len(life.messages) - 1

    def _converse(self, life: Life, answers: list[str], agent: int, *, stays_open: bool) -> None:
        t, dice = life.ticket, self.dice
        whole = ("tickets.ticket", t["id"])
        at = t["opened_at"]
        if stays_open and dice.random() < 0.35:
            return
        for n, answer in enumerate(answers):
            at += timedelta(minutes=dice.lognormvariate(4.6, 1.2))
            if at > self.now:
                return
            if n == 0:
                life.happen("ticket.assigned", at, agent, whole, assignee=[None, agent])
                t["assignee_id"] = agent
            subject = self._say(life, agent, "agent", answer, at)
            life.happen("ticket.replied", at, agent, subject, by="agent", human=True, channel="desk")
            t["unanswered_since"] = None
            self._status(life, "waiting", "ticket.set_waiting", at, agent)
            at += timedelta(minutes=dice.lognormvariate(5, 1.2))
            if at > self.now or (stays_open and dice.random() < 0.4):
                return
            subject = self._say(life, t["requester_id"], "customer", "Thank you, that helped.", at)
            said = {"by": "customer", "human": True, "channel": t["channel"]}
            life.happen("ticket.replied", at, t["requester_id"], subject, **said)
            t |= {"unanswered_since": at, "last_customer_at": at}
            self._status(life, "open", "ticket.set_open", at, t["requester_id"])
        if stays_open:
            return
        at += timedelta(minutes=dice.lognormvariate(5, 1))
        if at < self.now:
            self._status(life, "resolved", "ticket.resolved", at, agent)
            t["resolved_at"] = at
        if at + timedelta(days=7) < self.now:
            at += timedelta(days=7)
            self._status(life, "closed", "ticket.closed", at, None)
            t["closed_at"] = at

    def _status(self, life: Life, status: str, kind: str, at: datetime, actor: int | None) -> None:
        old, life.ticket["status"] = life.ticket["status"], status
        life.happen(kind, at, actor, ("tickets.ticket", life.ticket["id"]), status=[old, status])


def _copy(cursor: Any, table: str, rows: Iterable[Iterable[Any]]) -> None:
    columns = ", ".join(f'"{column}"' for column in COLUMNS[table])
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def batches(first: int, last: int, size: int = 1_000) -> Iterator[range]:
    """Consecutive ids in pieces."""
    for start in range(first, last + 1, size):
        yield range(start, min(start + size, last + 1))


def fold_clocks(ids: range) -> int:
    """Make the clocks and measurements of some tickets from their events. Returns the number of tickets."""
    with transaction.atomic():
        clockwork.rebuild(list(ids))
    return len(ids)


GIVEN = "Anna Ben Clara David Elif Felix Greta Hugo Ines Jonas Kari Leo Mei Nora Omar Pia Ravi Sara Tom Yuki Zoe".split()
FAMILY = "Adams Berg Costa Dahl Evans Fischer Garcia Haas Ito Jansen Kaya Lind Martin Nowak Okafor Petit Rossi Sato".split()
