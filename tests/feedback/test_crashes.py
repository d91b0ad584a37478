"""A worker may die between any two statements: nobody is asked twice, nobody is forgotten.

The small form of `bin/drill surveys`, which kills whole processes.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from feedback import actions as feedback
from feedback import tasks
from feedback.models import Cadence, Survey
from helpdesk.models import Delivery
from tickets.models import Event


class Killed(BaseException):
    """The worker is gone, whatever it was at."""


class Death:
    """Lets `after` statements through and then dies."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left < 0:
            raise Killed
        return execute(sql, params, many, context)


def works_until_killed(after: int) -> bool:
    """Do all periodic work; whether it was killed on the way."""
    try:
        with connection.execute_wrapper(Death(after)):
            tasks.plan_rounds()
            tasks.invite_due()
            tasks.remind_due()
    except Killed:
        return True
    return False


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_at_any_statement_neither_forgets_nor_doubles(cast, resolve):
    terms = {"cool_down": timedelta(days=30), "remind_after": timedelta(seconds=0.001)}
    feedback.change_survey(feedback.install_standard_survey(), by=None, **terms)
    questions = [{"key": "rating", "kind": "nps"}]
    made = feedback.create_survey("NPS", "nps", by=None, questions=questions, **terms)
    feedback.switch_survey(made, True, by=None)
    at = timezone.now() - timedelta(days=2)
    for person in (cast.priya, cast.paul, cast.bob, cast.priya):
        resolve(requester=person, at=at)
    Cadence.objects.filter(person=cast.bob).update(due_at=at)

    deaths = 0
    while works_until_killed(after=deaths):
        deaths += 1
    tasks.remind_due()

    assert deaths > 15
    asked = Counter(Survey.objects.exclude(invited_at=None).values_list("person__name", flat=True))
    assert asked == {person.name: 1 for person in (cast.priya, cast.paul, cast.bob)}
    assert Survey.objects.exclude(ticket=None).count() == 4
    assert not Survey.objects.filter(state="scheduled", send_at__lte=timezone.now()).exists()
    for kind in ("survey.invited", "survey.reminded"):
        events = Event.objects.filter(kind=kind)
        assert events.values("subject_id").distinct().count() == events.count() == 3
        assert Delivery.objects.filter(event__kind=kind).count() == 3
