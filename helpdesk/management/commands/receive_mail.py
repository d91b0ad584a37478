"""`manage.py receive_mail`: mail from files or standard input, through the same route as every other mail."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, transaction

from helpdesk.mail.answers import as_json
from helpdesk.mail.inbound import Outcome, process, store
from helpdesk.models import InboundEmail

TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and tries again


class Command(BaseCommand):
    help = "File mails from FILE… (- is standard input; a file holds one mail, an mbox of one counts)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a line for each mail, in order"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["files"]:
            try:
                raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            except OSError as error:
                raise CommandError(f"{name} cannot be read: {error.strerror}") from error
            try:
                outcome = _receive(raw, dry=options["dry_run"])
            except (DatabaseError, InterfaceError) as error:
                raise CommandError(
                    f"{name} could not be stored: {error}", returncode=TEMPORARY_FAILURE
                ) from error
            answer = as_json(name, outcome, dry=options["dry_run"])
            if options["json"]:
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
            else:
                self.stdout.write(
                    f"{name}: {answer['state']} ({answer['reason']}), ticket {answer['ticket'] or '-'}"
                )


def _receive(raw: bytes, *, dry: bool) -> Outcome:
    with transaction.atomic() if dry else _nothing():
        row = store(raw, "pipe", announce=False)
        outcome = process(row.pk)
        while (outcome.row if outcome else row).state == InboundEmail.State.WAITING:
            if outcome is None:  # a worker was faster
                time.sleep(0.1)
                row.refresh_from_db()
            outcome = process(row.pk)
        if dry:
            transaction.set_rollback(True)
    return outcome or Outcome(row)


class _nothing:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass
