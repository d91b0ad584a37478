"""Several workers at the same surveys: nobody is asked twice, and nobody is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from feedback import tasks
from feedback.models import Survey
from tickets.models import Event


def sweep(_turn: int) -> int:
    try:
        return tasks.invite_due()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_ask_each_person_once(cast, resolve):
    at = timezone.now() - timedelta(days=2)
    for turn in range(6):
        resolve(requester=(cast.priya, cast.paul, cast.bob)[turn % 3], at=at)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep, range(8)))
    sweep(0)  # what another worker held at the time is found by the next sweep
    states = sorted(Survey.objects.values_list("person__name", "state"))
    assert states == sorted(
        (person.name, state)
        for person in (cast.priya, cast.paul, cast.bob)
        for state in ("invited", "suppressed")
    )
    assert Event.objects.filter(kind="survey.invited").count() == 3
