"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cast import Cast, make_cast
from tickets import actions
from tickets.models import Ticket


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed world of tests.cast."""
    return make_cast()


@pytest.fixture
def open_ticket(cast: Cast) -> Callable[..., Ticket]:
    """Open a ticket of Priya's in billing by mail; keywords as in `actions.open_ticket`."""

    def _open(**given: object) -> Ticket:
        defaults: dict[str, object] = {
            "requester": cast.priya,
            "subject": "Refund missing",
            "team": cast.billing,
            "by": given.get("requester", cast.priya),
            "channel": "mail",
            "words": "It is now two weeks.",
        }
        return actions.open_ticket(**(defaults | given))  # type: ignore[arg-type]

    return _open


@pytest.fixture
def ticket(open_ticket: Callable[..., Ticket]) -> Ticket:
    """Priya's ticket in billing, opened by mail a moment ago."""
    return open_ticket()
