"""Deleted rows made anew from the events are those that were there; a changed event or row is found."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from io import StringIO
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla import actions as sla_actions
from sla import clockwork, tasks
from sla.models import Calendar, Clock, Measurement, Policy, TicketDue
from sla.rules import METRICS, Switches
from tests.sla.conftest import MONDAY, after
from tests.sla.strategies import switches
from tickets import actions
from tickets.actions import NotAllowed
from tickets.actions.base import instant, lock
from tickets.events import record
from tickets.models import Event, Ticket


def all_rows(**which):
    """Everything that can be rebuilt, without the keys and instants that a new row has anew."""
    clocks = Clock.objects.filter(**which).order_by("ticket", "metric", "instance")
    return {
        "clocks": list(clocks.values("ticket", "metric", "instance", *clockwork.CLOCK_FIELDS)),
        "measurements": list(
            Measurement.objects.filter(**which)
            .order_by("ticket", "metric", "instance")
            .values("ticket", "metric", "instance", *clockwork.MEASUREMENT_FIELDS)
        ),
        "dues": list(
            TicketDue.objects.filter(**which).order_by("ticket").values("ticket", *clockwork.DUE_FIELDS)
        ),
    }


def measure_all():
    for pk in list(Clock.objects.filter(needs_measuring=True).values_list("pk", flat=True)):
        tasks.measure(pk)


def run(*args):
    out = StringIO()
    call_command("rebuild_clocks", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def lived(opened, cast):
    """Tickets with some of everything, measured, and one swept."""
    answered, late, waiting, bounced, untouched = (opened() for _ in range(5))
    actions.reply(answered, "Done", by=cast.mira, channel="desk", then="resolved", at=after(hours=1))
    actions.reply(answered, "No", by=cast.priya, channel="mail", at=after(hours=2))
    actions.reply(late, "Sorry", by=cast.mira, channel="desk", at=after(hours=7))
    actions.reply(waiting, "Which?", by=cast.mira, channel="desk", then="waiting", at=after(hours=1))
    message = actions.reply(bounced, "Lost", by=cast.mira, channel="desk", at=after(hours=1))
    actions.report_undelivered(message, delivery=1, at=after(hours=5))
    tasks.sweep_clocks()
    actions.prioritize(untouched, 4, by=cast.mira)
    measure_all()
    return answered, late, waiting, bounced, untouched


def test_deleted_rows_come_back_as_they_were(lived):
    before = all_rows()
    assert before["measurements"]
    assert before["dues"]
    for model in (Measurement, Clock, TicketDue):
        model.objects.all().delete()
    with pytest.raises(CommandError, match="differences"):
        run("--verify")
    assert "rebuilt" in run()
    assert all_rows() == before
    assert "agree with their events" in run("--verify")


def test_rebuilding_what_is_right_changes_nothing(lived):
    before = all_rows()
    run()
    assert all_rows() == before


def test_an_altered_measurement_is_found_and_mended(lived):
    _answered, late, *_rest = lived
    row = Measurement.objects.get(ticket=late, metric="first_response")
    Measurement.objects.filter(pk=row.pk).update(working=row.working - timedelta(hours=4), verdict="met")
    out = StringIO()
    with pytest.raises(CommandError, match="2 differences"):
        call_command("rebuild_clocks", "--verify", stdout=out)
    assert f"#{late.pk} measurement first_response 1: verdict is met, the events say missed" in out.getvalue()
    run("--ticket", str(late.pk))
    assert "agree" in run("--verify")


@pytest.mark.tampers
def test_a_changed_event_is_found(lived):
    answered, *_rest = lived
    event = Event.objects.get(ticket=answered, kind="ticket.replied", data__by="agent")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # what an intruder would have to do
        cursor.execute("UPDATE tickets_event SET at = at + interval '30 min' WHERE id = %s", [event.pk])
        cursor.execute("SET session_replication_role = DEFAULT")
    out = StringIO()
    with pytest.raises(CommandError, match="differences"):
        call_command("rebuild_clocks", "--verify", "--ticket", str(answered.pk), stdout=out)
    assert "clock first_response 1: stopped_at" in out.getvalue()
    assert "measurement first_response 1: working" in out.getvalue()


@pytest.mark.tampers
@pytest.mark.parametrize("change", [{"state": "running"}, {"breached_at": None}, {"due_at": None}])
def test_an_altered_clock_is_found(lived, change):
    Clock.objects.filter(metric="first_response", breached_at__isnull=False).update(**change)
    with pytest.raises(CommandError, match="differences"):
        run("--verify")


def test_a_measurement_that_the_worker_still_owes_is_no_difference(opened, cast):
    actions.reply(opened(), "Hello", by=cast.mira, channel="desk", at=after(hours=1))
    assert Clock.objects.filter(needs_measuring=True).count() == 1
    assert "agree" in run("--verify")


def test_since_takes_only_tickets_with_later_events(lived):
    assert run("--since", "2030-01-01").startswith("0 clocks of 0 tickets")
    with pytest.raises(CommandError, match="is no instant"):
        run("--since", "yesterday")


STEPS = (
    "customer",
    "agent",
    "bot",
    "automatic",
    "held",
    "note",
    "waiting",
    "on_hold",
    "open",
    "resolve",
    "reopen",
    "close",
    "priority",
    "type",
    "move",
    "assign",
    "withdraw",
    "bounce",
    "recover",
    "deadline",
    "release",
    "policy",
    "calendar",
    "sweep",
    "sweep_late",
    "measure",
)


def moves_of(steps):
    """Lists of a step and the minutes before it."""
    return st.lists(st.tuples(st.sampled_from(steps), st.integers(1, 2000)), min_size=1, max_size=16)


HOUR = 3600
LEVELS = [{"seconds": seconds, "tell": ["team"]} for seconds in (-2 * HOUR, -60, 0, 60, 2 * HOUR)]


def promises(choices, hours=(2, 2, 3, 9, 8, 12, 30)):
    """A policy that promises every metric, with these switches."""
    return {
        "targets": {
            metric: {
                str(level): {"seconds": each * HOUR // level, "basis": "working"} for level in (1, 2, 3, 4)
            }
            for metric, each in zip(METRICS, hours, strict=True)
        },
        "escalations": dict.fromkeys(METRICS, LEVELS),
        "switches": asdict(choices),
    }


@given(moves=moves_of(STEPS), choices=switches())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_history_the_rows_are_what_the_events_say(opened, policy, cast, moves, choices):
    sla_actions.edit_policy(policy, spec=promises(choices), by=None)
    ticket, at, ours = opened(), MONDAY, []
    for step, minutes in moves:
        at += timedelta(minutes=minutes)
        with suppress(NotAllowed, ValueError):
            take(step, ticket, at, cast, ours)
    # A word after the reopening days opened a ticket of its own: that one must agree as well.
    tickets = [ticket.pk, *ticket.follow_ups.values_list("pk", flat=True)]
    agree(tickets)


def agree(tickets):
    """Live rows say what the events say, and rows made anew are those that were there."""
    assert [str(each) for each in clockwork.differences(tickets)] == []
    measure_all()
    before = all_rows(ticket__in=tickets)
    for model in (Measurement, Clock, TicketDue):
        model.objects.filter(ticket__in=tickets).delete()
    clockwork.rebuild(tickets)
    assert all_rows(ticket__in=tickets) == before
    levels = Event.objects.filter(kind="sla.escalated", ticket__in=tickets)
    told = list(levels.values_list("ticket", "data__metric", "data__instance", "data__level"))
    assert len(told) == len(set(told))


def take(step, ticket, at, cast, ours):
    """One step of a life, at an instant (None: now), by the actions that people and mails take."""
    ticket.refresh_from_db()
    turn = int(at.timestamp()) // 60 if at else len(ours)
    metric, soon = METRICS[turn % len(METRICS)], (at or timezone.now()) + timedelta(minutes=turn % 999 + 1)
    match step:
        case "customer":
            actions.reply(ticket, "?", by=cast.priya, channel="mail", at=at)
        case "agent" | "bot":
            human = step == "agent"
            hold = timedelta(minutes=3)
            ours.append(
                actions.reply(ticket, "!", by=cast.sue, channel="desk", human=human, hold=hold, at=at)
            )
        case "automatic":
            actions.hear_automatic(ticket, "I am away", author=cast.priya, at=at)
        case "held":
            message = actions.hold_message(ticket, "May I?", author=cast.cara, at=at)
            actions.accept_message(message, by=cast.sue, at=at)
        case "note":
            actions.add_note(ticket, "Psst", by=cast.sue, at=at)
        case "waiting":
            actions.set_waiting(ticket, by=cast.sue, at=at)
        case "on_hold":
            actions.put_on_hold(ticket, by=cast.sue, at=at)
        case "open":
            actions.set_open(ticket, by=cast.sue, at=at)
        case "resolve":
            actions.resolve(ticket, by=cast.sue, at=at)
        case "reopen":
            actions.reopen(ticket, by=cast.sue, at=at)
        case "close":
            actions.close(ticket, by=cast.sue, at=at)
        case "priority":
            actions.prioritize(ticket, ticket.priority % 4 + 1, by=cast.sue, at=at)
        case "type":
            actions.retype(ticket, "incident" if ticket.type != "incident" else "task", by=cast.sue, at=at)
        case "move":
            team = cast.tech if ticket.team == cast.billing else cast.billing
            actions.move(ticket, team, by=cast.sue, at=at)
        case "assign":
            actions.assign(ticket, cast.sue if ticket.assignee is None else None, by=cast.sue, at=at)
        case "withdraw" if ours:
            actions.withdraw(ours[-1], by=cast.sue, at=ours[-1].said_at + timedelta(minutes=1))
        case "bounce" if ours:
            actions.report_undelivered(ours[-1], delivery=1, at=at)
        case "recover" if ours:
            actions.report_delivered_after_all(ours[-1], delivery=1, at=at)
        case "deadline":
            sla_actions.set_deadline(ticket, metric, soon, by=cast.sue, at=at)
        case "release":
            sla_actions.release_deadline(ticket, metric, by=cast.sue, at=at)
        case "policy":
            spec = promises(Switches(), hours=[turn % 7 + 1] * 7)
            change_policy(ticket, {"spec": spec if turn % 3 else {}}, at)
        case "calendar":
            hours = {"mon": [["08:00", "12:00"]], "wed": [["22:00", "06:00"]], "fri": [["10:00", "24:00"]]}
            spec = {"timezone": "Europe/Berlin", "hours": hours, "holidays": {"2026-03-06": f"Fair {turn}"}}
            sla_actions.edit_calendar(Calendar.objects.get(is_default=True), spec=spec, by=None)
            change_policy(ticket, {}, at)
        case "sweep":
            tasks.sweep(now=at)
        case "sweep_late":
            tasks.sweep_clocks()
        case "measure":
            measure_all()
        case "rebuild":
            with transaction.atomic():
                clockwork.rebuild([lock(ticket).pk])


def change_policy(ticket, changes, at):
    """Edit the policy and let its latest version hold for the ticket, as the job for open tickets does."""
    policy = Policy.objects.get()
    if changes:
        sla_actions.edit_policy(policy, by=None, **changes)
    with transaction.atomic():
        ticket = lock(ticket)
        data = {
            "policy_version": policy.latest.pk,
            "calendar_version": policy.calendar.latest.pk,
        }
        record("sla.applied", ticket=ticket, subject=ticket, at=instant(at, ticket), data=data)


# --- at the same time ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_after_actions_at_the_same_time_the_rows_are_what_the_events_say(policy, opened, cast, seed):
    sla_actions.edit_policy(policy, spec=promises(Switches(reopened_resolution="continue")), by=None)
    tickets = [opened(at=timezone.now() - timedelta(hours=hours)) for hours in (1, 30)]
    with ThreadPoolExecutor(4) as pool:
        lives = [pool.submit(live_on, Random(seed * 100 + n), tickets, cast) for n in range(4)]
        taken = sum(life.result() for life in lives)
    assert taken > 40
    agree([ticket.pk for ticket in tickets])
    told = Event.objects.filter(kind__in=("sla.breached", "sla.escalated")).values_list(
        "ticket", "kind", "data__metric", "data__instance", "data__level"
    )
    assert len(told) == len(set(told))


def live_on(random, tickets, cast):
    """Twenty random steps on tickets that others work on at the same time; how many were possible."""
    taken, ours = 0, {ticket.pk: [] for ticket in tickets}
    try:
        for _step in range(20):
            ticket = Ticket.objects.get(pk=random.choice(tickets).pk)
            with suppress(NotAllowed, ValueError):
                take(random.choice(STEPS), ticket, None, cast, ours[ticket.pk])
                taken += 1
    finally:
        connection.close()
    return taken
