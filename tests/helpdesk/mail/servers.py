"""Mail servers of the tests: one that takes everything, and faults to give it. Real SMTP on loopback."""

from __future__ import annotations

import asyncio
import email
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Takes mail and logs every complete body, whatever it answers: the truth about copies.

    `faults` maps a recipient to what happens to its mail: an answer ("451 later", "550 no") given to RCPT,
    "DATA …" given after the dot, "cut" (the line is cut before the dot), "drop" (after it), "park" (no answer
    to RCPT), "hang" (none after the dot), "drip" and "drip after" (an answer to RCPT, or to the dot, sign by
    sign without an end). `held` is set when somebody waits for an answer that never comes.
    """

    def __init__(self) -> None:
        self.bodies: list[tuple[str, str, bytes]] = []
        self.faults: dict[str, str] = {}
        self.sender_fault: Callable[[str], str] = lambda sender: ""
        self.port = 0
        self.held = threading.Event()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if fault := self.sender_fault(address):
            return fault
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self.faults.get(address, "")
        if fault[:1].isdigit():
            return fault
        if fault == "park":
            await self._hold()
        if fault == "drip":
            await self._drip(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        for address in envelope.rcpt_tos:
            self.bodies.append((envelope.mail_from or "", address, bytes(envelope.content or b"")))
        fault = self.faults.get(envelope.rcpt_tos[0], "")
        if fault == "drop":
            transport: Any = server.transport
            transport.abort()
            return "250 OK"
        if fault == "hang":
            await self._hold()
        if fault == "drip after":
            await self._drip(server)
        return fault.removeprefix("DATA ") or "250 OK"

    async def _hold(self) -> None:
        self.held.set()
        await asyncio.Event().wait()

    async def _drip(self, server: SMTP) -> None:
        """A tar pit: never silent for long, never done."""
        transport: Any = server.transport
        while not transport.is_closing():
            transport.write(b"2")
            await asyncio.sleep(0.02)

    @property
    def recipients(self) -> list[str]:
        return [address for _sender, address, _body in self.bodies]

    def mails(self, address: str | None = None) -> list[EmailMessage]:
        """What arrived, parsed; for one recipient or all."""
        return [
            email.message_from_bytes(body, policy=policy.default)  # type: ignore[misc]
            for _sender, to, body in self.bodies
            if address in (None, to)
        ]


class _Cutting(SMTP):
    """Hangs up in the middle of a mail where it is told to."""

    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope is not None
        to = self.envelope.rcpt_tos
        if to and self.event_handler.faults.get(to[0]) == "cut":
            await self.push("354 go on")
            transport: Any = self.transport
            transport.abort()
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Cutting(self.handler, enable_SMTPUTF8=True, hostname="sink.test", data_size_limit=50_000_000)


@contextmanager
def sink() -> Iterator[Sink]:
    box = Sink()
    controller = _Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        with suppress(Exception):
            controller.stop(no_assert=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def server_at(port: int, **more: Any) -> dict[str, Any]:
    """The value of settings.MAIL_SERVER for a server on loopback."""
    return {"host": "127.0.0.1", "port": port, "user": "", "password": "", "tls": "offered"} | more
