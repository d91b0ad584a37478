"""Periodic work on surveys. Run late, twice or at once: same result."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from feedback import actions, queries
from tickets.sweeping import each


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
