"""What the queue is read by: a ticket's own columns beside what it owes, always the ticket's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from sla import clockwork, queries
from sla.models import TicketDue
from tickets import access, actions
from tickets.models import Ticket

STAGES = {
    "moved": lambda one, cast: actions.move(one, cast.tech, by=cast.sue),
    "assigned": lambda one, cast: actions.assign(one, cast.sue, by=cast.sue),
    "urgent": lambda one, cast: actions.prioritize(one, 4, by=cast.sue),
    "snoozed": lambda one, cast: actions.snooze(one, until=timezone.now() + timedelta(days=1), by=cast.sue),
    "back": lambda one, cast: actions.unsnooze(one, by=cast.sue),
    "answered": lambda one, cast: actions.reply(one, "Which?", by=cast.sue, channel="desk", then="waiting"),
    "heard": lambda one, cast: actions.reply(one, "That one.", by=cast.priya, channel="mail"),
    "on hold": lambda one, cast: actions.put_on_hold(one, by=cast.sue),
    "resolved": lambda one, cast: actions.resolve(one, by=cast.sue),
    "reopened": lambda one, cast: actions.reopen(one, by=cast.sue),
    "deleted": lambda one, cast: actions.delete(one, by=cast.sue),
    "restored": lambda one, cast: actions.restore(one, by=cast.sue),
    "disowned": lambda one, cast: actions.assign(one, None, by=cast.sue),
}


def copies() -> list[tuple]:
    return list(TicketDue.objects.order_by("pk").values_list("pk", *clockwork.COPY_FIELDS))


def originals() -> list[tuple]:
    owing = Ticket.with_deleted.filter(due__isnull=False)
    return list(owing.order_by("pk").values_list("pk", *clockwork.COPY_FIELDS))


def test_the_copies_are_the_tickets_own_after_every_change(opened, cast):
    one, other = opened(), opened()
    seen = {tuple(copies())}
    for name, change in STAGES.items():
        change(one, cast)
        assert copies() == originals(), name
        seen.add(tuple(copies()))
        one.refresh_from_db(from_queryset=Ticket.with_deleted)
    assert len(seen) > 8
    actions.merge(other, into=one, by=cast.sue)
    Ticket.objects.update(priority=1, assignee=cast.gus)  # not even an action
    assert copies() == originals()
    before = copies()
    clockwork.rebuild([one.pk, other.pk])
    assert copies() == before


@pytest.mark.tampers
def test_nobody_else_can_write_a_copy(opened, cast):
    ticket = opened()
    row = TicketDue.objects.get(ticket=ticket)
    TicketDue.objects.update(status="closed", team=cast.tech, assignee=cast.gus)
    assert copies() == originals()
    row.status, row.priority = "closed", 1
    row.save()
    assert copies() == originals()
    row.delete()
    TicketDue(ticket=ticket, place_at=row.place_at, status="closed", team=cast.tech).save()
    assert copies() == originals()


def test_a_change_of_nothing_that_is_copied_writes_nothing(opened, cast):
    def place() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid FROM sla_ticketdue WHERE ticket_id = %s", [ticket.pk])
            return cursor.fetchone()[0]

    ticket = opened()
    before = place()
    ticket.subject = "Another"
    ticket.save()  # every column is written, none of these with another value
    assert place() == before
    actions.prioritize(ticket, 3, by=cast.sue)
    assert place() != before


@pytest.mark.tampers
@pytest.mark.django_db(transaction=True)
def test_what_is_owed_is_written_with_a_change_that_another_is_just_making(opened):
    ticket = opened()
    row = TicketDue.objects.get(ticket=ticket)
    row.delete()
    is_changed = Event()

    def write() -> None:
        try:
            is_changed.wait(10)
            TicketDue(ticket_id=ticket.pk, place_at=row.place_at).save()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Ticket.objects.filter(pk=ticket.pk).update(status="waiting")
            writing = pool.submit(write)
            is_changed.set()
            _await_lock()
        writing.result(10)
    assert copies() == originals()
    assert TicketDue.objects.get().status == "waiting"


def _await_lock() -> None:
    """Until another connection waits for us."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    for _turn in range(2000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def test_what_is_read_in_parts_is_what_is_read_whole(opened, cast):
    tickets = [
        opened(team=team, priority=priority) for team in (cast.billing, cast.tech) for priority in (1, 4)
    ]
    actions.assign(tickets[2], cast.sue, by=cast.sue)
    Ticket.objects.filter(pk=tickets[2].pk).update(assignee=cast.mira)  # hers, in a team that is not
    for person, held in ((cast.mira, {0, 1, 2}), (cast.gus, {2, 3}), (cast.sue, {0, 1, 2, 3})):
        rows, parts = access.worked_by(person), access.parts_worked_by(person)
        for backwards in (False, True):
            whole = list(queries.in_due_order(rows, backwards=backwards))
            first = queries.in_due_order(rows, backwards=backwards, parts=parts, size=3)
            assert list(first) == whole[:3]
            assert ("UNION ALL" in str(first.query)) is bool(parts)
            assert list(queries.in_due_order(rows.filter(subject="?"), parts=parts, size=3)) == []
            assert {tickets.index(one) for one in whole} == held
        assert all(list(rows.filter(part)) == list(Ticket.objects.filter(part)) for part in parts)
    assert access.parts_worked_by(cast.sue) == []
