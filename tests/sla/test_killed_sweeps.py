"""Two real processes sweep at once and one is killed in the middle: every level falls once.

The full-size form is `bin/drill escalations`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection

from config import env
from sla import actions as sla_actions
from sla import tasks
from sla.models import Clock
from tests.cast import make_cast
from tests.sla.conftest import MONDAY
from tickets import actions
from tickets.models import Event

CHILD = """
import django
django.setup()
from sla import tasks
print("ready", flush=True)
input()
tasks.sweep(helped=True)
"""


@pytest.fixture
def two_sweepers(transactional_db):
    """Two processes that sweep the test's database as soon as they are told to."""
    at = connection.settings_dict
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgresql://{at['USER']}@/{at['NAME']}?host={at['HOST']}",
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    there = [
        subprocess.Popen([sys.executable, "-c", CHILD], env=environment, cwd=env.ROOT, **pipes)
        for _nth in range(2)
    ]
    for child in there:
        assert child.stdout.readline() == "ready\n"
    yield there
    for child in there:
        child.kill()
        child.communicate()


def _go(child):
    child.stdin.write("\n")
    child.stdin.flush()


def _await_one_that_waits_for_the_events():
    """Until a sweeper has claimed and written its clocks and is held at the door of the events."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    end = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(waiting, ['INSERT INTO "tickets_event"%'])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("no sweeper came to the events")


def test_killed_in_the_middle_beside_another_every_level_falls_once(two_sweepers):
    cast = make_cast()
    sla_actions.install_defaults()
    for _number in range(20):
        actions.open_ticket(
            requester=cast.priya,
            subject="Refund",
            team=cast.billing,
            by=cast.priya,
            channel="mail",
            at=MONDAY,
        )
    killed, other = two_sweepers
    holder = connection.copy()
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE tickets_event IN EXCLUSIVE MODE")
        _go(killed)
        _await_one_that_waits_for_the_events()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        _go(other)
    finally:
        holder.rollback()
        holder.close()
    assert other.wait(60) == 0
    end = time.monotonic() + 60  # until the database has noticed the death, what was held is passed over
    while Clock.objects.exclude(next_check_at=None).exists() and time.monotonic() < end:
        tasks.sweep(helped=True)
    levels = Event.objects.filter(kind="sla.escalated").values_list(
        "ticket", "data__metric", "data__level", "at"
    )
    assert len(levels) == 20 * 2 * 2
    assert len(set(levels)) == len(levels)
    breaches = Event.objects.filter(kind="sla.breached").values_list("at", flat=True)
    assert set(breaches) == {MONDAY + timedelta(hours=4), MONDAY + timedelta(days=2, hours=8)}
    assert len(breaches) == 40
    assert not Clock.objects.exclude(next_check_at=None).exists()
