"""What faces ask: the queue in due order, the clocks of a ticket, their ledgers, the figures of reports."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from sla import queries, tasks
from sla.models import Clock
from tests.sla.conftest import MONDAY, after
from tickets import access, actions
from tickets.models import Ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def queue(opened, cast):
    """Due first, due later, paused, owing nothing (its only message is a robot's; no resolution target)."""
    later = opened(at=after(minutes=30))
    first = opened(priority=4)
    paused = opened()
    actions.reply(paused, "Which?", by=cast.mira, channel="desk", then="waiting", at=after(hours=1))
    resolved = opened()
    actions.reply(resolved, "Done", by=cast.mira, channel="desk", then="resolved", at=after(hours=1))
    return first, later, paused, resolved


def test_the_queue_stands_in_the_order_of_what_is_due_next(queue):
    first, later, paused, _resolved = queue
    assert list(queries.in_due_order(Ticket.objects.all())) == [first, later, paused]


def test_every_row_says_what_it_owes_next(queue):
    first, _later, paused, resolved = queue
    rows = {row.pk: row for row in queries.with_next_due(Ticket.objects.all())}
    assert len(rows) == 4
    row = rows[first.pk]
    assert (row.next_due_at, row.next_due_metric, row.next_due_state) == (
        after(minutes=30),
        "first_response",
        "running",
    )
    row = rows[paused.pk]
    assert (row.next_due_at, row.next_due_state, row.next_due_reason) == (None, "paused", "waiting")
    assert row.next_due_remaining == 23 * HOUR
    assert rows[resolved.pk].next_due_state is None


def test_pages_go_on_behind_a_row_and_back(opened):
    tickets = [opened(at=after(minutes=minute // 2)) for minute in range(7)]
    rows = list(queries.in_due_order(Ticket.objects.all()))
    assert rows == tickets
    key = (rows[2].due_key, rows[2].pk)
    assert list(queries.in_due_order(Ticket.objects.all(), key)[:3]) == tickets[3:6]
    assert list(queries.in_due_order(Ticket.objects.all(), key, backwards=True)) == [tickets[1], tickets[0]]


def test_the_queue_is_read_from_its_index(opened):
    opened()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        for rows in (
            queries.in_due_order(Ticket.objects.all()),
            queries.in_due_order(Ticket.objects.all(), (MONDAY, 5)),
            queries.in_due_order(Ticket.objects.all(), (MONDAY, 5), backwards=True),
        ):
            plan = rows[:50].explain()
            assert "due_by_place" in plan
            assert "Sort" not in plan


def test_late_and_nearly_due_tickets_are_found(queue):
    first, later, _paused, _resolved = queue
    everything = Ticket.objects.all()
    assert list(queries.late(everything, after(hours=1))) == [first]
    assert list(queries.due_between(everything, after(hours=4), after(hours=5))) == [later]


def test_the_clocks_of_a_ticket_come_in_their_order_newest_instance_only(opened, cast, clock_of):
    ticket = opened()
    for turn in (1, 2):
        actions.reply(ticket, "!", by=cast.mira, channel="desk", at=after(hours=turn))
        actions.reply(ticket, "?", by=cast.priya, channel="mail", at=after(hours=turn, minutes=30))
    found = queries.clocks_of(ticket)
    assert [(clock.metric, clock.instance) for clock in found] == [
        ("first_response", 1),
        ("next_response", 2),
        ("resolution", 1),
    ]


def test_a_ledger_adds_up_and_tells_night_pause_and_overrun(opened, cast):
    ticket = opened(
        at=after(hours=7), priority=3
    )  # Monday 16:00, first reply within 1 h, resolved within 8 h
    actions.put_on_hold(ticket, by=cast.mira, at=after(days=1, hours=1))
    actions.set_open(ticket, by=cast.mira, at=after(days=1, hours=2))
    first, resolution = queries.ledgers_of(ticket, after(days=1, hours=3))
    assert [(each.kind, each.reason, each.spent, each.total) for each in resolution.stretches] == [
        ("counted", "", HOUR, HOUR),
        ("closed", "night", 16 * HOUR, HOUR),
        ("counted", "", HOUR, 2 * HOUR),
        ("paused", "on_hold", HOUR, 2 * HOUR),
        ("counted", "", HOUR, 3 * HOUR),
    ]
    assert (resolution.consumed, resolution.remaining) == (3 * HOUR, 5 * HOUR)
    assert [(each.kind, each.spent) for each in first.stretches] == [
        ("counted", HOUR),
        ("closed", 16 * HOUR),
        ("over", 3 * HOUR),
    ]
    assert first.stretches[-1].total == first.consumed == 4 * HOUR


def test_a_holiday_is_named_in_the_ledger(policy, opened):
    from sla import actions as sla_actions

    spec = policy.calendar.latest.spec | {"holidays": {"2026-03-03": "Town fair"}}
    sla_actions.edit_calendar(policy.calendar, by=None, spec=spec)
    ticket = opened(at=after(hours=7))
    _first, resolution = queries.ledgers_of(ticket, after(days=2, hours=1))
    closed = [each for each in resolution.stretches if each.kind == "closed"]
    assert [(each.reason, each.holiday) for each in closed] == [("holiday", "Town fair")]


def measure_all():
    for pk in Clock.objects.filter(needs_measuring=True).values_list("pk", flat=True):
        tasks.measure(pk)


def test_the_figures_count_every_answer_and_leave_no_ticket_out(opened, cast):
    for hours in (1, 2, 3, 6):
        actions.reply(opened(), "Hello", by=cast.mira, channel="desk", at=after(hours=hours))
    saturday = opened(at=after(days=5))
    actions.reply(saturday, "Hello", by=cast.sue, channel="desk", at=after(days=5, hours=1))
    unanswered = opened()
    resolved = opened()
    actions.resolve(resolved, by=cast.mira, at=after(hours=1))
    measure_all()
    everything = access.visible_to(cast.root)
    figures = queries.figures(queries.measured(everything))
    assert (figures["n"], figures["promised"], figures["met"]) == (5, 5, 4)
    assert figures["median_working"] == 2 * HOUR
    assert figures["median_calendar"] == 2 * HOUR
    assert figures["p90_working"] == timedelta(hours=4.8)
    assert [clock.ticket for clock in queries.still_waiting(everything)] == [unanswered]
    assert [clock.ticket for clock in queries.settled_unanswered(everything)] == [resolved]
    by_agent = {row["agent"]: row["n"] for row in queries.figures_by(queries.measured(everything), "agent")}
    assert by_agent == {cast.mira.pk: 4, cast.sue.pk: 1}


def test_the_figures_hold_only_what_the_reader_may_see_and_asked_for(opened, cast):
    for team, by in ((cast.billing, cast.mira), (cast.tech, cast.gus)):
        actions.reply(opened(team=team), "Hello", by=by, channel="desk", at=after(hours=1))
    measure_all()
    everything = access.visible_to(cast.root)
    assert queries.measured(access.visible_to(cast.gus)).count() == 1
    assert queries.measured(everything, team=[cast.tech.pk]).get().agent == cast.gus
    assert queries.measured(everything, agent=[cast.mira.pk], priority=[2], channel=["mail"]).count() == 1
    assert queries.measured(everything, start=after(hours=2)).count() == 0
    assert queries.measured(everything, end=after(hours=1), by="opened_at").count() == 2
    assert queries.measured(access.visible_to(None)).count() == 0


def test_no_rows_have_no_median(cast):
    figures = queries.figures(queries.measured(access.visible_to(cast.root)))
    assert (figures["n"], figures["median_working"]) == (0, None)


def test_the_public_target_and_the_calendar_of_a_ticket(opened, open_ticket, policy):
    ticket = opened()
    assert queries.public_target(ticket) == after(hours=4)
    assert queries.calendar_of(ticket) is policy.calendar.latest.compiled


def test_a_reply_at_the_very_instant_of_the_opening_has_an_empty_ledger(opened, cast):
    ticket = opened()
    actions.reply(ticket, "At once", by=cast.mira, channel="desk", at=ticket.opened_at)
    first, *_others = queries.ledgers_of(ticket, after(hours=1))
    assert (first.stretches, first.consumed) == ([], timedelta())
