"""`manage.py mail_fetcher`: follow the mailboxes until told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from helpdesk.mail.fetching import Fetcher


class Command(BaseCommand):
    help = "Take mail from the mailboxes that are set up. Ends on SIGTERM or SIGINT."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        Fetcher(stop).run()
