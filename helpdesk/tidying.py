"""What is kept for a while only: when its time is over, it is deleted."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk import file_links, guests, limits, notifications, submissions
from helpdesk.models import OnceKey

ONCE_KEYS_FOR = timedelta(days=2)
"""How long a repeated request still gets its first answer."""
NOTIFICATIONS_FOR = timedelta(days=90)
TALLIES_FOR = timedelta(days=2)
"""Longer than the longest window of a limit."""


def tidy() -> dict[str, int]:
    """Delete what has served its time. Returns how many of each. Safe to repeat."""
    now = timezone.now()
    return {
        "forms nobody confirmed": submissions.forget_expired(),
        "guest links": guests.forget_ended(),
        "links to files": file_links.forget_ended(),
        "tries": limits.forget(now - TALLIES_FOR),
        "keys of repeated requests": OnceKey.objects.filter(created_at__lt=now - ONCE_KEYS_FOR).delete()[0],
        "notifications": notifications.forget(now - NOTIFICATIONS_FOR),
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
    }
