"""`manage.py prepare`: everything the database (and in production the static files) needs before a start."""

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import connection

LOCK = (
    7_430_001  # an advisory lock's number, ours alone: two containers that start at once migrate one by one
)


class Command(BaseCommand):
    help = "Migrate, make the cache table and, in production, collect the static files. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=options["verbosity"])
                call_command("createcachetable", verbosity=0)
            finally:
                cursor.execute("select pg_advisory_unlock(%s)", [LOCK])
        # In the image they are collected already, and cannot be written.
        if settings.IS_PRODUCTION and os.access(settings.STATIC_ROOT.parent, os.W_OK):
            call_command("collectstatic", interactive=False, verbosity=0)
