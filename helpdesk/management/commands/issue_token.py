"""Print a token for the API."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk import actions
from tickets.actions import NotAllowed
from tickets.models import User
from tickets.models.people import normalize_address


class Command(BaseCommand):
    help = "Print a new API token of the person with this address (Authorization: Token …). It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="issued by command", help="what the token is for")
        parser.add_argument("--days", type=int, help="how long it works (default: API_TOKEN_DAYS)")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(email=normalize_address(options["email"])).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        try:
            _token, secret = actions.issue_token(person, by=None, name=options["name"], days=options["days"])
        except NotAllowed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(secret)
