"""The SMTP listener: says 250 only once the mail is committed (RFC 5321 4.1.1.4: with it responsibility moves
to us).

Sessions live in one event loop; the database is used from a few threads, each of which drops dead connections
before and after, so that a restarted database is found again by the next mail.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from helpdesk.heartbeats import beat_quietly
from helpdesk.mail.inbound import Arrival
from helpdesk.mail.keeping import Keeper, TooLate, fresh_connection
from helpdesk.models import SupportAddress

logger = logging.getLogger(__name__)

SOURCE = "smtp"
BEAT_SECONDS = 15.0
THREADS = 4
DISK_FULL = "53100"  # PostgreSQL's SQLSTATE

STORED = "250 2.0.0 Stored"
COME_AGAIN = "451 4.3.0 Mail cannot be stored at the moment, try again later"
NO_ROOM = "452 4.3.1 There is no room for mail at the moment, try again later"
NOT_OURS = "550 5.7.1 Mail for this domain is not accepted here"
TOO_MANY = b"421 4.7.0 Too many connections, try again later\r\n"


class Listener:
    """The handler of all sessions, and the threads in which they reach the database."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="smtp")
        self.keeper = Keeper(self.threads)
        self.domains: frozenset[str] = frozenset()
        self.domains_until = 0.0
        self.sessions: Counter[str] = Counter()

    # aiosmtpd calls these by name -----------------------------------------------------------------

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if len(envelope.rcpt_tos) >= settings.SMTP_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            if time.monotonic() >= self.domains_until:
                await self._in_thread(self._read_domains)
        except Exception as error:
            _log_outage("recipients cannot be checked", error)
            return COME_AGAIN
        if self.domains and address.rpartition("@")[2].lower().rstrip(".") not in self.domains:
            return NOT_OURS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_VRFY(self, server: SMTP, session: Session, envelope: Envelope, address: str) -> str:
        return "252 2.5.0 Send a mail and see"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        deadline = time.monotonic() + settings.SMTP_ANSWER_SECONDS
        arrival = Arrival(raw, SOURCE, envelope.mail_from or "", list(envelope.rcpt_tos))
        try:
            await asyncio.wait_for(self.keeper.keep(arrival, deadline), settings.SMTP_ANSWER_SECONDS + 1)
            return STORED
        except TimeoutError:
            logger.error("a mail of %s bytes was not stored in time", len(raw))
            return COME_AGAIN
        except Exception as error:
            _log_outage("a mail could not be stored", error)
            return NO_ROOM if _sqlstate(error) == DISK_FULL else COME_AGAIN

    async def handle_exception(self, error: Exception) -> str:
        logger.error("in an SMTP session: %s", type(error).__name__)
        return "451 4.3.0 Something went wrong, try again later"

    # ----------------------------------------------------------------------------------------------

    def _read_domains(self) -> None:
        """Domains of our addresses, asked again every half minute.

        Every local part of them is taken: who probes for names learns none, a mistyped one is not lost.
        """
        with fresh_connection():
            addresses = SupportAddress.objects.values_list("address", flat=True)
            found = {address.rpartition("@")[2].lower() for address in addresses}
        self.domains = frozenset(found | {settings.MAIL_DOMAIN.lower()}) if found else frozenset()
        self.domains_until = time.monotonic() + 30.0

    async def _in_thread(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *args)

    async def beat(self) -> None:
        """Show life in the database for as long as the loop runs."""
        while True:
            await self._in_thread(beat_quietly, "smtp")
            await asyncio.sleep(BEAT_SECONDS)


def _sqlstate(error: BaseException | None) -> str:
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if state:
            return str(state)
        error = error.__cause__
    return ""


def _log_outage(what: str, error: Exception) -> None:
    if isinstance(error, (DatabaseError, InterfaceError, TooLate)):
        logger.warning("%s: %s", what, type(error).__name__)
    else:
        logger.error("%s", what, exc_info=error)


class Server(SMTP):
    """One session. Lines may be as long as a mail: senders break that rule, and their mail counts all the
    same.
    """

    line_length_limit = 36 * 1024 * 1024
    command_size_limit = 2048

    def __init__(self, listener: Listener, **options: Any) -> None:
        super().__init__(
            listener,
            data_size_limit=settings.SMTP_SIZE,
            enable_SMTPUTF8=True,
            hostname=settings.MAIL_DOMAIN,
            ident="Helpdesk",
            timeout=settings.SMTP_IDLE_SECONDS,
            **options,
        )
        self.listener = listener
        self.peer_address = ""

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        self.peer_address = peer[0] if isinstance(peer, tuple) else "local"
        sessions = self.listener.sessions
        crowded = sessions.total() >= settings.SMTP_SESSIONS or (
            sessions[self.peer_address] >= settings.SMTP_SESSIONS_PER_ADDRESS
            and not _is_here(self.peer_address)
        )
        sessions[self.peer_address] += 1
        if crowded:
            transport.write(TOO_MANY)
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.listener.sessions[self.peer_address] -= 1
        if self.transport is not None:
            super().connection_lost(error)


def _is_here(address: str) -> bool:
    """A relay on this machine speaks for many senders."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True


async def serve(host: str, port: int, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Listen until `stop` is set; sessions under way then have some seconds to finish."""
    listener = Listener()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(listener, loop=loop), host, port, backlog=100)
    beating = asyncio.create_task(listener.beat())
    logger.info("listening for mail on %s port %s", host, server.sockets[0].getsockname()[1])
    if ready is not None:
        ready.set()
    try:
        await stop.wait()
        server.close()
        for _ in range(50):
            if not listener.sessions.total():
                break
            await asyncio.sleep(0.1)
    finally:
        beating.cancel()
        server.close()
        listener.keeper.announce()
        listener.threads.shutdown(wait=True, cancel_futures=True)
