"""Periodic work on surveys. Run late, twice or at once: same result."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from feedback import actions, queries

BATCH = 500


@shared_task(name="feedback.invite_due")
def invite_due() -> int:
    """Send the surveys whose time has come. Returns how many it looked at."""
    due = list(queries.due_to_send(timezone.now())[:BATCH])
    for survey in due:
        actions.invite(survey)
    return len(due)


@shared_task(name="feedback.expire_due")
def expire_due() -> int:
    """Close the surveys that nobody answered in time. Returns how many it looked at."""
    due = list(queries.due_to_expire(timezone.now())[:BATCH])
    for survey in due:
        actions.expire(survey)
    return len(due)
