"""The named switches of a policy: documented, each with its default, and each of them decides something."""

import json
import re
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.utils import timezone

from sla import actions as sla_actions
from sla import clockwork
from sla.measure import CANCELLED, FULFILLED, PAUSED, RUNNING
from sla.models import Clock
from sla.rules import Rules, Switches, choices_of
from tests.sla.histories import History, at, targets
from tests.sla.test_examples import DOC
from tickets import actions
from tickets.models import Account, Event

EVERY = {"waiting", "on_hold"}


def test_the_page_lists_every_switch_with_its_choices_default_first():
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|", DOC.read_text(encoding="utf-8"), re.M)
    told = {name: re.findall(r"`(\w+)`", choices) for name, choices in rows}
    assert {name: choices[0] for name, choices in told.items() if name in asdict(Switches())} == {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in asdict(Switches()).items()
    }
    for name in asdict(Switches()):
        known = {each if isinstance(each, str) else json.dumps(each) for each in choices_of(name)}
        assert set(told[name]) == known, name


def reopened(history):
    return history.status("10:00", "new", "resolved").status("11:00", "resolved", "open")


# A life, and what one clock of it reads by each choice of a switch: state, due time.
LIVES = {
    "agent_opened": (
        lambda rules: History(rules, spoke_first="agent", status="open").customer("10:00"),
        ("first_response", 1),
        {"inactive": None, "first_customer_message": (RUNNING, "12:00"), "start": (RUNNING, "11:00")},
    ),
    "automatic_opened": (
        lambda rules: History(rules, human=False),
        ("first_response", 1),
        {"inactive": None, "start": (RUNNING, "11:00")},
    ),
    "automatic_answers": (
        lambda rules: History(rules).add("ticket.replied", "10:00", message=7, by="bot", human=False),
        ("first_response", 1),
        {False: (RUNNING, "11:00"), True: (FULFILLED, "11:00")},
    ),
    "shared_answers": (
        lambda rules: History(rules).agent("10:00", shared=True),
        ("first_response", 1),
        {True: (FULFILLED, "11:00"), False: (RUNNING, "11:00")},
    ),
    "note_answers": (
        lambda rules: History(rules).add("ticket.noted", "10:00", actor=7, message=7),
        ("first_response", 1),
        {False: (RUNNING, "11:00"), True: (FULFILLED, "11:00")},
    ),
    "resolved_unanswered": (
        lambda rules: History(rules).status("10:00", "new", "resolved"),
        ("first_response", 1),
        {"cancel": (CANCELLED, "11:00"), "answer": (FULFILLED, "11:00"), "keep": (RUNNING, "11:00")},
    ),
    "status_move_answers": (
        lambda rules: History(rules).status("10:00", "new", "waiting"),
        ("first_response", 1),
        {False: (RUNNING, "11:00"), True: (FULFILLED, "11:00")},
    ),
    "pause_unanswered": (
        lambda rules: History(rules).status("10:00", "new", "waiting"),
        ("requester_wait", 1),
        {False: (RUNNING, "13:00"), True: (PAUSED, None)},
    ),
    "next_response_overlaps_first": (
        lambda rules: History(rules).customer("10:00"),
        ("next_response", 1),
        {False: None, True: (RUNNING, "10:00")},
    ),
    "reopened_resolution": (
        lambda rules: reopened(History(rules)),
        ("resolution", 1),
        {"keep": (FULFILLED, "17:00"), "continue": (RUNNING, "18:00"), "restart": (FULFILLED, "17:00")},
    ),
    "reopened_totals": (
        lambda rules: reopened(History(rules)),
        ("requester_wait", 1),
        {"continue": (RUNNING, "14:00"), "keep": (FULFILLED, "13:00"), "restart": (FULFILLED, "13:00")},
    ),
    "resolved_time_counts": (
        lambda rules: reopened(History(rules)),
        ("total_resolution", 1),
        {True: (RUNNING, "15:00"), False: (RUNNING, "16:00")},
    ),
    "closed_unresolved": (
        lambda rules: History(rules).status("10:00", "new", "closed"),
        ("resolution", 1),
        {"resolve": (FULFILLED, "17:00"), "cancel": (CANCELLED, "17:00")},
    ),
    "imported": (
        lambda rules: History(rules, imported=True),
        ("first_response", 1),
        {"count": (RUNNING, "11:00"), "measure": (RUNNING, None)},
    ),
    "due_at_closing": (
        lambda rules: History(rules),
        ("resolution", 1),
        {"closing": (RUNNING, "17:00"), "opening": (RUNNING, "33:00")},
    ),
}


