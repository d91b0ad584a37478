"""Two installations of this product mail each other, acknowledgements on: they fall silent by themselves.

Each has a database, a domain and a key of its own; what one hands to the mail server is taken by the other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

import psycopg
import pytest
from django.db import connection

from helpdesk.mail import inbound, outbound
from helpdesk.models import Company, SupportAddress
from tests.cast import PersonFactory
from tests.helpdesk.mail.post import receive
from tests.helpdesk.mail.servers import Sink
from tickets import actions
from tickets.models import Message, Role, Team, Ticket, User

pytestmark = pytest.mark.django_db(transaction=True)

SAYS_AUTOMATIC = "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"
THREADS = "In-Reply-To", "References", "Reply-To"


class Instance:
    """An installation: `here()` makes it the one that this process works for."""

    def __init__(self, name: str, database: str, settings: Any) -> None:
        self.domain = f"{name}.example"
        self.support = f"support@{self.domain}"
        self.database, self.settings = database, settings

    @contextmanager
    def here(self) -> Iterator[None]:
        before = connection.settings_dict["NAME"], self.settings.SECRET_KEY, self.settings.MAIL_DOMAIN
        self._become(self.database, f"key of {self.domain} " * 4, self.domain)
        try:
            yield
        finally:
            self._become(*before)

    def _become(self, database: str, key: str, domain: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = database
        self.settings.SECRET_KEY, self.settings.MAIL_DOMAIN = key, domain

    def furnish(self) -> None:
        with self.here():
            Company.objects.update_or_create(pk=1, defaults={"name": self.domain})
            team = Team.objects.create(name="Support")
            SupportAddress.objects.create(address=self.support, team=team)
            PersonFactory(name="Mira", email=f"mira@{self.domain}", role=Role.AGENT, teams=[team])


@pytest.fixture
def two(settings: Any) -> Iterator[tuple[Instance, Instance]]:
    name = connection.settings_dict["NAME"]
    second = f"{name}_two_{os.getpid()}"
    connection.close()
    address = (
        f"postgresql://{connection.settings_dict['USER']}@/postgres?host={connection.settings_dict['HOST']}"
    )
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        admin.execute(f'create database "{second}" template "{name}"')
        try:
            pair = Instance("north", name, settings), Instance("south", second, settings)
            for instance in pair:
                instance.furnish()
            yield pair
        finally:
            connection.close()
            admin.execute(f'drop database "{second}" with (force)')


def as_it_is(raw: bytes) -> bytes:
    return raw


def stripped(raw: bytes) -> bytes:
    """As a relay leaves it that takes away all that says “automatic” and to what it answers."""
    mail = message_from_bytes(raw, policy=policy.SMTP)
    for name in (*SAYS_AUTOMATIC, *THREADS):
        del mail[name]
    mail.replace_header("Subject", re.sub(r"\[.*?\]|^Re: ", "", str(mail["Subject"])))
    return mail.as_bytes()


def exchange(pair: tuple[Instance, Instance], server: Sink, relay: Callable[[bytes], bytes]) -> list[int]:
    """Carry mail to and fro until nothing moves: how many mails crossed in each round."""
    rounds: list[int] = []
    while len(rounds) < 10:
        crossed = 0
        for sender, receiver in (pair, pair[::-1]):
            del server.bodies[:]
            with sender.here():
                outbound.deliver_due()
            for envelope_from, to, raw in list(server.bodies):
                if to.endswith(receiver.domain) and not to.startswith("mira@"):
                    crossed += 1
                    path = envelope_from if relay is as_it_is else f"relay@{sender.domain}"
                    with receiver.here():
                        receive(relay(raw), envelope_from=path, to=[to])
        if not crossed:
            return rounds
        rounds.append(crossed)
    raise AssertionError(f"they never fall silent: {rounds}")


@pytest.mark.parametrize("relay", [as_it_is, stripped], ids=lambda relay: relay.__name__)
def test_two_instances_that_acknowledge_each_other_fall_silent(two, mail_server, relay):
    north, south = two
    with north.here():
        them = PersonFactory(name="South", email=south.support)
        mira = User.objects.get(email="mira@north.example")
        ticket = actions.open_ticket(
            requester=them, subject="Your invoice", team=mira.teams.get(), by=mira, channel="mail",
            spoke_first="agent", words="Could you look at it?",
        )  # fmt: skip
    rounds = exchange(two, mail_server, relay)
    assert len(rounds) <= 3
    assert sum(rounds) <= 4
    with south.here():
        assert Message.objects.filter(text__contains="Could you look at it?").count() == 1
        assert inbound.account()["waiting"] == 0
    with north.here():
        account = inbound.account()
        assert (account["waiting"], account["quarantined"]) == (0, 0)
        if relay is as_it_is:  # the acknowledgement is a quiet event of the ticket: nobody's turn, no ticket
            assert Ticket.objects.get() == ticket
            assert ticket.messages.filter(automatic=True).count() == 1
            assert sum(rounds) == 2
