"""`manage.py prepare`: everything the database (and in production the static files) needs before a start."""

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper

# An advisory lock's number, ours alone: two containers that start at once migrate one by one.
LOCK = 7_430_001


class Command(BaseCommand):
    help = "Migrate, make the cache table and, in production, collect the static files. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            require_room(cursor, settings.CONNECTIONS_NEEDED)
            cursor.execute("set lock_timeout = 0")  # another container's migrations may take their time
            cursor.execute("select pg_advisory_lock(%s)", [LOCK])
            cursor.execute("reset lock_timeout")
            try:
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
                call_command("createcachetable", verbosity=0)
            finally:
                cursor.execute("select pg_advisory_unlock(%s)", [LOCK])
        # In the image they are collected already, and cannot be written.
        if settings.IS_PRODUCTION and os.access(settings.STATIC_ROOT.parent, os.W_OK):
            call_command("collectstatic", interactive=False, verbosity=0)


def require_room(cursor: CursorWrapper, needed: int) -> None:
    """Refuse a server that would run out of connections when everybody is at work.

    Raises CommandError, with the numbers.
    """
    cursor.execute(
        "select current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
    )
    room = cursor.fetchone()[0]
    if needed > room:
        raise CommandError(
            f"PostgreSQL allows {room} connections and this installation may need {needed}. "
            "Raise max_connections, or lower WEB_WORKERS or WORKER_CONCURRENCY."
        )
