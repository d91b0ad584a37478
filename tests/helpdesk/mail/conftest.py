"""A support address, a mail server that keeps what it gets, and a way to send what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpdesk.mail import outbound
from helpdesk.models import Company, SupportAddress
from tests.cast import Cast
from tests.helpdesk.mail.servers import Sink, server_at, sink


@pytest.fixture
def support(cast: Cast) -> SupportAddress:
    """billing@acme.example, the address of the billing team of Acme Support."""
    Company.objects.update_or_create(pk=1, defaults={"name": "Acme Support"})
    return SupportAddress.objects.create(address="billing@acme.example", team=cast.billing)


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Sink]:
    with sink() as server:
        settings.MAIL_SERVER = server_at(server.port)
        settings.MAIL_DOT_SECONDS = 5.0
        yield server


@pytest.fixture
def send_all(mail_server: Sink) -> Callable[[], Sink]:
    """Send everything that is due; returns the server with what has arrived so far."""

    def _send() -> Sink:
        outbound.deliver_due()
        return mail_server

    return _send
