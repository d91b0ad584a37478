"""A change of policy or calendar: told before it is made, then applied to open tickets in a job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sla import actions as sla_actions
from sla import clockwork, recompute, tasks
from sla.calendar_spec import WEEKDAYS
from sla.models import Calendar, Clock
from sla.rules import PolicyError
from tickets import actions, jobs
from tickets.models import Event, Job, Ticket

HOUR = 3600


@pytest.fixture
def fresh(policy, open_ticket):
    """A ticket that was opened a moment ago: the first response is due after 4 h of working time."""
    return open_ticket()


def spec_with(policy, metric="first_response", priority=2, **target):
    """The policy's latest spec with another target."""
    spec = policy.latest.spec
    targets = {**spec["targets"], metric: {**spec["targets"][metric], str(priority): target}}
    return {**spec, "targets": targets}


def run(job):
    while jobs.run(job.pk):
        pass
    return Job.objects.get(pk=job.pk)


def due(ticket, metric="first_response"):
    return Clock.objects.get(ticket=ticket, metric=metric).due_at


def test_the_dry_run_says_what_changes_and_changes_nothing(fresh, policy, open_ticket):
    open_ticket(priority=4)
    before = due(fresh)
    draft = spec_with(policy, seconds=HOUR, basis="calendar")
    at = fresh.opened_at + timedelta(minutes=1)
    told = recompute.preview(policy=policy, spec=draft, at=at)
    assert (told.changed, told.tickets, told.looked_at, told.complete) == (1, 1, 2, True)
    [example] = told.examples
    assert example == (fresh.pk, "first_response", before, fresh.opened_at + timedelta(hours=1), "earlier")
    assert (told.earlier, told.later, told.newly_late) == (1, 0, 0)
    assert due(fresh) == before
    assert not Event.objects.filter(kind="policy.changed", data__version__lt=0).exists()


def test_the_dry_run_counts_what_would_be_late_at_once(fresh, policy):
    draft = spec_with(policy, seconds=60, basis="calendar")
    told = recompute.preview(policy=policy, spec=draft, at=fresh.opened_at + timedelta(minutes=2))
    assert (told.changed, told.earlier, told.newly_late) == (1, 1, 1)
    assert [example.kind for example in told.examples] == ["late"]


def test_the_dry_run_of_other_hours(fresh):
    calendar = Calendar.objects.get()
    always = {"timezone": "UTC", "hours": {day: [["00:00", "24:00"]] for day in WEEKDAYS}}
    told = recompute.preview(calendar=calendar, calendar_spec=always, at=fresh.opened_at)
    assert told.changed == 2
    assert {example.new_due_at - fresh.opened_at for example in told.examples} == {
        timedelta(hours=4),
        timedelta(hours=24),
    }


def test_the_dry_run_of_conditions_moves_tickets_to_another_policy(fresh, policy, cast, open_ticket):
    other = open_ticket(team=cast.tech)
    calendar = policy.calendar
    soon = {"targets": {"first_response": {"2": {"seconds": 60, "basis": "calendar"}}}}
    soon["conditions"] = [{"field": "team", "operator": "is", "values": [cast.tech.pk]}]
    assert recompute.preview(spec=soon, calendar=calendar).changed == 0  # asked last
    sla_actions.edit_policy(policy, by=None, position=5)
    vip = sla_actions.create_policy("Tech", soon, calendar=calendar, by=None, position=1)
    told = recompute.preview(policy=vip, spec=soon, at=other.opened_at)
    assert {example.ticket for example in told.examples} == {other.pk}
    assert told.changed == 2  # the resolution is not promised any more


def test_a_draft_that_cannot_be_used_is_refused(fresh, policy):
    with pytest.raises(PolicyError, match="between 15 seconds and 5 years"):
        recompute.preview(policy=policy, spec=spec_with(policy, seconds=0))


def test_a_dry_run_that_takes_too_long_says_how_far_it_came(fresh, policy):
    draft = spec_with(policy, seconds=HOUR, basis="calendar")
    told = recompute.preview(policy=policy, spec=draft, limit_seconds=0)
    assert (told.complete, told.looked_at, told.changed) == (False, 0, 0)


def test_the_dry_run_asks_the_same_number_of_questions_for_any_number_of_tickets(
    fresh, policy, open_ticket, django_assert_num_queries, django_assert_max_num_queries
):
    draft = spec_with(policy, seconds=HOUR, basis="calendar")
    recompute.preview(policy=policy, spec=draft)
    for _number in range(5):
        open_ticket()
    with django_assert_max_num_queries(11):
        assert recompute.preview(policy=policy, spec=draft).changed == 6


