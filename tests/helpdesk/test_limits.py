"""Tries are counted exactly, also at once, and forgotten when their window is over."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection

from helpdesk import limits
from helpdesk.models import Tally

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_limit_itself_is_allowed_and_the_next_try_must_wait(db):
    for second in range(3):
        at = NOON + timedelta(seconds=second)
        assert limits.wait_for("sign-in", "ann", limit=3, per=MINUTE, at=at) is None
    late = NOON + timedelta(seconds=20)
    assert limits.wait_for("sign-in", "ann", limit=3, per=MINUTE, at=late) == timedelta(seconds=40)


def test_a_new_window_starts_when_the_old_one_is_over(db):
    assert limits.wait_for("sign-in", "ann", limit=1, per=MINUTE, at=NOON) is None
    assert limits.wait_for("sign-in", "ann", limit=1, per=MINUTE, at=NOON + MINUTE) is None


def test_people_and_purposes_are_counted_apart(db):
    for name, who in (("a", 1), ("b", 1), ("a", 2)):
        assert limits.wait_for(name, who, limit=1, per=MINUTE, at=NOON) is None


def test_old_tallies_are_forgotten(db):
    limits.wait_for("a", 1, limit=1, per=MINUTE, at=NOON)
    assert limits.forget(NOON) == 0
    assert limits.forget(NOON + MINUTE) == 1
    assert not Tally.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_try_is_lost_when_many_come_at_once():
    allowed = []

    def try_often():
        for _ in range(20):
            allowed.append(limits.wait_for("a", 1, limit=30, per=MINUTE) is None)
        connection.close()

    threads = [Thread(target=try_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert allowed.count(True) == 30
