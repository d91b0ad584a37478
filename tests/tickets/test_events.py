"""Events: numbered, append-only, in a transaction, with known keys, never running backwards."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from tickets import actions
from tickets.events import NotInTransaction, record
from tickets.models import Event


def test_events_of_a_ticket_are_numbered_without_gaps(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.mira)
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", then="waiting")
    numbers = list(ticket.events.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    ticket.refresh_from_db()
    assert ticket.event_seq == len(numbers)


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused():
    with pytest.raises(NotInTransaction):
        record("team.created", data={"team": 1})
    assert not Event.objects.exists()


def test_unknown_kinds_and_keys_are_refused(ticket):
    with pytest.raises(ValueError, match="unknown event kind"):
        record("ticket.exploded", ticket=ticket)
    with pytest.raises(ValueError, match="does not carry"):
        record("ticket.noted", ticket=ticket, data={"text": "words do not belong here"})


@pytest.mark.parametrize("change", [lambda e: e.update(kind="x"), lambda e: e._raw_delete(e.db)])
def test_the_database_refuses_to_change_an_event(ticket, change):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(Event.objects.filter(ticket=ticket))


def test_instants_never_run_backwards_within_a_ticket(ticket, cast):
    early = timezone.now() - timedelta(hours=1)
    actions.prioritize(ticket, 4, by=cast.mira, at=early)
    instants = list(
        ticket.events.exclude(kind__startswith="sla.").order_by("seq").values_list("at", flat=True)
    )
    assert instants == sorted(instants)


def test_a_breach_carries_its_due_instant_though_it_is_recorded_later(ticket):
    due = ticket.opened_at - timedelta(minutes=5)
    event = record("sla.breached", ticket=ticket, at=due, data={"clock": 1, "metric": "first_response"})
    assert event.at == due
    ticket.refresh_from_db()
    assert ticket.last_event_at >= ticket.opened_at
