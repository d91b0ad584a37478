"""Escalation levels: how they are written, when each falls, that it falls once whatever happens."""

import pytest

from sla import actions as sla_actions
from sla import clockwork, tasks
from sla.escalations import Level, parse_levels
from sla.rules import PolicyError, parse_rules
from tests.sla.conftest import after
from tickets import actions
from tickets.models import Event

TELL = {"tell": ["assignee"]}
NAMES = ["-25%", "-900", "0", "3600"]
LEVELS = [{"seconds": 3600} | TELL, {"percent": -25} | TELL, {"seconds": 0} | TELL, {"seconds": -900} | TELL]
HOURS = 3600


@pytest.fixture
def promising(policy):
    """Let the default policy have these levels for both promises."""

    def _promise(levels=LEVELS, basis="working"):
        targets = {
            metric: {str(priority): {"seconds": seconds, "basis": basis} for priority in (1, 2, 3)}
            | {"4": {"seconds": seconds // 4, "basis": basis}}
            for metric, seconds in (("first_response", 4 * HOURS), ("resolution", 24 * HOURS))
        }
        spec = {"targets": targets, "escalations": {"first_response": levels, "resolution": levels}}
        sla_actions.edit_policy(policy, by=None, spec=spec)

    return _promise


def fallen(ticket, metric="first_response"):
    events = Event.objects.filter(ticket=ticket, kind="sla.escalated", data__metric=metric).order_by("at")
    return [(event.data["level"], event.at) for event in events]


def test_levels_are_read_in_their_order():
    assert [level.name for level in parse_levels(LEVELS)] == NAMES
    steps = [{"raise_priority": 4}, {"assign": 5}, {"move": 2}, {"tag": " Late "}]
    (level,) = parse_levels([{"percent": 0, "tell": ["team", "address:Duty@acme.example"], "actions": steps}])
    assert level == Level(
        tell=("team", "address:duty@acme.example"),
        steps=(("raise_priority", 4), ("assign", 5), ("move", 2), ("tag", "late")),
    )


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ({}, "Escalation levels are a list."),
        ([3], "An escalation level says when, whom to tell and what to do."),
        ([TELL], "An escalation level lies some percent or some seconds from the due time."),
        ([{"percent": -5, "seconds": 3} | TELL], "lies some percent or some seconds"),
        ([{"percent": 10} | TELL], "between 0 and 100 percent before the due time"),
        ([{"percent": -101} | TELL], "between 0 and 100 percent before the due time"),
        ([{"percent": True} | TELL], "between 0 and 100 percent before the due time"),
        ([{"seconds": 1.5} | TELL], "at most 5 years from the due time"),
        ([{"seconds": 10**9} | TELL], "at most 5 years from the due time"),
        ([{"seconds": 10**30} | TELL], "at most 5 years from the due time"),
        ([{"seconds": 0}], "An escalation level tells somebody or does something."),
        ([{"seconds": 0, "tell": "team"}], "Whom an escalation level tells is a list."),
        ([{"seconds": 0, "tell": ["boss"]}], "“boss” is nobody an escalation level can tell."),
        ([{"seconds": 0, "tell": ["address:nowhere"]}], "“nowhere” is not an email address."),
        ([{"seconds": 0, "urgent": "yes"} | TELL], "An escalation level is urgent or not."),
        ([{"seconds": 0, "when": 1} | TELL], "“when” is not a part of an escalation level."),
        ([{"seconds": 0, "actions": {"tag": "late"}}], "What an escalation level does"),
        ([{"seconds": 0, "actions": [{"tag": "a", "move": 1}]}], "one thing to do"),
        ([{"seconds": 0, "actions": [{"close": 1}]}], "“close” is nothing an escalation level can do."),
        (
            [{"seconds": 0, "actions": [{"raise_priority": 1}]}],
            "raises the priority to normal, high or urgent",
        ),
        ([{"seconds": 0, "actions": [{"assign": 0}]}], "Choose to whom"),
        ([{"seconds": 0, "actions": [{"tag": " "}]}], "A tag has 1 to 50 characters."),
        ([{"seconds": 0} | TELL, {"percent": 0} | TELL], "The escalation level “0” is given twice."),
        ([{"seconds": n} | TELL for n in range(21)], "at most 20 escalation levels"),
    ],
)
def test_levels_that_cannot_be_used_are_refused_in_a_sentence(levels, sentence):
    with pytest.raises(PolicyError, match=sentence):
        parse_rules({"escalations": {"resolution": levels}})


