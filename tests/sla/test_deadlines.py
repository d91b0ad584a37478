"""A deadline set by hand freezes its clock's due time, whatever happens, until it is released."""

import pytest

from sla import actions as sla_actions
from sla import clockwork, tasks
from sla.measure import FULFILLED, PAUSED, RUNNING
from sla.models import Measurement, TicketDue
from sla.rules import Rules, Target
from tests.sla.conftest import after
from tests.sla.histories import AGENT, History, at, minutes, targets
from tickets import actions
from tickets.actions import NotAllowed
from tickets.models import Event


def fixed(history, metric, due, when="10:00"):
    return history.add(
        "sla.deadline_set", when, actor=AGENT, metric=metric, instance=1, due_at=at(due).isoformat()
    )


# --- the fold -----------------------------------------------------------------------------------------------


def test_the_clock_is_due_when_the_hand_says_and_knows_whose_hand():
    reading = fixed(History(), "first_response", "15:00").first()
    assert (reading.due_at, reading.by_hand.by, reading.by_hand.set_at) == (at("15:00"), AGENT, at("10:00"))
    assert (reading.remaining(at("14:00")), reading.overrun(at("16:00"))) == (minutes(60), minutes(60))


@pytest.mark.parametrize(
    "happening",
    [
        {"kind": "ticket.prioritized", "priority": [2, 4]},
        {"kind": "ticket.set_waiting", "status": ["new", "waiting"]},
        {"kind": "sla.applied", "policy_version": 2, "calendar_version": 1},
        {"kind": "sla.applied", "policy_version": None, "calendar_version": None},
    ],
    ids=["priority", "pause", "policy", "no policy"],
)
def test_nothing_but_release_moves_it(happening):
    history = fixed(
        History(Rules({"resolution": {2: Target(minutes(60)), 4: Target(minutes(30))}})),
        "resolution",
        "15:00",
        when="09:30",
    )
    history.rules[2] = Rules(targets(resolution=20))
    reading = history.add(happening.pop("kind"), "11:00", **happening).resolution(until=at("15:00"))
    assert (reading.state, reading.due_at, reading.breached_at) == (RUNNING, at("15:00"), None)
    assert history.resolution(until=at("15:01")).breached_at == at("15:00")


def test_a_status_that_pauses_keeps_it_from_counting_but_not_from_being_due():
    history = fixed(History(), "resolution", "15:00").status("11:00", "new", "waiting")
    reading = history.resolution(until=at("16:00"))
    assert (reading.state, reading.pause_reason, reading.breached_at) == (RUNNING, "waiting", at("15:00"))
    assert reading.elapsed(at("16:00"), working=True) == minutes(120)


def test_released_it_is_due_by_the_policy_with_what_it_consumed():
    history = fixed(History(), "resolution", "15:00").status("11:00", "new", "waiting")
    history.status("12:00", "waiting", "open")
    history.add("sla.deadline_released", "13:00", metric="resolution", instance=1)
    reading = history.resolution()
    assert (reading.by_hand, reading.due_at) == (None, at("10:00", day=1))


def test_released_while_a_status_pauses_it_waits():
    history = fixed(History(), "resolution", "15:00").status("11:00", "new", "waiting")
    reading = history.add("sla.deadline_released", "13:00", metric="resolution", instance=1).resolution()
    assert (reading.state, reading.due_at) == (PAUSED, None)


def test_released_after_the_target_is_used_up_it_is_due_at_once():
    history = fixed(History(), "first_response", "16:00").add(
        "sla.deadline_released", "14:00", metric="first_response", instance=1
    )
    reading = history.first(until=at("14:01"))
    assert (reading.due_at, reading.breached_at) == (at("14:00"), at("14:00"))


def test_a_breach_before_it_stays():
    reading = fixed(History(), "first_response", "16:00", when="12:00").agent("13:00").first()
    assert (reading.due_at, reading.breached_at) == (at("16:00"), at("11:00"))


def test_a_clock_without_a_target_can_be_given_a_deadline():
    history = fixed(History(Rules()), "resolution", "12:00")
    reading = history.status("13:00", "new", "resolved").resolution()
    assert (reading.state, reading.target, reading.breached_at) == (FULFILLED, None, at("12:00"))
    assert reading.overrun(at("13:00")) == minutes(60)


def test_it_is_warned_of_a_quarter_before_and_not_before_it_was_set():
    assert fixed(History(), "first_response", "16:00").first().warn_at == at("15:30")
    assert fixed(History(), "first_response", "10:10").first().warn_at == at("10:00")


