"""Clocks follow a ticket's events, in the transaction of the action."""

from datetime import timedelta

import pytest

from sla import actions as sla_actions
from sla import tasks
from sla.models import NEVER, PAUSED_PLACE, CalendarVersion, Clock, Measurement, TicketDue
from tests.sla.conftest import MONDAY, after
from tickets import actions
from tickets.models import Event

HOUR = timedelta(hours=1)


def events(ticket, kind):
    return list(Event.objects.filter(ticket=ticket, kind=kind).order_by("seq"))


def test_opening_applies_the_policy_and_starts_two_clocks(opened, policy, clock_of):
    ticket = opened()
    (applied,) = events(ticket, "sla.applied")
    assert applied.data == {
        "policy_version": policy.latest.pk,
        "calendar_version": CalendarVersion.objects.get().pk,
    }
    first, resolution = clock_of(ticket, "first_response"), clock_of(ticket, "resolution")
    assert (first.state, first.started_at, first.due_at) == ("running", MONDAY, after(hours=4))
    assert (first.target, first.next_check_at) == (4 * HOUR, after(hours=3))
    assert resolution.due_at == after(days=2, hours=8)
    due = TicketDue.objects.get(ticket=ticket)
    assert (due.due_at, due.metric, due.place_at) == (first.due_at, "first_response", first.due_at)


def test_without_any_policy_the_clocks_measure_and_nothing_is_due(open_ticket, clock_of):
    ticket = open_ticket(at=MONDAY)
    assert clock_of(ticket, "first_response").due_at is None
    assert TicketDue.objects.get(ticket=ticket).place_at == NEVER


def test_an_answer_stops_the_clock_in_its_transaction_and_the_worker_measures_it(opened, cast, clock_of):
    ticket = opened()
    message = actions.reply(ticket, "On its way", by=cast.mira, channel="desk", at=after(hours=3))
    clock = clock_of(ticket, "first_response")
    assert (clock.state, clock.stopped_at, clock.stopped_by_message) == ("fulfilled", after(hours=3), message)
    assert clock.needs_measuring
    assert not Measurement.objects.exists()
    assert tasks.measure(clock.pk)
    measured = Measurement.objects.get()
    assert (measured.working, measured.calendar, measured.verdict) == (3 * HOUR, 3 * HOUR, "met")
    assert (measured.agent, measured.team, measured.message) == (cast.mira, cast.billing, message)
    assert (measured.target, measured.channel, measured.priority) == (4 * HOUR, "mail", 2)


def test_measuring_twice_changes_nothing(opened, cast, clock_of):
    ticket = opened()
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=after(hours=1))
    clock = clock_of(ticket, "first_response")
    assert tasks.measure(clock.pk)
    before = Measurement.objects.values().get()
    assert not tasks.measure(clock.pk)
    assert Measurement.objects.values().get() == before


def test_a_late_answer_is_missed_and_the_breach_is_dated_at_the_due_time(opened, cast, clock_of):
    ticket = opened()
    actions.reply(ticket, "Sorry", by=cast.mira, channel="desk", at=after(hours=6))
    clock = clock_of(ticket, "first_response")
    (breach,) = events(ticket, "sla.breached")
    assert (breach.at, clock.breached_at) == (after(hours=4), after(hours=4))
    assert breach.data["metric"] == "first_response"
    assert tasks.measure(clock.pk)
    assert Measurement.objects.values_list("verdict", "overrun").get() == ("missed", 2 * HOUR)


def test_taking_the_answer_back_runs_the_clock_again_and_forgets_the_measurement(opened, cast, clock_of):
    ticket = opened()
    message = actions.reply(
        ticket, "Too early", by=cast.mira, channel="desk", at=after(hours=1), hold=timedelta(minutes=1)
    )
    tasks.measure(clock_of(ticket, "first_response").pk)
    actions.withdraw(message, by=cast.mira, at=after(hours=1, seconds=30))
    clock = clock_of(ticket, "first_response")
    assert (clock.state, clock.stopped_at, clock.due_at) == ("running", None, after(hours=4))
    assert not Measurement.objects.exists()


def test_a_bounced_answer_runs_the_clock_again_with_the_breach_meanwhile(opened, cast, clock_of):
    ticket = opened()
    message = actions.reply(ticket, "Lost", by=cast.mira, channel="desk", at=after(hours=1))
    actions.report_undelivered(message, delivery=1, at=after(hours=5))
    clock = clock_of(ticket, "first_response")
    assert (clock.state, clock.breached_at) == ("running", after(hours=4))
    assert [event.at for event in events(ticket, "sla.breached")] == [after(hours=4)]
    actions.report_delivered_after_all(message, delivery=1, at=after(hours=6))
    clock = clock_of(ticket, "first_response")
    assert (clock.state, clock.stopped_at, clock.breached_at) == ("fulfilled", after(hours=1), None)