def test_an_edit_alone_holds_for_new_tickets_only(fresh, policy, open_ticket):
    before = due(fresh)
    draft = spec_with(policy, seconds=HOUR, basis="calendar")
    sla_actions.edit_policy(policy, by=None, spec=draft)
    new = open_ticket()
    assert due(fresh) == before
    assert due(new) == new.opened_at + timedelta(hours=1)


def test_the_job_does_what_the_dry_run_said(fresh, policy, open_ticket, cast):
    tickets = [fresh, *(open_ticket() for _number in range(60))]
    urgent = open_ticket(priority=4)
    solved = open_ticket()
    actions.reply(solved, "Done", by=cast.mira, channel="desk", then="resolved")
    touched = dict(Ticket.objects.values_list("pk", "updated_at"))
    draft = spec_with(policy, seconds=HOUR, basis="calendar")
    told = recompute.preview(policy=policy, spec=draft)
    sla_actions.edit_policy(policy, by=None, spec=draft)
    job = run(sla_actions.recompute_open(cast.root, policy=policy))
    assert job.state == "done"
    assert (job.result["applied"], job.result["faults"]) == (62, [])
    assert job.result["changed"] == told.changed == 61
    assert job.result["looked_at"] == 62
    assert all(due(ticket) == ticket.opened_at + timedelta(hours=1) for ticket in tickets)
    version = policy.latest.pk
    assert set(Clock.objects.exclude(ticket=solved).values_list("policy_version", flat=True)) == {version}
    assert not Clock.objects.filter(ticket=solved, policy_version=version).exists()
    assert dict(Ticket.objects.values_list("pk", "updated_at")) == touched
    assert urgent.events.filter(kind="sla.applied").count() == 2
    again = run(sla_actions.recompute_open(cast.root, policy=policy))
    assert again.result["applied"] == 0


def test_recorded_breaches_stay_and_what_was_consumed_is_kept(opened, policy, cast):
    ticket = opened()
    tasks.sweep_clocks()
    breaches = list(Event.objects.filter(kind="sla.breached").values_list("at", flat=True))
    draft = spec_with(policy, seconds=4 * 366 * 24 * HOUR, basis="calendar")
    sla_actions.edit_policy(policy, by=None, spec=draft)
    run(sla_actions.recompute_open(cast.root, policy=policy))
    clock = Clock.objects.get(ticket=ticket, metric="first_response")
    assert clock.breached_at == breaches[0]
    assert clock.due_at == ticket.opened_at + timedelta(days=4 * 366)
    assert list(Event.objects.filter(kind="sla.breached").values_list("at", flat=True)) == breaches


def test_new_hours_are_applied_to_open_tickets(fresh, policy, cast):
    calendar = policy.calendar
    sla_actions.edit_calendar(calendar, by=None, spec={**calendar.latest.spec, "timezone": "Asia/Tokyo"})
    job = run(sla_actions.recompute_open(cast.root, calendar=calendar))
    assert job.result["applied"] == 1
    assert set(Clock.objects.values_list("calendar_version", flat=True)) == {calendar.latest.pk}


def test_what_happens_after_a_recompute_is_never_dated_before_it(fresh, policy, cast):
    sla_actions.edit_policy(policy, by=None, spec=spec_with(policy, seconds=HOUR, basis="calendar"))
    run(sla_actions.recompute_open(cast.root, policy=policy))
    applied = fresh.events.filter(kind="sla.applied").latest("seq")
    fresh.refresh_from_db()
    actions.reply(fresh, "Hello", by=cast.mira, channel="desk", at=timezone.now() - timedelta(hours=1))
    assert fresh.events.get(kind="ticket.replied").at >= applied.at
    assert list(clockwork.differences([fresh.pk])) == []


@pytest.mark.tampers
def test_a_broken_ticket_stops_no_other(fresh, policy, open_ticket, cast):
    broken = fresh
    Event.objects.bulk_create(
        Event(ticket=broken, seq=broken.event_seq + step, kind="ticket.noted", at=timezone.now())
        for step in range(1, 20)
    )
    sound = open_ticket()
    sla_actions.edit_policy(policy, by=None, spec=spec_with(policy, seconds=HOUR, basis="calendar"))
    job = run(sla_actions.recompute_open(cast.root, policy=policy))
    assert (job.state, job.result["faults"], job.result["applied"]) == ("done", [broken.pk], 1)
    assert due(sound) == sound.opened_at + timedelta(hours=1)


def test_only_who_may_set_up_recomputes(fresh, policy, cast):
    with pytest.raises(actions.NotAllowed):
        sla_actions.recompute_open(cast.mira, policy=policy)
