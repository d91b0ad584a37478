"""`manage.py replay_sla FILE`: calendar questions and ticket timelines, answered by the product's engine."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sla.replay import replay


class Command(BaseCommand):
    help = "Answer the cases of a JSON list (a file, or - for standard input), one JSON object a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a JSON list of cases, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["file"]
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
            cases = json.loads(text)
        except (OSError, ValueError) as error:
            raise CommandError(f"{name} cannot be read as JSON: {error}") from error
        if not isinstance(cases, list):
            raise CommandError(f"{name} holds no list of cases.")
        for case in cases:
            self.stdout.write(json.dumps(replay(case), ensure_ascii=False))
