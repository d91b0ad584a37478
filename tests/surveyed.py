"""A resolved ticket and its survey, at fixed instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from feedback import actions as feedback
from feedback.models import Survey
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket

TUESDAY = datetime(2026, 11, 3, 10, tzinfo=UTC)


@pytest.fixture
def resolve(cast: Cast, open_ticket: Callable[..., Ticket]) -> Callable[..., Survey]:
    """Open a ticket of Priya's, let Mira answer and resolve it, and give the survey about that."""

    def _resolve(*, at: datetime = TUESDAY, **given: object) -> Survey:
        ticket = open_ticket(at=at, **given)
        actions.reply(ticket, "It left today.", by=cast.mira, channel="desk", at=at + timedelta(minutes=30))
        actions.resolve(ticket, by=cast.mira, at=at + timedelta(hours=1))
        return ticket.surveys.get()

    return _resolve


@pytest.fixture
def planned(resolve: Callable[..., Survey]) -> Survey:
    """A survey that is still to be sent."""
    return resolve()


@pytest.fixture
def sent(planned: Survey) -> Survey:
    """A survey that has been sent when its time had come."""
    invited = feedback.invite(planned, at=planned.send_at)
    assert invited is not None
    return invited
