"""A sending process is killed for real, at two known points; another one takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from config import env
from helpdesk.mail import outbound
from helpdesk.models import Delivery
from tests.cast import make_cast
from tests.helpdesk.mail.servers import Sink
from tickets import actions

State = Delivery.State
PRIYA = "priya@customers.example"
CHILD = """
import django
django.setup()
from helpdesk.mail import outbound
outbound.deliver_due()
"""


@pytest.fixture
def answer(transactional_db, mail_server):
    """Mira's answer to Priya, committed and due, and nothing else."""
    cast = make_cast()
    ticket = actions.open_ticket(
        requester=cast.priya, subject="Refund", team=cast.billing, by=cast.priya, channel="mail"
    )
    Delivery.objects.all().delete()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    return Delivery.objects.get()


def _address() -> str:
    database = connection.settings_dict
    return f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"


def kill_at(server: Sink, fault: str) -> None:
    """Start a sender, wait until the server holds it at `fault`, and kill it."""
    server.faults[PRIYA] = fault
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": _address(),
        "EMAIL_URL": f"smtp://127.0.0.1:{server.port}/",
    }
    child = subprocess.Popen([sys.executable, "-c", CHILD], env=environment, cwd=env.ROOT)
    try:
        assert server.held.wait(60)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    server.faults.clear()


def take_over() -> None:
    """The lease runs out, and another worker sweeps and sends."""
    now = timezone.now()
    Delivery.objects.filter(state=State.IN_FLIGHT).update(claimed_until=now)
    outbound.rescue()
    Delivery.objects.update(send_at=now)
    outbound.deliver_due()


def test_killed_before_the_mail_was_handed_over_it_leaves_once(answer, mail_server):
    kill_at(mail_server, "park")
    answer.refresh_from_db()
    assert (answer.state, answer.offered_at, answer.attempts) == (State.IN_FLIGHT, None, 1)
    take_over()
    answer.refresh_from_db()
    assert (answer.state, answer.attempts) == (State.SENT, 2)
    assert mail_server.recipients == [PRIYA]


def test_killed_while_waiting_for_the_answer_there_is_one_extra_copy_at_most(answer, mail_server):
    kill_at(mail_server, "hang")
    answer.refresh_from_db()
    assert answer.state == State.IN_FLIGHT
    assert answer.offered_at
    take_over()
    answer.refresh_from_db()
    assert (answer.state, answer.lost_answers) == (State.SENT, 1)
    assert mail_server.recipients == [PRIYA, PRIYA]
    assert len({mail["Message-ID"] for mail in mail_server.mails()}) == 1


def test_a_database_that_is_busy_costs_no_mail(answer, mail_server):
    with connection.cursor() as cursor, psycopg.connect(_address()) as other:
        cursor.execute("SET lock_timeout = '200ms'")
        other.execute("LOCK TABLE helpdesk_company IN ACCESS EXCLUSIVE MODE")
        try:
            outbound.deliver_due()
        finally:
            cursor.execute("RESET lock_timeout")
    answer.refresh_from_db()
    assert (answer.state, answer.last_error) == (State.RETRYING, "OperationalError")
    take_over()
    assert mail_server.recipients == [PRIYA]
