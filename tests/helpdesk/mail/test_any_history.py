"""Whatever happens to a delivery, and in whichever order: it ends, and at most one extra copy exists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.mail import outbound
from helpdesk.mail.smtp import Outcome, Result
from helpdesk.models import Delivery
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket

State = Delivery.State
STEPS = ("sent", "later", "refused", "unknown", "killed before", "killed after")


@pytest.fixture
def answer(ticket: Ticket, cast: Cast, settings) -> Delivery:
    settings.MAILBOX = True
    Delivery.objects.all().delete()
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    return Delivery.objects.get()


def play(step: str) -> int:
    """One try that ends so. Returns the copies that the server may have by it."""
    row = outbound.claim()
    if row is None:
        return 0
    past = timezone.now() - timedelta(seconds=1)
    mine = Delivery.objects.filter(pk=row.pk)
    if step.startswith("killed"):
        mine.update(claimed_until=past, offered_at=past if step == "killed after" else None)
        assert outbound.rescue() == 1
    else:
        assert outbound.settle(row, outbound.verdict(row, Result(Outcome(step), "said")))
    return int(step in ("sent", "unknown", "killed after"))


@given(steps=st.lists(st.sampled_from(STEPS), max_size=12))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_every_history_ends_with_at_most_one_extra_copy(answer, steps):
    fresh = {
        "state": State.QUEUED, "reason": "", "ended_at": None, "sent_at": None, "first_tried_at": None,
        "attempts": 0, "lost_answers": 0, "offered_at": None, "claimed_until": None, "last_error": "",
    }  # fmt: skip
    Delivery.objects.filter(pk=answer.pk).update(**fresh)
    copies = 0
    for step in steps:
        Delivery.objects.filter(pk=answer.pk).update(send_at=timezone.now() - timedelta(seconds=1))
        copies += play(step)
    row = Delivery.objects.get(pk=answer.pk)
    assert copies <= 2
    assert row.state != State.IN_FLIGHT
    assert (row.state == State.SENT) == (row.sent_at is not None)
    certain = row.state in (State.SENT, State.FAILED)
    given_up = row.state == State.UNCERTAIN and (row.lost_answers == 2 or "refused" in steps)
    assert (row.ended_at is not None) == (certain or given_up)
    if copies:
        assert row.state != State.FAILED
    if row.state == State.FAILED:
        assert "refused" in steps