def test_a_lost_answer_leaves_it_to_the_instance_that_goes_on():
    history = History().agent("09:10").customer("09:30").agent("09:40", message=201).customer("09:50")
    history.add("sla.deadline_set", "10:00", metric="next_response", instance=2, due_at=at("16:00"))
    history.add("delivery.failed", "10:05", message=201)
    assert history.read()["next_response", 1].due_at == at("16:00")


def test_a_deadline_for_a_clock_that_ended_changes_nothing():
    assert fixed(History().agent("09:30"), "first_response", "15:00").first().due_at == at("11:00")


# --- the action ---------------------------------------------------------------------------------------------


def test_setting_it_records_who_and_when_and_moves_what_the_ticket_owes(opened, cast, clock_of):
    ticket = opened()
    due = after(days=1, hours=2, microseconds=5)
    clock = sla_actions.set_deadline(ticket, "first_response", due, by=cast.mira, at=after(hours=1))
    assert (clock.due_at, clock.due_set_by, clock.due_set_at) == (
        after(days=1, hours=2),
        cast.mira,
        after(hours=1),
    )
    assert TicketDue.objects.get(ticket=ticket).due_at == after(days=1, hours=2)
    event = Event.objects.get(kind="sla.deadline_set")
    assert (event.actor, event.data["metric"], event.data["instance"]) == (cast.mira, "first_response", 1)
    assert list(clockwork.differences([ticket.pk])) == []


def test_the_sweep_breaches_it_at_its_own_instant_while_a_status_pauses_the_clock(opened, cast, clock_of):
    ticket = opened()
    sla_actions.set_deadline(ticket, "resolution", after(hours=3), by=cast.mira, at=after(hours=1))
    actions.put_on_hold(ticket, by=cast.mira, at=after(hours=2))
    tasks.sweep_clocks()
    assert clock_of(ticket, "resolution").breached_at == after(hours=3)
    assert list(clockwork.differences([ticket.pk])) == []


def test_released_the_policy_holds_again_and_a_verdict_without_target_is_told(opened, cast, clock_of):
    ticket = opened()
    sla_actions.set_deadline(ticket, "first_response", after(hours=6), by=cast.mira, at=after(hours=1))
    clock = sla_actions.release_deadline(ticket, "first_response", by=cast.mira, at=after(hours=2))
    assert (clock.due_at, clock.due_set_at) == (after(hours=4), None)
    assert sla_actions.release_deadline(ticket, "first_response", by=cast.mira) == clock
    assert Event.objects.filter(kind="sla.deadline_released").count() == 1


def test_setting_the_same_twice_is_one_event_and_the_reason_is_a_note(opened, cast):
    ticket = opened()
    for _time in range(2):
        sla_actions.set_deadline(
            ticket, "resolution", after(days=9), by=cast.mira, reason="Their audit", at=after(hours=1)
        )
    event = Event.objects.get(kind="sla.deadline_set")
    note = ticket.messages.get(pk=event.data["note"])
    assert (note.text, note.public) == ("Their audit", False)


def test_a_met_deadline_of_an_unpromised_clock_is_a_met_promise(opened, cast, policy, clock_of):
    sla_actions.edit_policy(policy, spec={}, by=None)
    ticket = opened()
    sla_actions.set_deadline(ticket, "resolution", after(hours=5), by=cast.mira, at=after(hours=1))
    actions.resolve(ticket, by=cast.mira, at=after(hours=2))
    tasks.measure(clock_of(ticket, "resolution").pk)
    assert Measurement.objects.get(metric="resolution").verdict == "met"


def test_who_may_not_work_and_what_cannot_be_are_refused(opened, cast):
    ticket, when = opened(), {"at": after(hours=1)}
    with pytest.raises(NotAllowed, match="may not change"):
        sla_actions.set_deadline(ticket, "resolution", after(hours=3), by=cast.priya, **when)
    with pytest.raises(ValueError, match="still to come"):
        sla_actions.set_deadline(ticket, "resolution", after(minutes=59), by=cast.mira, **when)
    with pytest.raises(ValueError, match="within five years"):
        sla_actions.set_deadline(ticket, "resolution", after(days=3000), by=cast.mira, **when)
    with pytest.raises(NotAllowed, match="does not run"):
        sla_actions.set_deadline(ticket, "next_response", after(hours=3), by=cast.mira, **when)
    assert not Event.objects.filter(kind__startswith="sla.deadline").exists()
