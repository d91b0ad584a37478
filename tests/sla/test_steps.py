"""What an escalation level does on its ticket: through the ticket's own actions, once or parked."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from sla import actions as sla_actions
from sla import queries, tasks
from sla.models import Clock, Escalation
from tickets import actions
from tickets.actions import NotAllowed
from tickets.models import Event

State = Escalation.State


@pytest.fixture
def escalated(policy, open_ticket, cast):
    """A ticket opened now whose first reply is due in four hours, and the one level that falls then."""

    def _escalate(*steps, **given):
        targets = {
            "first_response": {str(p): {"seconds": 4 * 3600, "basis": "calendar"} for p in range(1, 5)}
        }
        levels = [{"seconds": 0, "actions": list(steps)}]
        spec = {"targets": targets, "escalations": {"first_response": levels}}
        sla_actions.edit_policy(policy, by=None, spec=spec)
        ticket = open_ticket(**given)
        assert tasks.sweep(now=timezone.now() + timedelta(hours=5))["escalated"] == 1
        return ticket, Escalation.objects.get()

    return _escalate


def test_a_level_raises_moves_assigns_and_tags_as_the_system(escalated, cast):
    steps = {"raise_priority": 4}, {"move": cast.tech.pk}, {"assign": cast.gus.pk}, {"tag": "late"}
    ticket, row = escalated(*steps)
    assert tasks.escalate(row.pk)
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.team, ticket.assignee) == (4, cast.tech, cast.gus)
    assert [tag.name for tag in ticket.tags.all()] == ["late"]
    done = Event.objects.filter(ticket=ticket, seq__gt=row.event.seq, kind__startswith="ticket.")
    kinds = ["ticket.prioritized", "ticket.moved", "ticket.assigned", "ticket.tagged"]
    assert list(done.order_by("seq").values_list("kind", "actor")) == [(kind, None) for kind in kinds]
    assert not tasks.escalate(row.pk)
    assert done.count() == 4


def test_a_higher_priority_is_never_lowered(escalated):
    ticket, row = escalated({"raise_priority": 2}, priority=3)
    tasks.escalate(row.pk)
    ticket.refresh_from_db()
    assert ticket.priority == 3


def test_what_was_answered_meanwhile_is_left_alone(escalated, cast):
    ticket, row = escalated({"tag": "late"})
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk")
    assert not tasks.escalate(row.pk)
    row.refresh_from_db()
    assert row.state == State.VOID
    assert not ticket.tags.exists()


def test_what_fails_is_undone_parked_shown_and_can_be_retried(escalated, cast):
    ticket, row = escalated({"tag": "late"}, {"assign": cast.gus.pk})
    assert not tasks.escalate(row.pk)
    (parked,) = queries.parked_escalations()
    assert "Gus Orlov does not work on this team's tickets." in parked.fault
    assert (parked.faults, parked.next_try_at > timezone.now()) == (1, True)
    assert not ticket.tags.exists()
    actions.set_teams(cast.gus, [cast.billing], by=None)
    with pytest.raises(NotAllowed):
        sla_actions.retry_escalation(parked, by=cast.sue)
    sla_actions.retry_escalation(parked, by=cast.root)
    assert tasks.escalate(row.pk)
    assert not queries.parked_escalations()
    ticket.refresh_from_db()
    assert ticket.assignee == cast.gus


def test_somebody_who_left_gets_no_ticket(escalated, cast):
    _ticket, row = escalated({"assign": cast.mira.pk})
    actions.deactivate(cast.mira, by=cast.root)
    tasks.escalate(row.pk)
    assert "does not work here" in queries.parked_escalations().get().fault


def test_what_the_hand_over_lost_is_found_by_the_sweep(escalated):
    escalated({"tag": "late"})
    assert sla_actions.hand_over_steps(10) == 0
    Escalation.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert sla_actions.hand_over_steps(10) == 1
    assert sla_actions.hand_over_steps(10) == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_done(escalated):
    ticket, row = escalated({"tag": "late"}, {"raise_priority": 4})
    with transaction.atomic():
        assert sla_actions.run_steps(row.pk)
        transaction.set_rollback(True)  # what the database does when the worker's connection dies
    assert not ticket.tags.exists()
    assert tasks.escalate(row.pk)
    assert ticket.tags.count() == 1
    assert Event.objects.filter(kind="ticket.tagged").count() == 1


def test_what_fell_due_before_an_imported_ticket_came_here_is_history(escalated):
    with pytest.raises(Escalation.DoesNotExist):
        escalated({"tag": "late"}, at=timezone.now() - timedelta(days=3))


@pytest.mark.tampers
def test_a_clock_put_aside_is_shown_and_looked_at_again_when_asked(opened, cast):
    ticket = opened()
    wrong = Event(ticket=ticket, seq=ticket.event_seq + 1, kind="ticket.prioritized", at=ticket.opened_at)
    wrong.save()  # no priority in its data: the fold fails
    assert tasks.sweep()["parked"] == 1
    clocks = list(queries.parked_clocks())
    assert [clock.fault for clock in clocks] == ["KeyError: 'priority'"] * 2
    assert tasks.sweep()["parked"] == 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM tickets_event WHERE id = %s", [wrong.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(NotAllowed):
        sla_actions.retry_clock(clocks[0], by=cast.mira)
    for clock in clocks:
        sla_actions.retry_clock(clock, by=cast.root)
    assert tasks.sweep()["breached"] == 2
    assert not queries.parked_clocks()
    assert set(Clock.objects.values_list("faults", flat=True)) == {0}
