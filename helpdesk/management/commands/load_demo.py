"""`manage.py load_demo`: a small believable company with three months of tickets, played by real actions."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from helpdesk.demo import people
from helpdesk.demo.play import DAYS, Player
from helpdesk.demo.world import agents_by_team, ensure_customers, ensure_world, settle_deliveries
from tickets.models import Team, Ticket, User


class Command(BaseCommand):
    help = "Fill an empty database with the demo: three teams and three months of their tickets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tickets", type=int, default=320, help="how many tickets to play (default: 320)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("The demo goes into an empty database only. Choose another DATA_DIR.")
        now = timezone.now()
        start = now - timedelta(days=DAYS + 7)
        ensure_world(start, password=people.PASSWORD if settings.DEMO else None)
        customers = ensure_customers(start)
        teams = {team.name: team for team in Team.objects.all()}
        player = Player(now=now, teams=teams, agents=agents_by_team(), customers=customers)
        count = options["tickets"]
        player.play(count, lambda done: self._tell(done, count))
        settle_deliveries(before=now)
        self.stdout.write(f"{Ticket.objects.count()} tickets, {User.objects.count()} people.")

    def _tell(self, done: int, count: int) -> None:
        if done % 40 == 0 or done == count:
            self.stdout.write(f"  {done} of {count} tickets played")
            self.stdout.flush()
