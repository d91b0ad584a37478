"""The fold: what starts, pauses, stops, voids and un-stops each clock, by hand-written histories."""

from datetime import timedelta

import pytest

from sla.measure import CANCELLED, FULFILLED, PAUSED, RUNNING
from sla.rules import PolicyError, Rules, Switches, Target, parse_rules
from tests.sla.histories import AGENT, History, at, minutes, targets

# --- first response -----------------------------------------------------------------------------------


def test_a_customer_opened_ticket_starts_first_response_and_resolution():
    read = History().read()
    assert set(read) == {("first_response", 1), ("resolution", 1)}
    assert read["first_response", 1].due_at == at("11:00")
    assert read["resolution", 1].due_at == at("17:00")


def test_the_first_human_public_message_ends_it_and_is_named():
    reading = History().agent("10:30", message=201).first()
    assert (reading.state, reading.stopped_at, reading.breached_at) == (FULFILLED, at("10:30"), None)
    assert (reading.stopped_by_message, reading.stopped_by) == (201, AGENT)
    assert (reading.elapsed_working, reading.elapsed_calendar) == (minutes(90), minutes(90))


@pytest.mark.parametrize(
    "happening",
    [
        {"kind": "ticket.noted", "message": 201},
        {"kind": "ticket.heard_automatic", "message": 201},
        {"kind": "ticket.replied", "message": 201, "by": "bot", "human": False},
        {"kind": "ticket.replied", "message": 201, "by": "agent", "human": False},
        {"kind": "ticket.replied", "message": 201, "by": "customer", "human": True},
        {"kind": "ticket.set_waiting", "status": ["new", "waiting"]},
        {"kind": "ticket.put_on_hold", "status": ["new", "on_hold"]},
        {"kind": "ticket.set_open", "status": ["new", "open"]},
        {"kind": "ticket.assigned", "assignee": [None, AGENT]},
        {"kind": "survey.invited", "survey": 1},
    ],
    ids=lambda happening: f"{happening['kind']}-{happening.get('by', '')}",
)
def test_nothing_but_a_human_answer_ends_or_pauses_the_first_response(happening):
    data = {**happening}
    reading = History().add(data.pop("kind"), "10:00", **data).first()
    assert (reading.state, reading.due_at) == (RUNNING, at("11:00"))


def test_a_reply_exactly_at_the_due_time_is_in_time_and_a_later_one_is_breached_at_the_due_time():
    assert History().agent("11:00").first().breached_at is None
    assert History().agent("11:01").first().breached_at == at("11:00")


def test_a_running_clock_is_breached_only_once_its_due_time_has_passed():
    assert History().first(until=at("11:00")).breached_at is None
    assert History().first(until=at("11:00") + timedelta(microseconds=1)).breached_at == at("11:00")


def test_created_on_saturday_and_answered_on_sunday_takes_no_working_time_and_still_counts():
    history = History(opened=at("12:00", day=5)).agent(at("12:00", day=6))
    reading = history.first()
    assert (reading.state, reading.elapsed_working) == (FULFILLED, timedelta())
    assert reading.elapsed_calendar == timedelta(days=1)


@pytest.mark.parametrize("kind", ["message.withdrawn", "delivery.failed"])
def test_a_lost_answer_never_stopped_the_clock(kind):
    history = History().agent("10:00", message=201).add(kind, "12:00", message=201)
    reading = history.first()
    assert (reading.state, reading.breached_at, reading.due_at) == (RUNNING, at("11:00"), at("11:00"))
    reading = history.agent("12:30", message=202).first()
    assert (reading.stopped_by_message, reading.elapsed_working) == (202, minutes(210))


def test_an_answer_that_was_delivered_after_all_counts_from_when_it_was_said():
    history = History().agent("10:00", message=201).add("delivery.failed", "12:00", message=201)
    reading = history.add("delivery.recovered", "13:00", message=201).first()
    assert (reading.stopped_at, reading.breached_at) == (at("10:00"), None)


def test_an_answer_lost_together_with_its_resolution_leaves_the_customer_waiting():
    history = History().agent("10:00", message=201).status("10:00", "new", "resolved")
    assert history.first().state == FULFILLED
    assert history.add("delivery.failed", "10:30", message=201).first().state == RUNNING


