"""`manage.py rebuild_clocks`: clocks, measurements and due times made anew from the events, or compared."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from sla import clockwork
from tickets.models import Ticket

BATCH = 500


class Command(BaseCommand):
    help = (
        "Make clocks and measurements anew from the events. With --verify only compare; differences exit 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true", help="change nothing, print what differs")
        parser.add_argument("--since", help="only tickets with events since this instant (ISO 8601, UTC)")
        parser.add_argument("--ticket", type=int, action="append", help="only this ticket (repeatable)")

    def handle(self, *args: Any, **options: Any) -> None:
        tickets = Ticket.objects.order_by("pk")
        if options["ticket"]:
            tickets = tickets.filter(pk__in=options["ticket"])
        if options["since"]:
            tickets = tickets.filter(last_event_at__gte=self._instant(options["since"]))
        pks = list(tickets.values_list("pk", flat=True))
        if options["verify"]:
            self._verify(pks)
        else:
            self._rebuild(pks)

    def _instant(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise CommandError(
                f"“{text}” is no instant. Write it as 2026-11-20 or 2026-11-20T09:00."
            ) from None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _rebuild(self, pks: list[int]) -> None:
        clocks = 0
        for batch in self._batches(pks):
            with transaction.atomic():
                # The same lock as every action takes: nothing changes under the hand that rebuilds it.
                list(Ticket.objects.select_for_update().filter(pk__in=batch).order_by("pk").values_list("pk"))
                clocks += clockwork.rebuild(batch)
        self.stdout.write(f"{clocks} clocks of {len(pks)} tickets rebuilt.")

    def _verify(self, pks: list[int]) -> None:
        found = 0
        for batch in self._batches(pks):
            with transaction.atomic():
                list(Ticket.objects.select_for_update().filter(pk__in=batch).order_by("pk").values_list("pk"))
                for difference in clockwork.differences(batch):
                    found += 1
                    self.stdout.write(str(difference))
        if found:
            raise CommandError(f"{found} differences in {len(pks)} tickets.")
        self.stdout.write(f"{len(pks)} tickets agree with their events.")

    def _batches(self, pks: list[int]) -> Iterator[list[int]]:
        for start in range(0, len(pks), BATCH):
            yield pks[start : start + BATCH]
            if sys.stderr.isatty():
                self.stderr.write(f"\r{min(start + BATCH, len(pks))} of {len(pks)}", ending="")
