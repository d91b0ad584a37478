"""Several tickets changed at once and put back: each by its own action, and nobody else's work is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tickets import actions, jobs
from tickets.actions import bulk
from tickets.models import Event, Job, JobState, Ticket


def run(job) -> dict:
    while jobs.run(job.pk):
        pass
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.fault
    return job.result


def change(tickets, verb, value=None, *, by) -> tuple[Job, dict]:
    job = actions.change_many([ticket.pk for ticket in tickets], verb, value, by=by)
    return job, run(job)


@pytest.fixture
def five(open_ticket, cast) -> list[Ticket]:
    """Three of billing; one that Gus of tech has, which Mira may not touch; one that is resolved."""
    found = [open_ticket(subject=f"Number {n}") for n in range(3)]
    found += [open_ticket(team=cast.tech), open_ticket(subject="Settled")]
    actions.resolve(found[4], by=cast.mira)
    return found


def test_each_ticket_is_changed_by_its_own_action_and_the_rest_is_told_with_its_reason(cast, five):
    actions.set_waiting(five[0], by=cast.mira)
    job, result = change(five, "set_waiting", by=cast.mira)
    assert result == {
        "counts": {"changed": 2, "same": 1, "skipped": 2},
        "why": {"not_allowed": 1, "settled": 1},
    }
    events = Event.objects.filter(kind="ticket.set_waiting", actor=cast.mira)
    assert events.count() == 3
    assert not Ticket.objects.get(pk=five[3].pk).events.filter(kind="ticket.set_waiting").exists()
    assert job.arguments["unseen"] == 1  # out of sight: not even a row


def test_undo_puts_back_what_changed_and_leaves_what_somebody_did_since(cast, five):
    first, second, third = five[:3]
    actions.assign(first, cast.sue, by=cast.sue)
    job, _result = change((first, second, third), "assign", cast.mira.pk, by=cast.mira)
    actions.assign(third, cast.sue, by=cast.sue)
    actions.prioritize(second, 4, by=cast.sue)
    undo = actions.undo_many(job, by=cast.mira)
    assert run(undo) == {"counts": {"put_back": 2, "left": 1}, "why": {"changed_since": 1}}
    found = Ticket.objects.in_bulk()
    assert [found[one.pk].assignee for one in (first, second, third)] == [cast.sue, None, cast.sue]
    assert found[second.pk].priority == 4
    assert actions.undo_many(job, by=cast.mira) == undo
    with pytest.raises(actions.NotAllowed):
        actions.undo_many(job, by=cast.sue)


def value_for(verb: str, cast):
    soon = (timezone.now() + timedelta(hours=3)).isoformat()
    return {"assign": cast.sue.pk, "move": cast.tech.pk, "prioritize": 4, "tag": "Red", "snooze": soon}.get(
        verb
    )


@pytest.mark.parametrize("verb", sorted(bulk.VERBS))
def test_every_change_can_be_put_back(cast, five, verb):
    settled, snoozed = five[4], five[1]
    until = timezone.now() + timedelta(hours=1)
    actions.set_open(five[0], by=cast.sue)
    actions.set_waiting(snoozed, by=cast.sue)
    actions.snooze(snoozed, until=until, by=cast.sue)

    def state() -> list[tuple]:
        tickets = Ticket.objects.filter(pk__in=[five[0].pk, snoozed.pk, settled.pk]).order_by("pk")
        fields = ("status", "assignee", "team", "priority", "snoozed_until", "tags__name")
        return list(tickets.values_list(*fields))

    before = state()
    job, result = change((five[0], snoozed, settled), verb, value_for(verb, cast), by=cast.sue)
    assert result["counts"]["changed"] >= 1
    assert state() != before
    run(actions.undo_many(job, by=cast.sue))
    assert state() == before


def test_many_are_left_to_the_workers_and_can_be_stopped_between_two(cast, five, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.0)
    job = actions.change_many([one.pk for one in five[:3]], "resolve", by=cast.mira)
    assert jobs.run(job.pk)  # one ticket a turn, and more to do
    with pytest.raises(actions.NotAllowed, match="Stop it first"):
        actions.undo_many(job, by=cast.mira)
    actions.cancel_job(job, by=cast.mira)
    assert not jobs.run(job.pk)
    assert Ticket.objects.filter(status="resolved", pk__in=[one.pk for one in five[:3]]).count() == 1
    assert run(actions.undo_many(job, by=cast.mira))["counts"] == {"put_back": 1}


def test_who_lost_the_right_meanwhile_changes_nothing(cast, five):
    job = actions.change_many([one.pk for one in five[:3]], "resolve", by=cast.mira)
    actions.set_teams(cast.mira, [cast.tech], by=cast.root)
    assert run(job)["why"] == {"not_allowed": 3}


@pytest.mark.parametrize(
    ("verb", "value"),
    [
        ("fly", None),
        ("assign", 0x7FFFFFFF),
        ("move", 0),
        ("prioritize", 9),
        ("tag", " "),
        ("snooze", "2020-01-01T00:00+00:00"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_happens(cast, ticket, verb, value):
    with pytest.raises(ValueError, match=r"Choose|Enter"):
        actions.change_many([ticket.pk], verb, value, by=cast.mira)
    assert not Job.objects.exists()