def test_resolved_without_an_answer_voids_the_promise_and_taking_that_back_revives_it():
    history = History().status("10:00", "new", "resolved")
    assert history.first().state == CANCELLED
    reading = history.status("10:30", "resolved", "open").first()
    assert (reading.state, reading.due_at, reading.elapsed_working) == (RUNNING, at("11:30"), minutes(60))


def test_an_agent_opened_ticket_owes_no_first_response_but_an_answer_to_the_customer():
    history = History(spoke_first="agent", status="open").customer("10:00")
    read = history.read()
    assert set(read) == {("resolution", 1), ("next_response", 1)}
    assert read["next_response", 1].due_at == at("11:00")


def test_the_switch_makes_the_customers_first_word_on_an_agents_ticket_a_first_response():
    rules = Rules(targets(), switches=Switches(agent_opened="first_customer_message"))
    history = History(rules, spoke_first="agent", status="open").customer("10:00")
    assert set(history.read()) == {("resolution", 1), ("first_response", 1)}
    assert history.first().due_at == at("12:00")


def test_nobody_owes_a_robot_an_answer():
    assert set(History(human=False).read()) == {("resolution", 1)}


WORDS = {"message": 201, "by": "agent", "human": True}
# What stops a reply clock and what un-stops it, row by row: what happened after 9:00, and the state then.
STOPS = [
    ("a public message of a person", [("ticket.replied", WORDS)], FULFILLED),
    ("a note", [("ticket.noted", {"message": 201})], RUNNING),
    ("automatic mail", [("ticket.heard_automatic", {"message": 201})], RUNNING),
    ("a bot", [("ticket.replied", WORDS | {"by": "bot", "human": False})], RUNNING),
    ("a mail held for an agent's word", [("message.held", {"message": 201})], RUNNING),
    ("waiting for the customer", [("ticket.set_waiting", {"status": ["new", "waiting"]})], RUNNING),
    ("a survey", [("survey.invited", {"survey": 1})], RUNNING),
    ("a warning", [("sla.warned", {"clock": 1, "metric": "first_response", "instance": 1})], RUNNING),
    ("taken back", [("ticket.replied", WORDS), ("message.withdrawn", {"message": 201})], RUNNING),
    ("bounced", [("ticket.replied", WORDS), ("delivery.failed", {"message": 201})], RUNNING),
    (
        "bounced, then delivered",
        [
            ("ticket.replied", WORDS),
            ("delivery.failed", {"message": 201}),
            ("delivery.recovered", {"message": 201}),
        ],
        FULFILLED,
    ),
    (
        "taken back, though another copy was delivered",
        [
            ("ticket.replied", WORDS),
            ("message.withdrawn", {"message": 201}),
            ("delivery.recovered", {"message": 201}),
        ],
        RUNNING,
    ),
    (
        "one of two answers bounced",
        [
            ("ticket.replied", WORDS),
            ("ticket.replied", WORDS | {"message": 202}),
            ("delivery.failed", {"message": 201}),
        ],
        FULFILLED,
    ),
    ("resolved unanswered", [("ticket.resolved", {"status": ["new", "resolved"]})], CANCELLED),
    ("closed unanswered", [("ticket.closed", {"status": ["new", "closed"]})], CANCELLED),
]


@pytest.mark.parametrize(("_words", "happened", "state"), STOPS, ids=[row[0] for row in STOPS])
def test_what_stops_and_unstops_a_reply_clock(_words, happened, state):
    history = History()
    for minute, (kind, data) in enumerate(happened, 10):
        history.add(kind, f"09:{minute}", actor=AGENT, **data)
    assert history.first().state == state


@pytest.mark.parametrize(
    ("switches", "happened", "state"),
    [
        ({"resolved_unanswered": "answer"}, ["new", "resolved"], FULFILLED),
        ({"resolved_unanswered": "keep"}, ["new", "resolved"], RUNNING),
        ({"status_move_answers": True}, ["new", "waiting"], FULFILLED),
        ({"status_move_answers": True}, ["new", "open"], RUNNING),
    ],
)
def test_a_switch_decides_what_else_counts_as_an_answer(switches, happened, state):
    history = History(Rules(targets(), switches=Switches(**switches)))
    assert history.status("10:00", *happened).first().state == state


def test_the_switch_starts_the_first_response_of_an_agents_ticket_with_its_opening():
    history = History(Rules(targets(), switches=Switches(agent_opened="start")), spoke_first="agent")
    assert (history.first().due_at, history.agent("10:00").first().state) == (at("11:00"), FULFILLED)


