"""`manage.py smtp_listener`: take mail in by SMTP until told to stop."""

import asyncio
import signal
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from helpdesk.garbage import look_seldom
from helpdesk.mail.listener import serve


class Command(BaseCommand):
    help = "Listen for mail by SMTP on HOST and SMTP_PORT, by LMTP on LMTP_PORT. Ends on SIGTERM or SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.SMTP_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        look_seldom()
        uvloop.run(_listen(options["host"], options["port"]))


async def _listen(host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(host, port, stop, lmtp_port=settings.LMTP_PORT)
