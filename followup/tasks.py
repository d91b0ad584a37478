"""Periodic work on follow-ups. Run late, twice or at once: same result."""

from __future__ import annotations

import logging

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from followup import actions, queries

logger = logging.getLogger(__name__)
BATCH = 500


@shared_task(name="followup.send_due")
def send_due() -> int:
    """Send what is due; what fails stays due and holds up nothing. Returns how many it looked at."""
    rows = list(queries.due(timezone.now())[:BATCH])
    for row in rows:
        try:
            actions.send(row)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("follow-up %s could not be sent", row.pk)
    return len(rows)
