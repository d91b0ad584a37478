"""Rules tried on the past: what would have been met, which tickets flip, and nothing is written."""

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from sla import actions as sla_actions
from sla import clockwork, simulate
from sla.book import BOOK
from sla.measure import measure
from sla.models import Calendar, Clock
from sla.rules import PolicyError
from sla.tally import Tally
from tests.sla.conftest import MONDAY, after
from tests.sla.test_rebuild import STEPS, moves_of, take
from tickets import actions, jobs
from tickets.actions import NotAllowed
from tickets.models import Event, Job

HOUR = 3600
WEEK = {"since": MONDAY - timedelta(days=1), "until": MONDAY + timedelta(days=7)}


def spec_with(policy, metric="first_response", priority=2, **target):
    spec = policy.latest.spec
    targets = {**spec["targets"], metric: {**spec["targets"].get(metric, {}), str(priority): target}}
    return {**spec, "targets": targets}


def run(job):
    while jobs.run(job.pk):
        pass
    return Job.objects.get(pk=job.pk)


def line(result, table, **which):
    return next(row for row in result[table] if which.items() <= row.items())


@pytest.fixture
def answered(opened, cast):
    """A ticket that was answered after three hours of four."""
    ticket = opened()
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=after(hours=3))
    return ticket


@pytest.fixture
def late(opened, cast):
    """A ticket that was answered after seven hours of four."""
    ticket = opened()
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=after(hours=7))
    return ticket


def test_a_shorter_target_shows_who_would_have_missed_it(answered, late, policy, cast):
    before = Event.objects.count(), list(Clock.objects.order_by("pk").values())
    job = sla_actions.simulate(
        cast.sue, policies=[(policy, spec_with(policy, seconds=2 * HOUR, basis="working"))], **WEEK
    )
    result = run(job).result
    found = line(result, "by_metric", metric="first_response")
    assert found["before"] == {"met": 1, "missed": 1, "pending": 0, "unpromised": 0}
    assert found["after"] == {"met": 0, "missed": 2, "pending": 0, "unpromised": 0}
    assert result["worse"]["count"] == 1
    assert result["worse"]["rows"] == [
        [
            answered.pk,
            "first_response",
            1,
            "met",
            "missed",
            after(hours=4).isoformat(),
            after(hours=2).isoformat(),
        ]
    ]
    assert result["better"] == {"count": 0, "rows": []}
    # Both would have been missed on Monday at eleven instead of one of them at one o'clock.
    assert result["hours"]["first_response 0 13"] == [1, 0]
    assert result["hours"]["first_response 0 11"] == [0, 2]
    assert line(result, "by_team", metric="first_response", team=cast.billing.pk)["after"]["missed"] == 2
    assert line(result, "by_priority", metric="first_response", priority=2)["before"]["met"] == 1
    own = Event.objects.filter(kind__startswith="job.").count()
    assert (Event.objects.count() - own, list(Clock.objects.order_by("pk").values())) == before


def test_a_longer_target_shows_who_would_not_have_missed_it(answered, late, policy, cast):
    draft = spec_with(policy, seconds=8 * HOUR, basis="working")
    result = run(sla_actions.simulate(cast.sue, policies=[(policy, draft)], **WEEK)).result
    assert [row[0] for row in result["better"]["rows"]] == [late.pk]
    assert result["worse"]["count"] == 0


def test_other_hours_are_tried_on_every_policy_that_counts_in_them(answered, late, policy, cast):
    calendar = Calendar.objects.get()
    spec = {**calendar.latest.spec, "hours": {**calendar.latest.spec["hours"], "mon": [["14:00", "17:00"]]}}
    job = sla_actions.simulate(cast.sue, calendar=calendar, calendar_spec=spec, **WEEK)
    result = run(job).result
    assert line(result, "by_metric", metric="first_response")["after"]["met"] == 2


def test_hours_of_the_week_are_those_of_the_zone(late, policy, cast):
    result = run(sla_actions.simulate(cast.sue, zone="Asia/Tokyo", **WEEK)).result
    assert result["hours"]["first_response 0 22"] == [1, 1]


def test_only_tickets_of_the_period_are_counted(answered, late, opened, policy, cast):
    opened(at=after(days=20))
    assert run(sla_actions.simulate(cast.sue, **WEEK)).result["tickets"] == 2


