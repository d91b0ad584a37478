"""Several workers at the same follow-ups: each is sent once, none is forgotten, and no budget is exceeded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from followup import tasks
from followup.models import FollowUp, Rule
from helpdesk.models import Delivery
from tests.followup.conftest import DAY


def sweep(_turn: int) -> int:
    try:
        return tasks.send_due()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_remind_once_and_keep_the_budget(cast, switch, wait):
    switch("waiting", after=1, at_most=2)
    Rule.objects.update(window_from=None, window_to=None)
    long_ago = timezone.now() - 3 * DAY
    for turn in range(4):
        wait(at=long_ago + timedelta(minutes=turn))
    FollowUp.objects.update(due_at=timezone.now() - DAY)  # whatever the window said
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep, range(6)))
    sweep(0)  # what another worker held at the time is found by the next sweep
    assert FollowUp.objects.filter(state="sent").count() == 2
    assert FollowUp.objects.filter(state="planned", due_at__gt=timezone.now()).count() == 2
    assert Delivery.objects.filter(template="followup.waiting").count() == 2
