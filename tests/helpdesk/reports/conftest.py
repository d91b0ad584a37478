"""A month of tickets whose every figure can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from feedback import actions as feedback
from feedback.models import Cadence
from sla.actions import install_defaults, measure_clock
from sla.models import Clock
from tests.cast import Cast, PersonFactory, make_cast
from tests.surveyed import planned, resolve, sent
from tickets import actions
from tickets.models import Ticket

__all__ = ["planned", "resolve", "sent"]

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
OCTOBER = "from=2026-10-01&to=2026-10-31"
NOVEMBER = "from=2026-11-01&to=2026-11-30"
WHY = {
    "key": "why",
    "kind": "many",
    "choices": [{"key": "slow", "texts": {"en": "Too slow"}}, {"key": "rude", "texts": {"en": "Unfriendly"}}],
    "when": {"key": "rating", "low": 1, "high": 3},
}
EFFORT = [{"key": "rating", "kind": "ces"}, WHY, {"key": "comment", "kind": "text", "limit": 500}]
RECOMMEND = [{"key": "rating", "kind": "nps"}, {"key": "comment", "kind": "text", "limit": 500}]
BY_PHONE = [{"field": "channel", "operator": "is", "values": ["phone"]}]


def measure_all() -> None:
    """What the worker does with clocks that stopped."""
    with transaction.atomic():
        for clock in Clock.objects.select_for_update().filter(needs_measuring=True):
            measure_clock(clock)


def teller(cast: Cast, open_ticket: Callable[..., Ticket]) -> Callable[..., Ticket]:
    """Open a ticket on a working day of November; answer, resolve and rate it as told (minutes, score)."""
    install_defaults(at=MONDAY - timedelta(days=30))
    numbers = count()

    def _story(
        *,
        answered: float | None = 30,
        resolved: bool = True,
        score: int | None = None,
        reasons: Sequence[str] = (),
        **given: object,
    ) -> Ticket:
        at = MONDAY + timedelta(days=7 * (next(numbers) % 3), minutes=next(numbers))
        given = {"requester": PersonFactory(proven_at=at), "at": at} | given
        at = given["at"]
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
            said = {"why": list(reasons)} if reasons else {}
            feedback.answer(survey, score=score, comment=f"Rated {score}", given=said, at=survey.send_at)
        measure_all()
        return ticket

    return _story


@pytest.fixture
def story(cast: Cast, open_ticket: Callable[..., Ticket]) -> Callable[..., Ticket]:
    return teller(cast, open_ticket)


@dataclass
class Month:
    """Made once for all tests of a module, which only read: what they write is taken back after each."""

    cast: Cast


@pytest.fixture(scope="module")
def month(django_db_setup: None, django_db_blocker: Any) -> Iterator[Month]:
    """November: billing has twelve answered after 10 to 120 minutes and two waiting, tech four answered after
    ten hours. October: portal tickets whose customers were asked about effort, and a round of recommendation.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_cast()
        story = teller(cast, partial(open_of, cast))
        fill_november(cast, story)
        _october(cast, story)
        yield Month(cast)
        transaction.set_rollback(True)


def fill_november(cast: Cast, story: Callable[..., Ticket]) -> None:
    for turn in range(12):
        story(answered=10 * (turn + 1), score=(5, 4, 2, 1, None)[turn % 5], priority=turn % 4 + 1)
    story(answered=None)
    story(answered=None)
    for turn in range(4):
        story(answered=600, team=cast.tech, score=(5, None, 3, 1)[turn], channel="portal")


def open_of(cast: Cast, **given: Any) -> Ticket:
    defaults = {"subject": "Refund missing", "team": cast.billing, "by": given["requester"]}
    return actions.open_ticket(**(defaults | {"channel": "mail", "words": "Two weeks."} | given))  # type: ignore[arg-type]


def _october(cast: Cast, story: Callable[..., Ticket]) -> None:
    feedback.install_standard_survey()
    for name, kind, questions, terms in (
        ("Effort", "ces", EFFORT, {"conditions": BY_PHONE}),
        ("Round", "nps", RECOMMEND, {"cool_down": timedelta(0)}),
    ):
        made = feedback.create_survey(name, kind, by=cast.root, questions=questions, **terms)
        feedback.switch_survey(made, True, by=cast.root)
    at = MONDAY - timedelta(days=28)
    for turn, score in enumerate((1, 2, 6, 7, 5, 4, 6, 7, 6, 7, None)):
        reasons = (["slow", "rude"], ["slow"])[turn] if turn < 2 else ()
        story(at=at + timedelta(hours=turn), channel="phone", score=score, reasons=reasons)
    due_at = MONDAY - timedelta(days=5)
    Cadence.objects.update(due_at=due_at)
    scores = (0, 6, 7, 8, 9, 9, 10, 10, 10, 10, None)
    for cadence, score in zip(Cadence.objects.order_by("pk"), scores, strict=True):
        planned = feedback.plan_round(cadence, at=due_at)
        assert planned
        invited = feedback.invite(planned, at=planned.send_at)
        if score is not None:
            feedback.answer(invited, score=score, comment=f"Round {score}", at=planned.send_at)


@pytest.fixture
def supervisor(client: Client, cast: Cast) -> Client:
    client.force_login(cast.sue)
    return client
