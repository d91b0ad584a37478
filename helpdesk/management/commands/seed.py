"""`manage.py seed --tickets N`: believable tickets in bulk, with events, clocks and measurements."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from helpdesk.demo import child
from helpdesk.demo.bulk import Seeder, batches, fold_clocks
from helpdesk.demo.world import ensure_world
from sla.models import Policy


class Command(BaseCommand):
    help = "Add believable tickets in bulk: a year of them, 6 % not resolved. For trying the product at size."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, required=True, help="how many to add")

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["tickets"]
        if count < 1:
            raise CommandError("--tickets must be at least 1.")
        start = time.monotonic()
        ensure_world()
        seeder = Seeder(now=timezone.now(), applied=_versions)
        first, last = seeder.seed(count, lambda done: self._tell("tickets written", done, count))
        connection.close()  # no child may share it
        name = connection.settings_dict["NAME"]
        with ProcessPoolExecutor(
            mp_context=get_context("spawn"), initializer=child.start, initargs=(name,)
        ) as pool:
            done = 0
            for size in pool.map(fold_clocks, batches(first, last)):
                done += size
                self._tell("tickets with clocks", done, count)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self._tell(f"done in {time.monotonic() - start:.0f} s, numbers {first} to {last}", count, count)

    def _tell(self, what: str, done: int, count: int) -> None:
        self.stdout.write(f"{done:>9} of {count} {what}")


def _versions() -> dict[str, int]:
    """What governs the clocks of seeded tickets: the latest versions of the first policy and its calendar."""
    policy = Policy.objects.filter(is_active=True)[0]
    return {"policy_version": policy.latest.pk, "calendar_version": policy.calendar.latest.pk}
