"""Periodic work on surveys. Run late, twice or at once: same result."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import QuerySet
from django.utils import timezone

from feedback import actions, queries

logger = logging.getLogger(__name__)
BATCH, PART = 500, 25


def each(due: QuerySet[Any], act: Callable[[Any], Any]) -> int:
    """Do it to the first `BATCH`; what fails stays due, and keeps none of the others waiting. Returns how
    many were due.

    Workers at the same rows begin at different parts of them, and leave out what another has done meanwhile.
    """
    rows = list(due.values_list("pk", flat=True)[:BATCH])
    parts = [rows[start : start + PART] for start in range(0, len(rows), PART)]
    for part in random.sample(parts, len(parts)):
        for row in due.filter(pk__in=part):
            try:
                act(row)
            except SoftTimeLimitExceeded:
                raise
            except Exception:
                logger.exception("%s failed for %s %s", act.__name__, row._meta.model_name, row.pk)
    return len(rows)


@shared_task(name="feedback.invite_due")
def invite_due() -> int:
    """Send the surveys whose time has come. Returns how many it looked at."""
    return each(queries.due_to_send(timezone.now()), actions.invite)


@shared_task(name="feedback.remind_due")
def remind_due() -> int:
    """Remind those who have not answered. Returns how many surveys it looked at."""
    return each(queries.due_to_remind(timezone.now()), actions.remind)


@shared_task(name="feedback.plan_rounds")
def plan_rounds() -> int:
    """Plan the surveys of the customers whose turn it is. Returns how many it looked at."""
    return each(queries.due_rounds(timezone.now()), actions.plan_round)


@shared_task(name="feedback.expire_due")
def expire_due() -> int:
    """Close the surveys that nobody answered in time. Returns how many it looked at."""
    return each(queries.due_to_expire(timezone.now()), actions.expire)
