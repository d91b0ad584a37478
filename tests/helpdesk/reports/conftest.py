"""A month of tickets whose every figure can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import transaction
from django.test import Client

from feedback import actions as feedback
from sla.actions import install_defaults, measure_clock
from sla.models import Clock
from tests.cast import Cast, PersonFactory
from tests.surveyed import planned, resolve, sent
from tickets import actions
from tickets.models import Ticket

__all__ = ["planned", "resolve", "sent"]

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOVEMBER = "from=2026-11-01&to=2026-11-30"


def measure_all() -> None:
    """What the worker does with clocks that stopped."""
    with transaction.atomic():
        for clock in Clock.objects.select_for_update().filter(needs_measuring=True):
            measure_clock(clock)


@pytest.fixture
def story(cast: Cast, open_ticket: Callable[..., Ticket]) -> Callable[..., Ticket]:
    """Open a ticket on a working day of November; answer, resolve and rate it as told (minutes, score)."""
    install_defaults(at=MONDAY - timedelta(days=30))
    numbers = count()

    def _story(
        *, answered: float | None = 30, resolved: bool = True, score: int | None = None, **given: object
    ) -> Ticket:
        at = MONDAY + timedelta(days=7 * (next(numbers) % 3), minutes=next(numbers))
        given = {"requester": PersonFactory(proven_at=at), "at": at} | given
        agent = cast.gus if given.get("team") == cast.tech else cast.mira
        ticket = open_ticket(**given)
        if answered is not None:
            actions.assign(ticket, agent, by=agent, at=at)
            later = at + timedelta(minutes=answered)
            actions.reply(ticket, "Here it is.", by=agent, channel="desk", at=later)
            if resolved:
                actions.resolve(ticket, by=agent, at=later)
        survey = ticket.surveys.first()
        if survey and score is not None:
            survey = feedback.invite(survey, at=survey.send_at)
            feedback.answer(survey, score=score, comment=f"Rated {score}", at=survey.send_at)
        measure_all()
        return ticket

    return _story


@pytest.fixture
def month(cast: Cast, story: Callable[..., Ticket]) -> None:
    """Billing: twelve answered after 10 to 120 minutes, two waiting. Tech: four answered after ten hours."""
    for turn in range(12):
        story(answered=10 * (turn + 1), score=(5, 4, 2, 1, None)[turn % 5], priority=turn % 4 + 1)
    story(answered=None)
    story(answered=None)
    for turn in range(4):
        story(answered=600, team=cast.tech, score=(5, None, 3, 1)[turn], channel="portal")


@pytest.fixture
def supervisor(client: Client, cast: Cast) -> Client:
    client.force_login(cast.sue)
    return client
