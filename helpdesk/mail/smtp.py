"""Handing one mail to the mail server (SMTP, RFC 5321), and saying exactly what became of it.

The standard client is used for the conversation; the last step is our own, because everything depends on
knowing whether the final dot had gone out when the line was lost.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any

from django.conf import settings

CONNECT_SECONDS = 30.0
ANSWER_SECONDS = 120.0
"""For any answer but the last one; RFC 5321 4.5.3.2 allows servers two to five minutes."""

_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f<>,;:\\\"()\[\]\u2028\u2029]")
_CHUNK = 65_536
_SET_UP = {421, 454, 500, 502, 503, 504, 530, 534, 535, 538, 555}
"""Answers to MAIL FROM that speak of our own set-up or the server's state, not of the mail."""


class Outcome(Enum):
    """What became of one try."""

    SENT = "sent"
    LATER = "later"  # certainly not accepted; worth another try
    REFUSED = "refused"  # certainly not accepted, for good
    UNKNOWN = "unknown"  # the dot went out, the answer was lost


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    said: str = ""


@dataclass(frozen=True)
class Server:
    """Where mail goes (EMAIL_URL). `tls` is `wrapped` (smtps), `required` (STARTTLS or nothing) or `offered`
    (STARTTLS where the server has it)."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "offered"


@dataclass(frozen=True)
class Envelope:
    """`senders` are tried in order: some servers refuse the empty or a subaddressed one (RFC 5321 4.5.5)."""

    senders: tuple[str, ...]
    recipient: str
    content: bytes


def usable(address: str) -> bool:
    """One plain address without anything that could end a command or start another."""
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain and not _UNFIT.search(address) and _ascii(address))


def _ascii(address: str) -> str:
    """The address with its domain in ASCII (IDNA), "" when it has no such form."""
    local, _at, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}" if local.isascii() else ""
    except UnicodeError:
        return ""


class Line:
    """A connection to the mail server, kept over several mails. Never raises: every try has a `Result`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None

    def send(self, envelope: Envelope, before_the_dot: Callable[[], None]) -> Result:
        """Try once. `before_the_dot` runs when all but the end of the mail has gone out; if it raises, the
        line is dropped and the server has nothing."""
        if not usable(envelope.recipient):
            return Result(Outcome.REFUSED, "not a usable address")
        stage = _Stage()
        try:
            with self._within(settings.MAIL_TALK_SECONDS) as limit:
                smtp = self._ready()
                refusal = self._announce(smtp, envelope)
                if refusal:
                    return refusal
                return self._hand_over(smtp, envelope.content, before_the_dot, stage, limit)
        except Exception as error:
            self.drop()
            # The dot was on its way: the server may hold the mail.
            outcome = Outcome.UNKNOWN if stage.dot_is_out else Outcome.LATER
            return Result(outcome, f"{type(error).__name__}: {error}"[:500])

    @contextmanager
    def _within(self, seconds: float) -> Iterator[_Limit]:
        """Hang up after so many seconds in all: a server that answers sign by sign never runs into the limit
        of a single answer. The one who reads then finds the line lost."""
        limit = _Limit(self._hang_up)
        limit.start(seconds)
        try:
            yield limit
        finally:
            limit.stop()

    def _hang_up(self) -> None:
        sock = self._smtp.sock if self._smtp is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take leave politely."""
        if self._smtp is not None:
            with suppress(Exception):
                self._smtp.timeout = 5
                if self._smtp.sock:
                    self._smtp.sock.settimeout(5)
                self._smtp.quit()
        self.drop()

    def drop(self) -> None:
        """Hang up, whatever state the conversation is in."""
        if self._smtp is not None:
            with suppress(Exception):
                self._smtp.close()
        self._smtp = None

    def _ready(self) -> smtplib.SMTP:
        """An open conversation with no mail begun."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                if self._smtp.rset()[0] == 250:
                    return self._smtp
            self.drop()
        self._smtp = smtp = self._connect()
        if smtp.sock:
            smtp.sock.settimeout(ANSWER_SECONDS)
            # The final dot travels alone; held back until all before it is confirmed it costs 40 ms a mail.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        if self.server.tls != "wrapped" and (self.server.tls == "required" or smtp.has_extn("starttls")):
            smtp.starttls(context=_context(self.server))
            smtp.ehlo()
        if self.server.user:
            smtp.login(self.server.user, self.server.password)
        return smtp

    def _connect(self) -> smtplib.SMTP:
        where: dict[str, Any] = {"local_hostname": _our_name(), "timeout": CONNECT_SECONDS}
        if self.server.tls == "wrapped":
            return smtplib.SMTP_SSL(
                self.server.host, self.server.port, context=ssl.create_default_context(), **where
            )
        return smtplib.SMTP(self.server.host, self.server.port, **where)

    def _announce(self, smtp: smtplib.SMTP, envelope: Envelope) -> Result | None:
        """MAIL and RCPT. A `Result` when the server will not have it, else None."""
        size = [f"size={len(envelope.content)}"] if smtp.has_extn("size") else []
        for sender in envelope.senders:
            code, said = smtp.mail(_ascii(sender) if sender else "", size)
            if code == 250:
                break
            if code < 500 or code in _SET_UP:
                self.drop()
                return Result(Outcome.LATER, _text("MAIL", code, said))
        else:
            return Result(Outcome.REFUSED, _text("MAIL", code, said))
        code, said = smtp.rcpt(_ascii(envelope.recipient))
        if code in (250, 251):
            return None
        if code == 421:
            self.drop()
        return Result(Outcome.REFUSED if 500 <= code < 600 else Outcome.LATER, _text("RCPT", code, said))

    def _hand_over(
        self,
        smtp: smtplib.SMTP,
        content: bytes,
        before_the_dot: Callable[[], None],
        stage: _Stage,
        limit: _Limit,
    ) -> Result:
        code, said = smtp.docmd("DATA")
        if code != 354:
            return Result(Outcome.REFUSED if 500 <= code < 600 else Outcome.LATER, _text("DATA", code, said))
        body = dot_stuffed(content)
        for start in range(0, len(body), _CHUNK):
            smtp.send(body[start : start + _CHUNK])
        before_the_dot()
        if smtp.sock and select.select([smtp.sock], [], [], 0)[0]:
            raise smtplib.SMTPServerDisconnected("the server spoke or hung up before the end")
        if smtp.sock:
            smtp.sock.settimeout(settings.MAIL_DOT_SECONDS)
        limit.start(settings.MAIL_DOT_SECONDS)
        stage.dot_is_out = True
        smtp.send(b".\r\n")
        code, said = smtp.getreply()
        if smtp.sock:
            smtp.sock.settimeout(ANSWER_SECONDS)
        text = _text("the end", code, said)
        if code == 250:
            return Result(Outcome.SENT, text)
        if not 400 <= code < 600:
            self.drop()
            return Result(Outcome.UNKNOWN, text)
        if code == 421:
            self.drop()
        return Result(Outcome.REFUSED if code >= 500 else Outcome.LATER, text)


def _our_name() -> str:
    """How we greet: our domain, or our address as RFC 5321 4.1.3 writes it."""
    try:
        found = ip_address(settings.MAIL_DOMAIN)
    except ValueError:
        return str(settings.MAIL_DOMAIN)
    return f"[IPv6:{found}]" if found.version == 6 else f"[{found}]"


class _Limit:
    """Calls a function unless stopped in time; started again, it counts anew."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        self.timer: threading.Timer | None = None

    def start(self, seconds: float) -> None:
        self.stop()
        self.timer = threading.Timer(seconds, self.act)
        self.timer.daemon = True
        self.timer.start()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class _Stage:
    dot_is_out = False


def dot_stuffed(content: bytes) -> bytes:
    """The content as it travels: lines end in CRLF, a leading dot is doubled (RFC 5321 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _context(server: Server) -> ssl.SSLContext:
    """Certificates are checked where TLS was asked for; what is on offer is taken as it comes (RFC 7435)."""
    context = ssl.create_default_context()
    if server.tls == "offered":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _text(step: str, code: int, said: bytes) -> str:
    return f"{step}: {code} {said.decode('utf-8', 'replace')}"[:500]
