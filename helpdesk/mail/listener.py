"""The SMTP listener: says 250 only once the mail is committed (RFC 5321 4.1.1.4: with it responsibility moves
to us).

Sessions live in one event loop; the database is used from a few threads, each of which drops dead connections
before and after, so that a restarted database is found again by the next mail.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils.crypto import constant_time_compare

from helpdesk.heartbeats import beat_quietly
from helpdesk.mail.inbound import Arrival
from helpdesk.mail.keeping import Keeper, TooLate, fresh_connection
from helpdesk.models import SupportAddress

logger = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
THREADS = 4
DISK_FULL = "53100"  # PostgreSQL's SQLSTATE

STORED = "250 2.0.0 Stored"
COME_AGAIN = "451 4.3.0 Mail cannot be stored at the moment, try again later"
NO_ROOM = "452 4.3.1 There is no room for mail at the moment, try again later"
NOT_OURS = "550 5.7.1 Mail for this domain is not accepted here"
SLOWER = "451 4.7.1 Too many mails from this address, try again later"
NO_MORE_TRIES = "454 4.7.0 Too many tries, try again later"
TOO_LARGE = "552 5.3.4 This mail is too large"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
USUAL_PATH = re.compile(rf"<({_ATOM}(?:\.{_ATOM})*@{_ATOM}(?:\.{_ATOM})*)>[ \t]*(.*)")
"""Dot-atoms in angle brackets (RFC 5321 4.1.2), then the parameters."""
TOO_MANY = b"421 4.7.0 Too many connections, try again later\r\n"


class Listener:
    """The handler of all sessions, and the threads in which they reach the database."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="smtp")
        self.keeper = Keeper(self.threads)
        self.domains: frozenset[str] = frozenset()
        self.domains_until = 0.0
        self.sessions: Counter[str] = Counter()
        self.connections = Budget(settings.SMTP_CONNECTIONS_A_MINUTE)
        self.mails = Budget(settings.SMTP_MAILS_A_MINUTE)
        self.failures = Budget(settings.SMTP_SIGN_INS_A_MINUTE)
        self.certificate = Certificate() if settings.SMTP_TLS_CERT else None

    # aiosmtpd calls these by name -----------------------------------------------------------------

    async def handle_MAIL(
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        is_known = session.authenticated or _is_ours(server.peer_address)
        if not is_known and not self.mails.allows(server.peer_address):
            return SLOWER
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

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

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        deadline = time.monotonic() + settings.SMTP_ANSWER_SECONDS
        arrival = Arrival(raw, server.source, envelope.mail_from or "", list(envelope.rcpt_tos))
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

    def sign_in(
        self, server: Server, session: Session, envelope: Envelope, mechanism: str, said: LoginPassword
    ) -> AuthResult:
        """Whether somebody knows the one name and password (SMTP_SIGN_IN)."""
        name, _colon, password = settings.SMTP_SIGN_IN.partition(":")
        right = [constant_time_compare(said.login, name), constant_time_compare(said.password, password)]
        if all(right) and self.failures.has_some(server.peer_address):
            return AuthResult(success=True, auth_data=said)
        left = self.failures.allows(server.peer_address)
        return AuthResult(success=False, handled=False, message=None if left else NO_MORE_TRIES)

    async def beat(self) -> None:
        """Show life in the database for as long as the loop runs, and take a renewed certificate."""
        while True:
            if self.certificate is not None:
                await self._in_thread(self.certificate.renew)
            await self._in_thread(beat_quietly, "smtp")
            await asyncio.sleep(BEAT_SECONDS)


class Budget:
    """How much each address may do in a minute; what is not used is saved up for one minute at most."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._left: dict[str, tuple[float, float]] = {}

    def has_some(self, address: str) -> bool:
        return self._now(address) >= 1.0

    def allows(self, address: str) -> bool:
        """Take one; False when nothing is left."""
        left = self._now(address)
        if len(self._left) >= 10_000:
            self._left = {one: kept for one, kept in self._left.items() if self._now(one) < self.a_minute}
        self._left[address] = (max(0.0, left - 1.0), time.monotonic())
        return left >= 1.0

    def _now(self, address: str) -> float:
        left, at = self._left.get(address, (float(self.a_minute), 0.0))
        return min(float(self.a_minute), left + (time.monotonic() - at) * self.a_minute / 60.0)


class Certificate:
    """Key and certificate for STARTTLS, read again when they have changed, as they do every few weeks."""

    def __init__(self) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.files = [Path(settings.SMTP_TLS_CERT), Path(settings.SMTP_TLS_KEY or settings.SMTP_TLS_CERT)]
        self.read_at = self._changed_at()
        self.context.load_cert_chain(self.files[0], self.files[1])

    def _changed_at(self) -> list[int]:
        return [file.stat().st_mtime_ns for file in self.files]

    def renew(self) -> None:
        """A pair that cannot be read, being written perhaps, leaves the one that is there."""
        try:
            changed_at = self._changed_at()
            if changed_at != self.read_at:
                trial = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                trial.load_cert_chain(self.files[0], self.files[1])
                self.context.load_cert_chain(self.files[0], self.files[1])
                self.read_at = changed_at
                logger.info("the certificate was read again")
        except (OSError, ssl.SSLError) as error:
            logger.error("the certificate cannot be read: %s", type(error).__name__)


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
    source = "smtp"

    def __init__(self, listener: Listener, **options: Any) -> None:
        super().__init__(
            listener,
            data_size_limit=settings.SMTP_SIZE,
            enable_SMTPUTF8=True,
            hostname=settings.MAIL_DOMAIN,
            ident="Helpdesk",
            timeout=settings.SMTP_IDLE_SECONDS,
            **self.safety(listener),
            **options,
        )
        self.listener = listener
        self.peer_address = ""

    def safety(self, listener: Listener) -> dict[str, Any]:
        """STARTTLS where there is a certificate; the sign-in where it is asked for, then only under TLS."""
        signs_in = bool(settings.SMTP_SIGN_IN)
        return {
            "tls_context": listener.certificate.context if listener.certificate else None,
            "authenticator": listener.sign_in if signs_in else None,
            "auth_required": signs_in,
            "auth_exclude_mechanism": None if signs_in else ["LOGIN", "PLAIN"],
        }

    def connection_made(self, transport: Any) -> None:
        if self._original_transport is not None:  # the same connection after STARTTLS
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        self.peer_address = peer[0] if isinstance(peer, tuple) else "local"
        crowded = self._is_crowded()
        self.listener.sessions[self.peer_address] += 1
        if crowded:
            transport.write(TOO_MANY)
            transport.close()
            return
        super().connection_made(transport)

    def _is_crowded(self) -> bool:
        sessions, address = self.listener.sessions, self.peer_address
        if sessions.total() >= settings.SMTP_SESSIONS:
            return True
        if _is_ours(address):
            return False
        return sessions[address] >= settings.SMTP_SESSIONS_PER_ADDRESS or not (
            self.listener.connections.allows(address)
        )

    def connection_lost(self, error: Exception | None) -> None:
        self.listener.sessions[self.peer_address] -= 1
        if self.listener.sessions[self.peer_address] <= 0:
            del self.listener.sessions[self.peer_address]
        if self.transport is not None:
            super().connection_lost(error)

    def eof_received(self) -> bool:
        """Close when the other side has: who connects and leaves at once would be counted for minutes."""
        super().eof_received()
        return False

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The usual form at once: the general parser costs more than all the rest of the command."""
        if usual := USUAL_PATH.fullmatch(arg):
            return usual[1], usual[2]
        return super()._getaddr(arg)

    async def push(self, status: Any) -> None:
        await super().push(TOO_LARGE if str(status).startswith("552 Error") else status)


class LocalServer(Server, LMTP):
    """One session of a mail server of ours by LMTP (RFC 2033): each recipient has an answer after the dot."""

    source = "lmtp"
    _answers = 1

    def safety(self, listener: Listener) -> dict[str, Any]:
        return {"auth_exclude_mechanism": ["LOGIN", "PLAIN"]}

    async def smtp_DATA(self, arg: str) -> None:
        self._answers = max(1, len(self.envelope.rcpt_tos)) if self.envelope else 1
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: Any) -> None:
        times = 1 if str(status).startswith("354") else self._answers
        for _ in range(times):
            await super().push(status)


