"""`manage.py describe_metrics`: what every figure of the reports means, as it stands in docs/metrics.md."""

from typing import Any

from django.core.management import BaseCommand

from helpdesk.reports.document import markdown


class Command(BaseCommand):
    help = "Print what every figure means, as Markdown: manage.py describe_metrics > docs/metrics.md"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(markdown(), ending="")
