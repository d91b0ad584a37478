"""Putting a ticket off: out of the way, back in time, and no promise changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sla import actions as sla_actions
from sla.models import Clock
from tickets import actions, queries, tasks
from tickets.models import Event

HOUR = timedelta(hours=1)


def kinds(ticket) -> list[str]:
    return list(ticket.events.order_by("seq").values_list("kind", flat=True))


def clocks_of(ticket) -> list[tuple]:
    return list(Clock.objects.filter(ticket=ticket).order_by("pk").values_list("metric", "state", "due_at"))


def test_a_snoozed_ticket_leaves_what_is_to_be_done_and_no_clock_moves(cast, open_ticket):
    sla_actions.install_defaults()
    ticket = open_ticket(assignee=cast.mira)
    before = clocks_of(ticket)
    until = timezone.now() + HOUR
    actions.snooze(ticket, until=until, by=cast.mira)
    counts = queries.view_counts(cast.mira)
    assert {name: number for name, number in counts.items() if number} == {"snoozed": 1, "open": 1}
    assert before
    assert clocks_of(ticket) == before
    event = Event.objects.get(kind="ticket.snoozed")
    assert event.data == {"until": [None, until.isoformat()]}
    actions.snooze(ticket, until=until, by=cast.mira)
    assert Event.objects.filter(kind="ticket.snoozed").count() == 1


def test_it_comes_back_at_its_time_and_only_once(cast, ticket):
    at = timezone.now() - 2 * HOUR
    actions.snooze(actions.assign(ticket, cast.mira, by=cast.mira), until=timezone.now() + HOUR, by=cast.mira)
    assert tasks.wake_snoozed() == 0
    ticket.refresh_from_db()
    assert ticket.snoozed_until is not None
    type(ticket).objects.filter(pk=ticket.pk).update(snoozed_until=at)
    assert tasks.wake_snoozed() == 1
    assert tasks.wake_snoozed() == 0
    event = Event.objects.get(kind="ticket.unsnoozed")
    assert (event.actor, event.data["reason"]) == (None, "time")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda t, c: actions.reply(t, "Still nothing", by=c.priya, channel="mail"), "customer_wrote"),
        (lambda t, c: actions.resolve(t, by=c.mira), "settled"),
        (lambda t, c: actions.unsnooze(t, by=c.mira), "taken_back"),
    ],
)
def test_it_comes_back_at_once_when(cast, ticket, act, reason):
    actions.snooze(ticket, until=timezone.now() + HOUR, by=cast.mira)
    act(ticket, cast)
    ticket.refresh_from_db()
    assert ticket.snoozed_until is None
    assert Event.objects.get(kind="ticket.unsnoozed").data["reason"] == reason


def test_our_own_words_leave_it_snoozed(cast, ticket):
    actions.snooze(ticket, until=timezone.now() + HOUR, by=cast.mira)
    actions.add_note(ticket, "Hm.", by=cast.mira)
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="mail")
    ticket.refresh_from_db()
    assert ticket.snoozed_until is not None


def test_what_cannot_be_snoozed(cast, ticket):
    now = timezone.now()
    with pytest.raises(actions.NotAllowed):
        actions.snooze(ticket, until=now + HOUR, by=cast.gus)
    for wrong in (now - HOUR, now + timedelta(days=400)):
        with pytest.raises(ValueError, match="Choose a time"):
            actions.snooze(ticket, until=wrong, by=cast.mira)
    actions.resolve(ticket, by=cast.mira)
    with pytest.raises(actions.NotAllowed, match="Reopen it first"):
        actions.snooze(ticket, until=now + HOUR, by=cast.mira)
    assert "ticket.snoozed" not in kinds(ticket)
