"""`manage.py receive_mail`: mail from files or standard input, through the same route as every other mail.

A mail server may call it as a pipe; the exit code then tells it what to do, as sysexits.h has it: 0 the mail
is stored, 75 (EX_TEMPFAIL) keep it and try again, 69 (EX_UNAVAILABLE) too large, 66 (EX_NOINPUT) there is
no such file.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from helpdesk.mail.answers import as_json
from helpdesk.mail.inbound import Outcome, process, store
from helpdesk.models import InboundEmail


class Command(BaseCommand):
    help = "File mails from FILE… (- is standard input; a file holds one mail, an mbox of one counts)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a line for each mail, in order"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, keep nothing")
        parser.add_argument("--sender", help="the return path, where the calling mail server knows it")
        parser.add_argument("--recipient", action="append", help="an address it was sent to; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in options["files"]:
            raw = _read(name)
            if len(raw) > settings.SMTP_SIZE:
                words = f"{name} is too large: {len(raw)} bytes, at most {settings.SMTP_SIZE} are taken"
                raise CommandError(words, returncode=os.EX_UNAVAILABLE)
            try:
                outcome = _receive(raw, options)
            except Exception as error:  # whatever it is, the mail must not be lost with it
                words = f"{name} could not be stored: {error}"
                raise CommandError(words, returncode=os.EX_TEMPFAIL) from error
            self._tell(name, outcome, options)

    def _tell(self, name: str, outcome: Outcome, options: dict[str, Any]) -> None:
        answer = as_json(name, outcome, dry=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write(
                f"{name}: {answer['state']} ({answer['reason']}), ticket {answer['ticket'] or '-'}"
            )


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        words = f"{name} cannot be read: {error.strerror}"
        raise CommandError(words, returncode=os.EX_NOINPUT) from error


def _receive(raw: bytes, options: dict[str, Any]) -> Outcome:
    dry = options["dry_run"]
    envelope = {"envelope_from": options["sender"], "envelope_to": options["recipient"]}
    with transaction.atomic() if dry else _nothing():
        row = store(raw, "pipe", announce=False, **envelope)
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
