"""Periodic work on tickets. Run late, twice or at once: same result."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from tickets import actions, queries

BATCH = 200


@shared_task(name="tickets.close_resolved")
def close_resolved() -> int:
    """Close tickets that stayed resolved for their team's number of days. Returns how many."""
    due = list(queries.due_to_close(timezone.now())[:BATCH])
    for ticket in due:
        actions.close(ticket, by=None)
    return len(due)