def test_the_switch_lets_the_next_response_run_beside_the_first():
    history = History(Rules(targets(), switches=Switches(next_response_overlaps_first=True)))
    read = history.agent("09:30").read()
    assert (read["first_response", 1].state, read["next_response", 1].state) == (FULFILLED, FULFILLED)


def test_the_switch_moves_a_deadline_on_closing_time_to_the_next_opening():
    for choice, due in (("closing", at("17:00")), ("opening", at("09:00", day=1))):
        history = History(Rules(targets(first=60), switches=Switches(due_at_closing=choice)), opened="16:00")
        assert history.first().due_at == due


# --- next response ------------------------------------------------------------------------------------


def test_the_next_response_runs_from_the_oldest_unanswered_message():
    history = History().agent("09:30").customer("10:00").customer("10:40", message=102)
    reading = history.read()["next_response", 1]
    assert (reading.started_at, reading.due_at) == (at("10:00"), at("11:00"))
    reading = history.agent("10:50", message=202).read()["next_response", 1]
    assert (reading.state, reading.elapsed_working) == (FULFILLED, minutes(50))


def test_each_exchange_is_an_instance_of_its_own():
    history = History().agent("09:30").customer("10:00").agent("10:10").customer("11:00").agent("13:00")
    read = history.read()
    assert read["next_response", 1].breached_at is None
    assert read["next_response", 2].breached_at == at("12:00")


def test_a_lost_answer_joins_two_instances_into_one():
    history = History().agent("09:30").customer("10:00").agent("10:10", message=201).customer("11:00")
    assert ("next_response", 2) in history.read()
    read = history.add("delivery.failed", "11:05", message=201).read()
    assert ("next_response", 2) not in read
    assert (read["next_response", 1].started_at, read["next_response", 1].due_at) == (
        at("10:00"),
        at("11:00"),
    )


def test_a_customer_who_reopens_gets_a_clock_for_the_new_message_only():
    history = History().agent("09:30").customer("10:00").status("10:10", "open", "resolved")
    history.customer("12:00", message=103).status("12:00", "resolved", "open")
    read = history.read()
    assert read["next_response", 1].state == CANCELLED
    assert (read["next_response", 2].state, read["next_response", 2].started_at) == (RUNNING, at("12:00"))


def test_reply_clocks_do_not_pause_while_a_message_is_unanswered_whatever_the_pause_rule():
    everything = dict.fromkeys(("first_response", "next_response", "resolution"), frozenset({"waiting"}))
    strict = Rules(targets(), pauses=everything)
    history = History(strict).status("09:30", "new", "waiting")
    assert (history.first().state, history.resolution().state) == (RUNNING, PAUSED)
    loose = Rules(targets(), pauses=everything, switches=Switches(pause_unanswered=True))
    assert History(loose).status("09:30", "new", "waiting").first().state == PAUSED


# --- resolution, pauses, changes ----------------------------------------------------------------------


def test_a_pause_moves_the_due_time_by_its_working_time():
    history = History(Rules(targets(resolution=120)), opened="08:00").status("09:00", "new", "waiting")
    paused = history.resolution()
    assert (paused.state, paused.due_at, paused.remaining(at("09:30"))) == (PAUSED, None, minutes(120))
    assert history.status("10:00", "waiting", "open").resolution().due_at == at("12:00")


def test_a_pause_over_a_night_adds_only_working_time():
    history = History().status("16:00", "new", "on_hold").status(at("10:00", day=1), "on_hold", "open")
    assert history.resolution().due_at == at("11:00", day=1)


def test_resolved_while_waiting_keeps_the_due_time_it_would_have_had():
    history = History().status("10:00", "new", "waiting").status("12:00", "waiting", "resolved")
    reading = history.resolution()
    assert (reading.state, reading.elapsed_working) == (FULFILLED, minutes(60))
    assert (reading.due_at, reading.breached_at) == (at("11:00", day=1), None)


def test_a_breached_clock_keeps_its_due_time_over_a_pause():
    history = History(Rules(targets(resolution=60))).status("11:00", "new", "waiting")
    reading = history.status("12:00", "waiting", "open").resolution()
    assert (reading.due_at, reading.breached_at) == (at("10:00"), at("10:00"))
    assert reading.overrun(at("12:30")) == minutes(90)


