"""`manage.py import_events FILE`: tickets from another system's log, at its instants (docs/import.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management import BaseCommand, CommandError
from django.db import connection

from helpdesk.imports import servicenow
from tickets.actions import NotAllowed
from tickets.actions.importing import Importer

TELL_EACH = 500


class Command(BaseCommand):
    help = "Import the incidents of a ServiceNow audit log (CSV, also .gz). Run again, it goes on from there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--time-zone", default="UTC", help="the zone of the instants in the file")
        parser.add_argument("--source", default=servicenow.SOURCE, help="a name for where it comes from")
        parser.add_argument("--limit", type=int, help="stop after so many new tickets")

    def handle(self, *args: Any, **options: Any) -> None:
        log = servicenow.Log(options["file"], _zone(options["time_zone"]))
        if not log.path.is_file():
            raise CommandError(f"There is no file {log.path}.")
        with _alone(options["source"]), _unhurried():
            try:
                made, known = self._write(log, options["source"], options["limit"])
            except servicenow.BadLog as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{made} tickets imported, {known} were here before, {len(log.refused)} refused.")
        self.stdout.write(
            "The worker measures their clocks; `manage.py rebuild_clocks --verify` checks them."
        )
        if log.refused:
            lines = "\n".join(log.refused[:50])
            raise CommandError(f"Not imported; mend these in the file, then run this again:\n{lines}")

    def _write(self, log: servicenow.Log, source: str, limit: int | None) -> tuple[int, int]:
        importer = Importer(source, servicenow.name_of)
        made = known = 0
        for history in log.histories():
            if importer.has(history.key):
                known += 1
                continue
            if limit is not None and made >= limit:
                break
            try:
                importer.write(history)
            except (ValueError, NotAllowed) as error:
                log.refused.append(f"incident {history.key}: {error}")
                continue
            made += 1
            if made % TELL_EACH == 0:
                self.stdout.write(f"{made} tickets imported, up to incident {history.key}")
        return made, known


@contextmanager
def _alone(source: str) -> Iterator[None]:
    """Two imports of the same source at once would make its people twice: the second is refused."""
    lock = [f"import {source}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", lock)
        if not cursor.fetchone()[0]:
            raise CommandError(f"An import from {source} is going already. Wait until it has ended.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", lock)


@contextmanager
def _unhurried() -> Iterator[None]:
    """Commits do not wait for the disk. Should the machine lose power, the last tickets are missing with the
    memory that they were imported, and the next run writes them."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            yield
        finally:
            cursor.execute("RESET synchronous_commit")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(f"“{name}” is no time zone. Give one such as Europe/Berlin.") from error
