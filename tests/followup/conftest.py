"""Rules that are on, and tickets that wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from followup import actions as followup
from followup.models import STANDARD, FollowUp, Kind
from tests.cast import Cast
from tests.surveyed import planned, resolve, sent
from tickets import actions
from tickets.models import Ticket

__all__ = ["planned", "resolve", "sent"]

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TUESDAY = datetime(2030, 11, 5, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def switch(cast: Cast) -> Callable[..., None]:
    """Switch kinds of follow-up on (or off), with the standard numbers unless others are given."""

    def _switch(*kinds: Kind, on: bool = True, at: datetime = LONG_AGO, **numbers: int) -> None:
        for kind in kinds:
            team = cast.billing if kind in (Kind.WAITING, Kind.SILENCE) else None
            said = followup.NewRule(kind, on, **(vars(STANDARD[kind]) | numbers))
            followup.set_rules([said], team=team, by=None, at=at)

    return _switch


@pytest.fixture
def wait(cast: Cast, open_ticket: Callable[..., Ticket]) -> Callable[..., Ticket]:
    """A ticket of Priya's that Mira asked a question on, and that waits for her since TUESDAY."""

    def _wait(*, at: datetime = TUESDAY, **given: object) -> Ticket:
        ticket = open_ticket(at=at - timedelta(hours=1), **given)
        actions.reply(ticket, "Which account?", by=cast.mira, channel="desk", then="waiting", at=at)
        ticket.refresh_from_db()
        return ticket

    return _wait


def rows(**given: object) -> list[tuple[str, str, str]]:
    found = FollowUp.objects.filter(**given).order_by("pk")
    return [(row.kind, row.state, row.reason) for row in found]


def due(kind: str) -> FollowUp:
    return FollowUp.objects.get(kind=kind, state="planned")


def send(kind: str, at: datetime | None = None) -> FollowUp:
    """Send what is planned of this kind when its time has come."""
    row = due(kind)
    done = followup.send(row, at=at or row.due_at)
    assert done is not None
    return done