def test_a_metric_without_levels_has_its_warning_and_its_due_time_and_an_empty_list_has_none():
    rules = parse_rules({"warnings": {"resolution": {"seconds": 600}}, "escalations": {"next_response": []}})
    assert [level.name for level in rules.levels("first_response")] == ["-25%", "0"]
    assert [level.name for level in rules.levels("resolution")] == ["-600", "0"]
    assert {level.tell for level in rules.levels("resolution")} == {("assignee",)}
    assert rules.levels("next_response") == ()


def test_each_level_falls_once_at_its_own_instant_in_working_time(promising, opened):
    promising()
    ticket = opened(at=after(hours=4))  # Monday 13:00, due 17:00
    for minutes in range(0, 24 * 60, 13):
        tasks.sweep(now=after(hours=4, minutes=minutes))
    instants = [after(hours=7), after(hours=7, minutes=45), after(hours=8), after(days=1, hours=1)]
    assert fallen(ticket) == list(zip(NAMES, instants, strict=True))
    assert not any(tasks.sweep(now=after(days=2)).values())


def test_one_late_sweep_finds_all_levels_each_at_its_instant(promising, opened):
    promising(basis="calendar")
    ticket = opened()
    tasks.sweep(now=after(hours=20))
    instants = [after(hours=3), after(hours=3, minutes=45), after(hours=4), after(hours=5)]
    assert fallen(ticket) == list(zip(NAMES, instants, strict=True))


def test_a_level_moves_with_the_due_time_and_does_not_fall_again(promising, opened, cast):
    promising()
    ticket = opened()
    tasks.sweep(now=after(hours=3, minutes=1))
    actions.prioritize(ticket, 4, by=cast.sue, at=after(hours=3, minutes=10))  # due at once
    tasks.sweep(now=after(hours=3, minutes=11))
    changed_at = after(hours=3, minutes=10)
    assert fallen(ticket) == [("-25%", after(hours=3)), ("-900", changed_at), ("0", changed_at)]


def test_a_clock_that_stopped_or_pauses_fires_nothing(promising, opened, cast):
    promising()
    ticket = opened()
    actions.reply(ticket, "Hello", by=cast.mira, channel="desk", at=after(hours=2), then="waiting")
    assert not any(tasks.sweep(now=after(days=30)).values())
    assert fallen(ticket) == fallen(ticket, "resolution") == []


def test_after_the_breach_only_time_that_runs_counts(promising, opened, cast):
    promising()
    ticket = opened(at=after(hours=-72))  # before the weekend: due on Tuesday at 17:00
    tasks.sweep(now=after(days=2))
    actions.set_waiting(ticket, by=cast.mira, at=after(days=2, minutes=30))
    actions.set_open(ticket, by=cast.mira, at=after(days=2, hours=5))
    tasks.sweep(now=after(days=2, hours=6))
    assert fallen(ticket, "resolution")[-2:] == [
        ("0", after(days=1, hours=8)),
        ("3600", after(days=2, hours=5, minutes=30)),
    ]


def test_rows_rebuilt_in_the_middle_go_on_where_they_were(promising, opened):
    promising()
    ticket = opened()
    tasks.sweep(now=after(hours=3, minutes=1))
    clockwork.rebuild([ticket.pk])
    tasks.sweep(now=after(days=1))
    assert [name for name, _at in fallen(ticket)] == NAMES


def test_after_a_deadline_set_by_hand_all_time_counts(promising, opened, cast):
    promising()
    ticket = opened()
    sla_actions.set_deadline(ticket, "resolution", after(hours=2), by=cast.sue, at=after(hours=1))
    actions.set_waiting(ticket, by=cast.mira, at=after(hours=2, minutes=30))
    actions.set_open(ticket, by=cast.mira, at=after(hours=2, minutes=50))
    tasks.sweep(now=after(hours=4))
    assert fallen(ticket, "resolution")[-2:] == [("0", after(hours=2)), ("3600", after(hours=3))]


@pytest.mark.parametrize(
    ("step", "said"), [("assign", "does not work here"), ("move", "does not exist any more")]
)
def test_levels_that_give_tickets_to_nobody_who_is_here_are_refused(promising, cast, step, said):
    with pytest.raises(PolicyError, match=said):
        promising([{"seconds": 0, "actions": [{step: 999_999}]}])
    with pytest.raises(PolicyError, match="does not work here"):
        promising([{"seconds": 0, "actions": [{"assign": cast.priya.pk}]}])
    promising([{"seconds": 0, "actions": [{"assign": cast.mira.pk}, {"move": cast.tech.pk}]}])
