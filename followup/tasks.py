"""Periodic work on follow-ups. Run late, twice or at once: same result."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from followup import actions, queries
from tickets.sweeping import each


@shared_task(name="followup.send_due")
def send_due() -> int:
    """Send what is due; what fails stays due and holds up nothing. Returns how many it looked at."""
    return each(queries.due(timezone.now()), actions.send)
