"""How long clocks have run, reckoned in the database, is what the fold says."""

from datetime import UTC, datetime, timedelta

import pytest

from sla import actions as sla_actions
from sla.clockwork import folded_ticket
from sla.elapsed import seconds_run
from sla.models import INCOMPLETE, OPEN_STATES, Clock
from sla.tasks import complete_clocks
from tickets import actions

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_clocks_that_run_stand_still_or_stood_still_have_run_as_long_as_the_fold_says(cast, open_ticket):
    sla_actions.install_defaults(at=MONDAY - timedelta(days=30))
    for place in range(9):
        at = MONDAY + timedelta(days=place, hours=5 * place)
        ticket = open_ticket(at=at)
        if place % 3:
            actions.reply(ticket, "Which one?", by=cast.mira, channel="desk", at=at + HOUR)
            actions.set_waiting(ticket, by=cast.mira, at=at + HOUR)
        if place % 3 == 2:
            actions.reply(ticket, "That one.", by=cast.priya, channel="mail", at=at + 30 * HOUR)
    clocks = Clock.objects.filter(state__in=OPEN_STATES)
    assert clocks.filter(state="paused").exists()
    assert clocks.filter(running_since__gt=MONDAY, elapsed_calendar__gt=timedelta(0)).exists()
    for now in (MONDAY + timedelta(days=1), MONDAY + timedelta(days=27, hours=3, seconds=0.25)):
        for working in (True, False):
            said = {
                (clock.ticket_id, clock.metric, clock.instance): seconds
                for clock in clocks
                for seconds in [run_of(clock, now, working)]
            }
            folded = {
                (ticket, each.metric, each.instance): each.elapsed(now, working=working).total_seconds()
                for ticket in {key[0] for key in said}
                for each in folded_ticket(ticket).readings
                if each.is_open
            }
            assert len(said) > 9
            assert said.keys() == folded.keys()
            assert all(abs(seconds - folded[key]) < 1e-5 for key, seconds in said.items())


@pytest.mark.tampers
def test_since_when_clocks_of_an_earlier_release_run_is_noted_by_the_workers(cast, open_ticket):
    sla_actions.install_defaults(at=MONDAY - timedelta(days=30))
    held = Clock.objects.none()
    for place in range(3):
        ticket = open_ticket(at=MONDAY)
        actions.set_waiting(ticket, by=cast.mira, at=MONDAY + HOUR)
        if place:
            actions.reply(ticket, "That one.", by=cast.priya, channel="mail", at=MONDAY + 30 * HOUR)
        held = Clock.objects.filter(state__in=OPEN_STATES).order_by("pk")
    before = list(held.values("pk", "state", "running_since", "elapsed_working", "due_at"))
    assert {row["state"] for row in before} == {"running", "paused"}
    held.update(running_since=None)
    [first] = held.order_by("ticket").values_list("ticket", flat=True).filter(state="running")[:1]
    assert sla_actions.complete_clocks(1) == first
    assert sorted(set(held.filter(INCOMPLETE).values_list("ticket", flat=True)))[0] > first
    assert complete_clocks() == ticket.pk
    assert list(held.values("pk", "state", "running_since", "elapsed_working", "due_at")) == before
    assert complete_clocks() == 0


def run_of(clock: Clock, now: datetime, working: bool) -> float:
    run = seconds_run([clock.metric], now, working=working)
    return Clock.objects.filter(pk=clock.pk).values_list(run, flat=True).get()
