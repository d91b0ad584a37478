"""How often somebody may do something. Counted in the database, so that no wiped cache forgets a limit."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil

from django.db import connection
from django.utils import timezone

from helpdesk.models import Tally

_COUNT = """
INSERT INTO helpdesk_tally AS tally (key, since, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    since = CASE WHEN tally.since <= %(start)s THEN %(now)s ELSE tally.since END,
    count = CASE WHEN tally.since <= %(start)s THEN 1 ELSE tally.count + 1 END
RETURNING since, count
"""


def wait_for(
    name: str, who: str | int, *, limit: int, per: timedelta, at: datetime | None = None
) -> timedelta | None:
    """Count one try of `who` at `name`. None when it is among the first `limit` of its window, else how long
    to wait until the window of length `per` (it starts with its first try) is over.

    One statement, so that tries at the same instant in several processes are all counted.
    """
    now = at or timezone.now()
    key = hashlib.sha256(f"{name}:{who}".encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "now": now, "start": now - per})
        since, count = cursor.fetchone()
    if count <= limit:
        return None
    return timedelta(seconds=max(1, ceil((since + per - now).total_seconds())))


def forget(before: datetime) -> int:
    """Delete the tallies of windows that began before an instant. Returns how many."""
    return Tally.objects.filter(since__lt=before).delete()[0]
