"""Signs of life: each long-lived process writes its name and the database's time into one row."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models.functions import Now

from helpdesk.models import Heartbeat

logger = logging.getLogger(__name__)

# Three missed beats (each part beats every 15 s) and a little patience for a busy machine.
SILENT_AFTER = timedelta(seconds=60)


def beat(name: str) -> None:
    """Say that the part `name` (worker, beat, tasks, listener) is alive. Raises database errors."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def beat_quietly(name: str) -> None:
    """The same for a loop outside any request: with fresh connections, and never raising."""
    close_old_connections()
    try:
        beat(name)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("no heartbeat of %s: %s", name, type(error).__name__)
    finally:
        close_old_connections()


def last_beats() -> dict[str, datetime]:
    """Name of each part that was ever alive, and when it last said so (aware, UTC)."""
    return dict(Heartbeat.objects.values_list("name", "at"))


def is_silent(name: str) -> bool:
    """Whether the part has not reported for a minute, by the database's clock."""
    return not Heartbeat.objects.filter(name=name, at__gte=Now() - SILENT_AFTER).exists()
