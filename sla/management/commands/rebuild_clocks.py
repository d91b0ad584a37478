"""`manage.py rebuild_clocks`: clocks, measurements and due times made anew from the events, or compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from sla import clockwork
from sla.parallel import Bar, default_workers, spread
from tickets.models import Event, Ticket

BATCH = 200
T = TypeVar("T")


class Command(BaseCommand):
    help = (
        "Make clocks and measurements anew from the events. With --verify only compare; differences exit 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true", help="change nothing, print what differs")
        parser.add_argument("--since", help="only tickets with events recorded since (ISO 8601, UTC)")
        parser.add_argument("--ticket", type=int, action="append", help="only this ticket (repeatable)")
        parser.add_argument("--jobs", type=int, help="worker processes (default: one for each processor)")

    def handle(self, *args: Any, **options: Any) -> None:
        tickets = Ticket.with_deleted.order_by("pk")
        if options["ticket"]:
            tickets = tickets.filter(pk__in=options["ticket"])
        if options["since"]:
            tickets = tickets.filter(
                pk__in=Event.objects.filter(recorded_at__gte=instant(options["since"])).values("ticket")
            )
        pks = list(tickets.values_list("pk", flat=True))
        workers = options["jobs"] or (default_workers() if len(pks) > BATCH else 1)
        if options["verify"]:
            self._tell([line for lines in self._each(verify_batch, pks, workers) for line in lines], len(pks))
        else:
            clocks = sum(self._each(rebuild_batch, pks, workers))
            self.stdout.write(f"{clocks} clocks of {len(pks)} tickets rebuilt.")

    def _each(self, work: Callable[[list[int]], T], pks: list[int], workers: int) -> Iterator[T]:
        # On the terminal's own stream: what a caller of the command reads back stays free of the bar.
        bar = Bar(sys.stderr, len(pks))
        try:
            for batch, answer in spread(work, batches(pks), workers):
                bar.advance(len(batch))
                yield answer
        except BrokenProcessPool:
            raise CommandError(
                "A worker process was killed. What was rebuilt is whole; run the command again."
            ) from None
        finally:
            bar.end()

    def _tell(self, differences: list[str], tickets: int) -> None:
        for line in differences:
            self.stdout.write(line)
        if differences:
            raise CommandError(f"{len(differences)} differences in {tickets} tickets.")
        self.stdout.write(f"{tickets} tickets agree with their events.")


def instant(text: str) -> datetime:
    """An instant as it is typed, UTC unless it says otherwise. Raises CommandError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no instant. Write it as 2026-11-20 or 2026-11-20T09:00.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def batches(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), BATCH):
        yield pks[start : start + BATCH]


def rebuild_batch(pks: list[int]) -> int:
    """Rebuild some tickets; the number of their clocks."""
    with transaction.atomic():
        _lock(pks)
        return clockwork.rebuild(pks)


def verify_batch(pks: list[int]) -> list[str]:
    """How some tickets' rows differ from their events, in words."""
    with transaction.atomic():
        _lock(pks)
        return [str(difference) for difference in clockwork.differences(pks)]


def _lock(pks: list[int]) -> None:
    """The same lock as every action takes: nothing changes under the hand that rebuilds it."""
    list(Ticket.with_deleted.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk"))