def test_conditions_decide_anew_at_every_change_of_the_ticket(opened, policy, cast):
    ticket = opened(team=cast.billing)
    actions.move(ticket, cast.tech, by=cast.sue, at=after(hours=1))
    actions.reply(ticket, "Hello", by=cast.gus, channel="desk", at=after(hours=3))
    tech = {
        "targets": {"first_response": {"2": {"seconds": 2 * HOUR, "basis": "working"}}},
        "conditions": [{"field": "team", "operator": "is", "values": [cast.tech.pk]}],
    }
    sla_actions.edit_policy(policy, by=None, position=9)
    first = sla_actions.create_policy("Tech", tech, calendar=policy.calendar, by=None, position=1)
    result = run(sla_actions.simulate(cast.sue, policies=[(first, tech)], **WEEK)).result
    assert result["worse"]["rows"][0][5:] == [after(hours=4).isoformat(), after(hours=2).isoformat()]
    assert line(result, "by_metric", metric="resolution")["after"]["unpromised"] == 1


def test_a_tag_set_later_counts_from_then_on(opened, policy, cast):
    ticket = opened()
    actions.tag(ticket, "vip", by=cast.mira, at=after(hours=1))
    vip = {
        "targets": {"first_response": {"2": {"seconds": 1800, "basis": "working"}}},
        "conditions": [{"field": "tag", "operator": "contains", "values": ["VIP"]}],
    }
    sla_actions.edit_policy(policy, by=None, position=9)
    first = sla_actions.create_policy("Vip", vip, calendar=policy.calendar, by=None, position=1)
    simulation = simulate.simulation_of(
        {"now": after(days=1).isoformat(), "policies": [{"policy": first.pk, "spec": vip}]}
    )
    [(_pk, events)] = simulate._events_of([ticket.pk])
    kinds = [(event.kind, event.at) for event in simulate.rewritten(events, simulation)]
    assert kinds == [
        ("ticket.opened", MONDAY),
        ("sla.applied", MONDAY),
        ("sla.applied", after(hours=1)),
    ]


def test_a_policy_that_the_draft_does_not_touch_keeps_the_version_of_then(answered, policy, cast):
    sla_actions.edit_policy(policy, by=None, spec=spec_with(policy, seconds=60, basis="working"))
    other = {
        "targets": {},
        "conditions": [{"field": "team", "operator": "is", "values": [cast.tech.pk]}],
    }
    calendar = policy.calendar
    result = run(sla_actions.simulate(cast.sue, policies=[(None, other)], calendar=calendar, **WEEK)).result
    assert result["worse"]["count"] == 0
    everything = run(sla_actions.simulate(cast.sue, **WEEK)).result
    assert everything["worse"]["count"] == 1


def test_what_cannot_be_used_is_refused_before_anything_runs(policy, cast):
    with pytest.raises(PolicyError, match="between 15 seconds"):
        sla_actions.simulate(cast.sue, policies=[(policy, spec_with(policy, seconds=1))], **WEEK)
    with pytest.raises(PolicyError, match="ends before it begins"):
        sla_actions.simulate(cast.sue, since=MONDAY, until=MONDAY)
    with pytest.raises(NotAllowed):
        sla_actions.simulate(cast.mira, **WEEK)
    assert not Job.objects.exists()


@pytest.mark.tampers
def test_a_broken_history_is_named_and_stops_no_other(answered, opened, policy, cast):
    broken = opened()
    Event.objects.bulk_create(
        [Event(ticket=broken, seq=900, kind="ticket.prioritized", at=after(hours=1), data={})]
    )
    result = run(sla_actions.simulate(cast.sue, **WEEK)).result
    assert (result["tickets"], result["faults"]) == (1, [broken.pk])


def test_a_job_in_many_slices_counts_as_one(answered, late, policy, cast, monkeypatch):
    whole = run(sla_actions.simulate(cast.sue, **WEEK)).result
    monkeypatch.setattr(simulate, "BATCH", 1)
    monkeypatch.setattr(simulate, "SLICE_SECONDS", 0.000001)
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0)
    assert run(sla_actions.simulate(cast.sue, **WEEK)).result == whole


