"""A real SMTP server in the test process: the truth about what left and how often."""

import logging
from collections import defaultdict
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.flows.product import free_ports

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's own account of every line


class Sink:
    """Accepts every mail and keeps it with its recipients; a context manager."""

    def __init__(self) -> None:
        self.accepted: list[tuple[list[str], EmailMessage]] = []
        self._by_address: defaultdict[str, list[EmailMessage]] = defaultdict(list)
        (self.port,) = free_ports(1)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> "Sink":
        self._controller.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.accepted.append((list(envelope.rcpt_tos), mail))
        for address in envelope.rcpt_tos:
            self._by_address[address].append(mail)
        return "250 accepted"

    def by_recipient(self) -> dict[str, list[EmailMessage]]:
        """What was accepted, in order, for each address."""
        return dict(self._by_address)

    def to(self, address: str) -> list[EmailMessage]:
        """What was accepted for an address, in order."""
        return list(self._by_address.get(address, []))
