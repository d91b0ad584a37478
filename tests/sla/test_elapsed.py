"""How long clocks have run, reckoned in the database, is what the fold says."""

from datetime import UTC, datetime, timedelta

from sla import actions as sla_actions
from sla.clockwork import folded_ticket
from sla.elapsed import seconds_run
from sla.models import OPEN_STATES, Clock
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


def run_of(clock: Clock, now: datetime, working: bool) -> float:
    run = seconds_run([clock.metric], now, working=working)
    return Clock.objects.filter(pk=clock.pk).values_list(run, flat=True).get()
