"""The sweep: warns and breaches what is due, once, dated at its instant; finds what the hand-over lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla import actions as sla_actions
from sla import tasks
from sla.actions.firing import CLAIM
from sla.models import Clock, Measurement
from tests.sla.conftest import after
from tickets import actions
from tickets.models import Event


def told(kind):
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("at", flat=True))


def test_a_clock_past_its_due_time_is_breached_once_at_its_due_time(opened, clock_of):
    ticket = opened()
    assert tasks.sweep_clocks()["breached"] == 2
    clock = clock_of(ticket, "first_response")
    assert (clock.breached_at, clock.next_check_at) == (after(hours=4), None)
    assert told("sla.breached") == [after(hours=4), after(days=2, hours=8)]
    assert not any(tasks.sweep_clocks().values())
    assert len(told("sla.breached")) == 2


def fired(**counts):
    return {"warned": 0, "breached": 0, "escalated": 0, "parked": 0} | counts


def test_the_breach_seen_by_the_sweep_is_not_recorded_again_by_the_late_answer(opened, cast):
    ticket = opened()
    tasks.sweep_clocks()
    actions.reply(ticket, "Sorry", by=cast.mira, channel="desk")
    assert told("sla.breached") == [after(hours=4), after(days=2, hours=8)]


def test_a_clock_near_its_due_time_is_warned_of_once_and_breached_later(opened, clock_of):
    ticket = opened()
    assert tasks.sweep(now=after(hours=3, minutes=1)) == fired(warned=1, escalated=1)
    clock = clock_of(ticket, "first_response")
    assert (clock.warned_at, clock.next_check_at) == (after(hours=3), after(hours=4))
    assert tasks.sweep(now=after(hours=3, minutes=2)) == fired()
    assert tasks.sweep(now=after(hours=5)) == fired(breached=1, escalated=1)
    assert told("sla.warned") == [after(hours=3)]
    assert told("sla.escalated") == [after(hours=3), after(hours=4)]


def test_nobody_is_warned_of_what_has_happened_already(opened):
    opened()
    tasks.sweep(now=after(hours=5))
    assert told("sla.warned") == []


def test_a_stopped_clock_that_nobody_measured_is_handed_over_again(opened, cast):
    ticket = opened()
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=after(hours=1))
    assert tasks.sweep_clocks()["handed_over"] == 1
    tasks.measure(Clock.objects.get(metric="first_response").pk)
    assert tasks.sweep_clocks()["handed_over"] == 0
    assert Measurement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_works_on_is_left_to_the_next_sweep(opened):
    ticket = opened()
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM tickets_ticket WHERE id = %s FOR UPDATE", [ticket.pk])
        assert tasks.sweep_clocks()["breached"] == 0
        other.rollback()
    finally:
        other.close()
    assert tasks.sweep_clocks()["breached"] == 2


def test_the_sweep_finds_its_rows_by_the_partial_index(opened):
    opened()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {CLAIM}", {"now": None, "limit": 400})
        assert "clock_to_check" in "\n".join(line for (line,) in cursor.fetchall())


def test_a_batch_takes_as_many_statements_however_many_tickets_are_in_it(opened):
    counts = []
    for tickets in (2, 12):
        for _ticket in range(tickets):
            opened()
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            assert sla_actions.fire(*sla_actions.claim(100))["breached"] == 2 * tickets
        counts.append(len(asked))
    assert counts[0] == counts[1] < 15


@pytest.mark.tampers
def test_what_is_broken_in_one_ticket_is_put_aside_and_stops_no_other(opened):
    broken, sound = opened(), opened()
    Event.objects.bulk_create(  # takes the number that the breach would get: recording it must fail
        Event(ticket=broken, seq=broken.event_seq + step, kind="ticket.noted", at=after(hours=1))
        for step in range(1, 20)
    )
    assert tasks.sweep_clocks()["breached"] == 2
    assert set(Event.objects.filter(kind="sla.breached").values_list("ticket", flat=True)) == {sound.pk}
    faults = Clock.objects.filter(ticket=broken)
    assert all("IntegrityError" in clock.fault and clock.faults == 1 for clock in faults)
    assert all(clock.next_check_at > timezone.now() for clock in faults)


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_time_tell_each_clock_once(opened):
    for _number in range(12):
        opened()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _number: _sweep_in_a_thread(), range(4)))
    told_of = Event.objects.filter(kind="sla.breached").values_list("ticket", "data__metric")
    assert len(told_of) == len(set(told_of)) == 24
    levels = Event.objects.filter(kind="sla.escalated").values_list("ticket", "data__metric", "data__level")
    assert len(levels) == len(set(levels)) == 48


def _sweep_in_a_thread():
    try:
        for _again in range(8):
            tasks.sweep_clocks()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_dies_half_way_leaves_nothing_told_and_the_next_one_tells_it_once(opened):
    opened()
    with transaction.atomic():
        tickets, now = sla_actions.claim(10)
        assert sla_actions.fire(tickets, now)["breached"] == 2
        transaction.set_rollback(True)  # what the database does when the worker's connection dies
    assert told("sla.breached") == []
    assert tasks.sweep_clocks()["breached"] == 2
