"""`manage.py first_admin_link`: the one-time address where the first administrator is made."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from helpdesk.accounts import invitations


class Command(BaseCommand):
    help = "Print the link that makes the first administrator. It closes itself once there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(invitations.first_admin_link())
        except RuntimeError as error:
            raise CommandError(str(error)) from error