def _is_ours(address: str) -> bool:
    """A relay on this machine, or one that is listed, speaks for many senders: no limit of one address holds
    it."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    return ip.is_loopback or any(ip in ip_network(one, strict=False) for one in settings.SMTP_RELAYS)


async def serve(
    host: str, port: int, stop: asyncio.Event, ready: asyncio.Event | None = None, *, lmtp_port: int = 0
) -> None:
    """Listen until `stop` is set, by LMTP too where a port for it is given; sessions under way then have some
    seconds to finish."""
    listener = Listener()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(listener, loop=loop), host, port, backlog=100)
    servers = [server]
    if lmtp_port:
        servers.append(
            await loop.create_server(lambda: LocalServer(listener, loop=loop), host, lmtp_port, backlog=100)
        )
    beating = asyncio.create_task(listener.beat())
    logger.info("listening for mail on %s port %s", host, server.sockets[0].getsockname()[1])
    if ready is not None:
        ready.set()
    try:
        await stop.wait()
        for one in servers:
            one.close()
        for _ in range(50):
            if not listener.sessions.total():
                break
            await asyncio.sleep(0.1)
    finally:
        beating.cancel()
        for one in servers:
            one.close()
        listener.keeper.announce()
        listener.threads.shutdown(wait=True, cancel_futures=True)