def test_every_switch_has_a_life_that_tells_its_choices_apart():
    assert set(LIVES) == set(asdict(Switches()))
    for name, (_life, _clock, expected) in LIVES.items():
        assert set(expected) == set(choices_of(name)), name


@pytest.mark.parametrize(
    ("name", "choice"), [(name, choice) for name, (_, _, told) in LIVES.items() for choice in told]
)
def test_a_choice_decides_what_the_clock_reads(name, choice):
    life, clock, expected = LIVES[name]
    promised = targets(requester_wait=240, total_resolution=360)
    reading = life(Rules(promised, switches=Switches(**{name: choice}))).read().get(clock)
    wanted = expected[choice]
    if wanted is None:
        assert reading is None
        return
    state, due = wanted
    if due == "18:00":  # past closing: the next morning
        due = "34:00"
    assert (reading.state, reading.due_at) == (state, due and at(due))


# --- where the events get it from -------------------------------------------------------------------------


def test_what_a_program_writes_is_no_persons_answer(opened, cast, clock_of):
    sue = actions.edit_person(cast.sue, by=None, account=Account.PROGRAM)
    ticket = opened()
    actions.reply(ticket, "We got it", by=sue, channel="api")
    assert clock_of(ticket, "first_response").state == "running"
    event = Event.objects.get(ticket=ticket, kind="ticket.replied")
    assert (event.data["by"], event.data["human"]) == ("bot", False)


def test_an_answer_from_a_shared_account_says_so(opened, cast, clock_of):
    sue = actions.edit_person(cast.sue, by=None, account=Account.SHARED)
    ticket = opened()
    actions.reply(ticket, "Hello", by=sue, channel="desk")
    assert clock_of(ticket, "first_response").state == "fulfilled"
    assert Event.objects.get(ticket=ticket, kind="ticket.replied").data["shared"] is True


def test_nobody_makes_their_own_account_a_shared_one(cast):
    with pytest.raises(actions.NotAllowed):
        actions.edit_person(cast.mira, by=cast.mira, account=Account.SHARED)


def test_a_note_stops_the_clock_at_once_where_the_policy_says_so(policy, opened, cast, clock_of):
    ticket = opened()
    actions.add_note(ticket, "Called them", by=cast.mira)
    assert clock_of(ticket, "first_response").state == "running"
    spec = policy.latest.spec | {"switches": {"note_answers": True}}
    sla_actions.edit_policy(policy, spec=spec, by=None)
    other = opened()
    actions.add_note(other, "Called them", by=cast.mira)
    assert clock_of(other, "first_response").state == "fulfilled"
    assert list(clockwork.differences([ticket.pk, other.pk])) == []


def test_a_ticket_written_down_late_is_known_as_imported(open_ticket, policy):
    late, fresh = open_ticket(at=timezone.now() - timedelta(days=3)), open_ticket()
    told = {
        event.ticket_id: event.data.get("imported") for event in Event.objects.filter(kind="ticket.opened")
    }
    assert (told[late.pk], told[fresh.pk]) == (True, None)
    spec = policy.latest.spec | {"switches": {"imported": "measure"}}
    sla_actions.edit_policy(policy, spec=spec, by=None)
    assert not Clock.objects.filter(
        ticket=open_ticket(at=timezone.now() - timedelta(days=3)), due_at__isnull=False
    ).exists()