def test_waiting_pauses_the_resolution_and_the_customers_word_runs_it_again(opened, cast, clock_of):
    ticket = opened()
    actions.reply(ticket, "Which?", by=cast.mira, channel="desk", then="waiting", at=after(hours=1))
    clock = clock_of(ticket, "resolution")
    assert (clock.state, clock.pause_reason, clock.due_at, clock.remaining) == (
        "paused",
        "waiting",
        None,
        23 * HOUR,
    )
    due = TicketDue.objects.get(ticket=ticket)
    assert (due.place_at, due.state, due.remaining) == (PAUSED_PLACE, "paused", 23 * HOUR)
    actions.reply(ticket, "This one", by=cast.priya, channel="mail", at=after(hours=3))
    assert clock_of(ticket, "resolution").due_at == after(days=3, hours=2)
    assert clock_of(ticket, "next_response").due_at == after(hours=7)
    assert TicketDue.objects.get(ticket=ticket).metric == "next_response"


def test_a_resolved_ticket_owes_nothing_and_stands_in_no_queue(opened, cast, clock_of):
    ticket = opened()
    actions.reply(ticket, "Done", by=cast.mira, channel="desk", then="resolved", at=after(hours=1))
    assert not TicketDue.objects.filter(ticket=ticket).exists()
    assert {clock.state for clock in Clock.objects.filter(ticket=ticket)} == {"fulfilled"}
    actions.reply(ticket, "Not yet", by=cast.priya, channel="mail", at=after(hours=2))
    assert TicketDue.objects.get(ticket=ticket).metric == "next_response"


def test_another_priority_keeps_the_version_and_the_time_used(opened, cast, clock_of):
    ticket = opened()
    actions.prioritize(ticket, 3, by=cast.mira, at=after(minutes=30))
    clock = clock_of(ticket, "first_response")
    assert (clock.due_at, clock.elapsed_working) == (after(hours=1), HOUR / 2)
    assert len(events(ticket, "sla.applied")) == 1


def test_a_ticket_that_falls_under_another_policy_gets_that_one(opened, cast, policy, clock_of):
    spec = sla_actions.default_policy()
    spec["targets"]["first_response"]["2"]["seconds"] = 7200
    spec["conditions"] = [{"field": "team", "operator": "is", "values": [cast.tech.pk]}]
    tech = sla_actions.create_policy("Tech", spec, calendar=policy.calendar, by=None, position=0)
    ticket = opened()
    assert clock_of(ticket, "first_response").due_at == after(hours=4)
    actions.move(ticket, cast.tech, by=cast.root, at=after(hours=1))
    clock = clock_of(ticket, "first_response")
    assert (clock.due_at, clock.policy_version) == (after(hours=2), tech.latest)


def test_an_edited_policy_holds_for_tickets_opened_from_then_on(opened, cast, policy, clock_of):
    ticket = opened()
    spec = sla_actions.default_policy()
    spec["targets"]["first_response"]["2"]["seconds"] = 3600
    sla_actions.edit_policy(policy, by=cast.root, spec=spec)
    actions.retype(ticket, "incident", by=cast.mira, at=after(hours=1))
    assert clock_of(ticket, "first_response").due_at == after(hours=4)
    assert clock_of(opened(), "first_response").due_at == after(hours=1)


def test_notes_and_automatic_mail_leave_every_clock_as_it_was(opened, cast):
    ticket = opened()
    before = list(Clock.objects.order_by("pk").values())
    actions.add_note(ticket, "Look", by=cast.mira, at=after(hours=1))
    actions.hear_automatic(ticket, "I am away", author=cast.priya, at=after(hours=2))
    assert list(Clock.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("spoke_first", ["customer", "agent"])
def test_a_reply_costs_a_constant_number_of_queries_here(
    opened, cast, spoke_first, django_assert_max_num_queries
):
    ticket = opened(by=cast.mira, spoke_first=spoke_first, channel="phone")
    for turn in range(10):
        actions.reply(ticket, "?", by=cast.priya, channel="mail", at=after(hours=1, minutes=turn))
        actions.reply(ticket, "!", by=cast.mira, channel="desk", at=after(hours=1, minutes=turn, seconds=9))
    event = ticket.events.filter(kind="ticket.replied").last()
    with django_assert_max_num_queries(4):
        sla_actions.set_clocks([event])