def test_a_change_of_priority_keeps_what_is_consumed():
    by_priority = {"first_response": {2: Target(minutes(240)), 4: Target(minutes(90))}}
    history = History(Rules(by_priority)).add("ticket.prioritized", "10:00", priority=[2, 4])
    assert history.first().due_at == at("10:30")


def test_a_tighter_target_already_used_up_is_breached_when_it_began_to_hold():
    by_priority = {"first_response": {2: Target(minutes(240)), 4: Target(minutes(30))}}
    history = History(Rules(by_priority)).add("ticket.prioritized", "10:00", priority=[2, 4])
    assert history.first().due_at == at("10:00")
    assert history.agent("10:20").first().breached_at == at("10:00")


def test_a_recorded_breach_stays_when_the_target_grows_and_no_second_one_follows():
    by_priority = {"first_response": {4: Target(minutes(30)), 2: Target(minutes(240))}}
    history = History(Rules(by_priority), priority=4).add("ticket.prioritized", "10:00", priority=[4, 2])
    reading = history.first()
    assert (reading.due_at, reading.breached_at) == (at("13:00"), at("09:30"))
    assert history.agent("14:00").first().breached_at == at("09:30")


def test_a_new_policy_version_counts_from_its_instant_and_keeps_what_is_consumed():
    history = History()
    history.rules[2] = Rules(targets(first=180))
    history.add("sla.applied", "10:00", policy_version=2, calendar_version=1)
    reading = history.first()
    assert (reading.due_at, reading.policy_version, reading.elapsed_working) == (at("12:00"), 2, minutes(60))


def test_without_a_policy_the_clock_measures_and_owes_nothing():
    history = History()
    history.events[1].data["policy_version"] = None
    reading = history.agent("15:00").first()
    assert (reading.due_at, reading.breached_at, reading.elapsed_working) == (None, None, minutes(360))


def test_a_target_in_calendar_time_runs_over_the_night():
    reading = History(Rules(targets(first=24 * 60, working=False))).first()
    assert reading.due_at == at("09:00", day=1)


def test_the_warning_comes_a_quarter_of_the_target_before_the_due_time():
    assert History().first().warn_at == at("10:30")


def test_the_first_resolution_stands_when_the_ticket_is_reopened():
    history = History().agent("09:30").status("10:00", "open", "resolved")
    reading = history.status("11:00", "resolved", "open").resolution()
    assert (reading.state, reading.stopped_at) == (FULFILLED, at("10:00"))


def test_the_switch_takes_the_same_resolution_up_again_or_starts_another():
    for choice, expected in (("continue", {1: RUNNING}), ("restart", {1: FULFILLED, 2: RUNNING})):
        history = History(Rules(targets(), switches=Switches(reopened_resolution=choice))).agent("09:30")
        history.status("10:00", "open", "resolved").status("11:00", "resolved", "open")
        states = {n: each.state for (metric, n), each in history.read().items() if metric == "resolution"}
        assert states == expected
        if choice == "continue":
            assert history.resolution().elapsed(at("12:00"), working=True) == minutes(120)


def test_the_spans_tell_each_stretch_with_its_reason():
    history = History().status("10:00", "new", "waiting").status("11:00", "waiting", "open")
    history.status("12:00", "open", "resolved")
    spans = [(span.start, span.end, span.running, span.reason) for span in history.resolution().spans]
    assert spans == [
        (at("09:00"), at("10:00"), True, ""),
        (at("10:00"), at("11:00"), False, "waiting"),
        (at("11:00"), at("12:00"), True, ""),
    ]


# --- rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"targets": {"speed": {}}}, "not something we measure"),
        ({"targets": {"resolution": {"9": {"seconds": 60}}}}, "not a priority"),
        ({"targets": {"resolution": {"2": {"seconds": 0}}}}, "between 15 seconds and 5 years"),
        ({"targets": {"resolution": {"2": {"seconds": 10**9}}}}, "between 15 seconds and 5 years"),
        ({"targets": {"resolution": {"2": {"seconds": 60, "basis": "moon"}}}}, "working or in calendar"),
        ({"pauses": {"resolution": ["resolved"]}}, "cannot pause"),
        ({"switches": {"magic": True}}, "not a rule"),
        ({"switches": {"agent_opened": "perhaps"}}, "no such choice"),
        ({"warnings": {"resolution": {"percent": 200}}}, "between 0 and 100"),
        ({"colour": 1}, "not a part of a policy"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_in_a_sentence(spec, words):
    with pytest.raises(PolicyError, match=words):
        parse_rules(spec)
