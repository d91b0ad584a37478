"""The sweep: warns and breaches what is due, once, dated at its instant; finds what the hand-over lost."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sla import tasks
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
    assert tasks.sweep_clocks()["breached"] == 0
    assert len(told("sla.breached")) == 2


def test_the_breach_seen_by_the_sweep_is_not_recorded_again_by_the_late_answer(opened, cast):
    ticket = opened()
    tasks.sweep_clocks()
    actions.reply(ticket, "Sorry", by=cast.mira, channel="desk")
    assert told("sla.breached") == [after(hours=4), after(days=2, hours=8)]


def test_a_clock_near_its_due_time_is_warned_of_once_and_breached_later(opened, clock_of):
    ticket = opened()
    now = timezone.now()
    Clock.objects.update(due_at=now + timedelta(hours=1), next_check_at=now - timedelta(minutes=1))
    assert tasks.sweep_clocks() == {"warned": 2, "breached": 0, "handed_over": 0}
    clock = clock_of(ticket, "first_response")
    assert (clock.warned_at, clock.next_check_at) == (now - timedelta(minutes=1), clock.due_at)
    assert tasks.sweep_clocks()["warned"] == 0


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
        cursor.execute("SET LOCAL enable_seqscan = off")
        query = Clock.objects.filter(next_check_at__lt=timezone.now()).order_by("next_check_at")[:200]
        assert "clock_to_check" in query.explain()
