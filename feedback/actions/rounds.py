"""Asking customers on a cadence: who comes in, whose turn it is, and once in each round."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from feedback import queries
from feedback.actions.base import chance, has_declined, is_drawn, is_reachable, tell
from feedback.models import Cadence, Survey, SurveyVersion
from feedback.timing import in_window
from tickets.models import User

IN_TOUCH = timedelta(days=365)
"""Who has had nothing resolved for longer is not asked, until the next resolution."""


def enrol(person: User, version: SurveyVersion, at: datetime) -> None:
    """A customer whose request was resolved is asked on this cadence from now on, or again.

    The first time falls anywhere within the cadence, by the person and not by the ticket. In the transaction
    of the resolution; two of them at once make one row.
    """
    due_at = at + version.every * chance(version.definition_id, person.pk)
    rows = Cadence.objects.filter(person=person, definition=version.definition_id)
    if not rows.exists():
        row = Cadence(person=person, definition_id=version.definition_id, due_at=due_at)
        Cadence.objects.bulk_create([row], ignore_conflicts=True)
    else:
        rows.filter(due_at=None).update(due_at=due_at)


def plan_round(cadence: Cadence, *, at: datetime | None = None) -> Survey | None:
    """Plan the survey of a round that has come, and set the next one: both or neither.

    None when that was done meanwhile, another worker has it, or nobody is to be asked now: who was asked
    anything within the cool-down is asked when that is over.
    """
    at = at or timezone.now()
    with transaction.atomic():
        rows = Cadence.objects.select_for_update(skip_locked=True).filter(pk=cadence.pk, due_at__lte=at)
        fresh = rows.first()
        if fresh is None:
            return None
        version = queries.latest_version(fresh.definition)
        person = User.objects.select_for_update(no_key=True).get(pk=fresh.person_id)
        if not version.definition.is_active or not _may_be_asked(person, at):
            fresh.due_at = None
            fresh.save(update_fields=["due_at"])
            return None
        rest = queries.rest_over_at(person, version.cool_down, at)
        if rest > at:
            fresh.due_at = rest
            fresh.save(update_fields=["due_at"])
            return None
        fresh.rounds += 1
        fresh.due_at = at + version.every
        fresh.save(update_fields=["rounds", "due_at"])
        return _plan(fresh, version, person, at)


def _may_be_asked(person: User, at: datetime) -> bool:
    if person.is_member or not is_reachable(person) or has_declined(person):
        return False
    return queries.was_in_touch(person, since=at - IN_TOUCH)


def _plan(cadence: Cadence, version: SurveyVersion, person: User, at: datetime) -> Survey:
    drawn = is_drawn(version.sampling, version.definition_id, person.pk, cadence.rounds)
    survey = Survey.objects.create(
        cadence=cadence,
        round=cadence.rounds,
        version=version,
        kind=version.definition.kind,
        probability=version.sampling,
        person=person,
        state=Survey.State.SCHEDULED if drawn else Survey.State.SUPPRESSED,
        reason="" if drawn else Survey.Reason.NOT_DRAWN,
        resolved_at=at,
        send_at=in_window(at, person, version),
    )
    if drawn:
        tell("survey.scheduled", survey, at=at)
    return survey