@given(moves=moves_of(STEPS))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rules_that_really_held_change_nothing_whatever_happened(opened, policy, cast, moves):
    ticket, at, ours = opened(), MONDAY, []
    for step, minutes in moves:
        at += timedelta(minutes=minutes)
        with suppress(NotAllowed, ValueError):
            take(step, ticket, at, cast, ours)
    beside = {"conditions": [{"field": "team", "operator": "is", "values": [0]}]}
    tried = [{"policies": [{"policy": None, "spec": beside}]}]  # a draft that takes nothing
    if not {"policy", "calendar"} & {step for step, _minutes in moves}:
        tried.append({})  # the rules as they stand, which held all the time
    now = timezone.now()
    live = measure(next(iter(clockwork.events_of([ticket.pk])))[1], BOOK, now)
    [(_pk, events)] = simulate._events_of([ticket.pk])
    for arguments in tried:
        simulation = simulate.simulation_of(arguments | {"now": now.isoformat()})
        found = measure(simulate.rewritten(events, simulation), simulation.book, now)
        assert what_is_read(found) == what_is_read(live)
        tally = Tally()
        tally.add(ticket.pk, live, found, simulation.zone)
        assert (tally.worse, tally.better) == (0, 0)


def what_is_read(readings):
    return [
        (each.metric, each.instance, each.state, each.due_at, each.breached_at, each.elapsed_working)
        for each in readings
    ]


# --- the command --------------------------------------------------------------------------------------


def command(*arguments):
    out = StringIO()
    call_command("simulate_policy", *arguments, stdout=out)
    return out.getvalue()


PERIOD = ("--since", "2026-03-01", "--until", "2026-03-09")


def test_the_command_tries_a_file_and_prints_before_and_after(answered, late, policy, tmp_path):
    file = tmp_path / "draft.json"
    draft = spec_with(policy, seconds=2 * HOUR, basis="working") | {"name": policy.name}
    file.write_text(json.dumps(draft))
    told = command(str(file), *PERIOD)
    assert "2 tickets opened from 2026-03-01" in told
    assert "First reply  " in told
    assert "50.0 %" in told
    assert f"1 more would be missed: #{answered.pk}" in told
    result = json.loads(command(str(file), *PERIOD, "--json"))
    assert result["worse"]["count"] == 1


def test_the_command_tries_a_policy_by_name_and_hours_from_a_file(answered, late, policy, tmp_path):
    assert "0 more would be missed" in command(policy.name, *PERIOD)
    calendar = Calendar.objects.get()
    hours = {"calendar": calendar.name, "calendar_spec": calendar.latest.spec | {"timezone": "Asia/Tokyo"}}
    file = tmp_path / "hours.json"
    file.write_text(json.dumps(hours))
    assert json.loads(command(str(file), *PERIOD, "--json"))["better"]["count"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["No such"], "neither the name of a policy nor a file"),
        (["--since", "yesterday"], "is no instant"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "ends before it begins"),
        (["--zone", "Mars/Base"], "is no time zone"),
    ],
)
def test_the_command_says_what_is_wrong(policy, arguments, words):
    with pytest.raises(CommandError, match=words):
        command(*arguments)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[3]", "does not hold policies"),
        ('{"name": "Nobody"}', "There is no policy"),
        ('{"calendar": "Nobody"}', "There is no calendar"),
        ('{"targets": {"first_response": {"9": {}}}}', "is not a priority"),
        ('{"conditions": [{"field": "mood", "operator": "is", "values": ["good"]}]}', "a policy can ask"),
    ],
)
def test_the_command_refuses_a_file_that_it_cannot_use(policy, tmp_path, text, words):
    file = tmp_path / "draft.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=words):
        command(str(file))


@pytest.mark.parametrize(("tag", "missed"), [("gold", 1), ("silver", 0)])
def test_a_draft_for_tagged_customers_is_tried_on_theirs_alone(answered, policy, cast, tag, missed):
    actions.tag_customer(cast.nordlicht, [tag], by=cast.root)
    spec = spec_with(policy, seconds=2 * HOUR, basis="working")
    spec["conditions"] = [{"field": "customer_tag", "operator": "is", "values": ["gold"]}]
    job = sla_actions.simulate(cast.sue, policies=[(policy, spec)], **WEEK)
    found = line(run(job).result, "by_metric", metric="first_response")
    assert found["after"]["missed"] == missed
