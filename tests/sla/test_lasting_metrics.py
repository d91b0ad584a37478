"""Updates, total wait, total work and the final resolution: where they are measured, what moves them."""

import pytest

from sla.measure import CANCELLED, FULFILLED, PAUSED, RUNNING
from sla.rules import METRICS, RECOVERY, Rules, Switches, parse_rules
from tests.sla.histories import AGENT, History, at, minutes, targets

MORE = {"periodic_update": 60, "requester_wait": 240, "agent_work": 180, "total_resolution": 480}


def rules(**switches):
    return Rules(targets(**MORE), switches=Switches(**switches))


def asked(**switches):
    return History(rules(**switches))


# --- where they are measured ------------------------------------------------------------------------------


def test_a_metric_that_no_policy_promises_or_asks_for_makes_no_clock():
    history = History().agent("09:30").status("10:00", "new", "resolved")
    assert {metric for metric, _instance in history.read()} == {"first_response", "resolution"}


def test_a_policy_may_ask_to_measure_without_promising():
    reading = History(Rules(targets(), measures=frozenset({"agent_work"}))).read()["agent_work", 1]
    assert (reading.state, reading.target, reading.due_at) == (RUNNING, None, None)


def test_a_target_at_another_priority_measures_from_the_opening_on():
    only_urgent = {"agent_work": {4: targets(agent_work=90)["agent_work"][4]}}
    history = History(Rules(only_urgent)).add("ticket.prioritized", "10:00", priority=[2, 4])
    reading = history.read()["agent_work", 1]
    assert (reading.started_at, reading.due_at) == (at("09:00"), at("10:30"))


def test_a_policy_applied_later_finds_what_is_consumed_already_and_former_rounds_stay_unmeasured():
    history = History().agent("09:15").agent("09:30").add("sla.applied", "10:00", policy_version=2)
    history.rules[2] = rules()
    read = history.read()
    assert read["total_resolution", 1].elapsed(at("11:00"), working=False) == minutes(120)
    assert [instance for metric, instance in read if metric == "periodic_update"] == [2]
    assert read["periodic_update", 2].started_at == at("09:30")


def test_a_clock_once_kept_stays_when_the_next_policy_does_not_ask_for_it():
    history = asked().add("sla.applied", "10:00", policy_version=None)
    reading = history.read()["agent_work", 1]
    assert (reading.state, reading.target) == (RUNNING, None)


def test_every_metric_has_a_default_pause_rule_and_a_place_in_the_spec():
    spec = {"targets": {metric: {"2": {"seconds": 3600}} for metric in METRICS}, "measures": list(METRICS)}
    assert set(parse_rules(spec).pauses) == set(METRICS)
    assert parse_rules(spec).measured == {*METRICS, RECOVERY}


# --- updates -----------------------------------------------------------------------------------------------


def test_each_public_message_of_ours_ends_an_update_and_begins_the_next():
    read = asked().agent("09:30", message=201).agent("10:45", message=202).read()
    first, second = read["periodic_update", 1], read["periodic_update", 2]
    assert (first.state, first.breached_at, first.stopped_by_message) == (FULFILLED, at("10:30"), 202)
    assert (second.state, second.started_at, second.due_at) == (RUNNING, at("10:45"), at("11:45"))


def test_no_update_is_owed_before_our_first_word_unless_we_wrote_first():
    assert ("periodic_update", 1) not in asked().read()
    opened = History(rules(), spoke_first="agent", status="open")
    assert opened.read()["periodic_update", 1].started_at == at("09:00")


def test_an_update_waits_while_the_customer_has_to_move_but_not_with_a_message_unanswered():
    history = asked().agent("09:30").status("09:40", "new", "waiting")
    assert history.read()["periodic_update", 1].state == PAUSED
    assert history.customer("10:00").read()["periodic_update", 1].state == RUNNING


def test_an_update_runs_on_hold_for_that_is_when_news_is_missed():
    history = asked().agent("09:30").status("09:40", "new", "on_hold")
    assert history.read()["periodic_update", 1].due_at == at("10:30")


def test_resolving_voids_the_update_and_taking_that_back_revives_it():
    history = asked().agent("09:30").status("10:00", "new", "resolved")
    assert history.read()["periodic_update", 1].state == CANCELLED
    history.status("11:00", "resolved", "open")
    assert history.read()["periodic_update", 1].due_at == at("11:30")


def test_a_customer_who_reopens_is_owed_an_answer_first_and_news_again_after_it():
    history = asked().agent("09:30").status("10:00", "new", "resolved")
    history.customer("11:00").status("11:00", "resolved", "open")
    assert history.read()["periodic_update", 1].state == CANCELLED
    assert history.agent("11:10").read()["periodic_update", 2].started_at == at("11:10")


def test_a_word_on_a_resolved_ticket_promises_no_news():
    history = asked().status("09:30", "new", "resolved").agent("09:40")
    assert ("periodic_update", 1) not in history.read()


def test_a_lost_message_joins_two_updates_into_one():
    history = asked().agent("09:30").agent("10:00", message=201).add("delivery.failed", "10:05", message=201)
    read = history.read()
    assert ("periodic_update", 2) not in read
    assert read["periodic_update", 1].due_at == at("10:30")


# --- wait, work, final resolution ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "status", "counts"),
    [
        ("requester_wait", "open", True),
        ("requester_wait", "on_hold", True),
        ("requester_wait", "waiting", False),
        ("agent_work", "open", True),
        ("agent_work", "on_hold", False),
        ("agent_work", "waiting", False),
        ("total_resolution", "open", True),
        ("total_resolution", "on_hold", True),
        ("total_resolution", "waiting", True),
    ],
)
def test_what_counts_by_status(metric, status, counts):
    history = asked().agent("09:00").status("10:00", "new", status).status("11:00", status, "resolved")
    reading = history.read()[metric, 1]
    assert (reading.state, reading.elapsed_working) == (FULFILLED, minutes(120 if counts else 60))


def test_the_wait_goes_on_while_a_message_is_unanswered_whatever_the_status_says():
    history = asked().status("10:00", "new", "waiting")
    assert history.read()["requester_wait", 1].state == RUNNING
    assert history.agent("10:30").read()["requester_wait", 1].state == PAUSED


@pytest.mark.parametrize("metric", ["requester_wait", "agent_work"])
@pytest.mark.parametrize(
    ("choice", "rounds"), [("continue", {1: 120}), ("keep", {1: 60}), ("restart", {1: 60, 2: 60})]
)
def test_reopening_takes_the_sum_up_again_keeps_it_or_starts_another(metric, choice, rounds):
    history = asked(reopened_totals=choice).status("10:00", "new", "resolved")
    history.status("12:00", "resolved", "open").status("13:00", "open", "resolved")
    read = history.read()
    assert {n: read[m, n].elapsed_working for m, n in read if m == metric} == {
        n: minutes(number) for n, number in rounds.items()
    }


def test_an_old_ticket_that_is_reopened_is_overdue_for_good_at_that_instant():
    history = asked().agent("09:10").status("10:00", "new", "resolved")
    assert history.read()["total_resolution", 1].breached_at is None
    reading = history.status(at("12:00", day=1), "resolved", "open").read()["total_resolution", 1]
    assert (reading.due_at, reading.elapsed_working) == (at("12:00", day=1), minutes(60 + 7 * 60 + 180))
    history.status(at("13:00", day=1), "open", "resolved")
    reading = history.read()["total_resolution", 1]
    assert (reading.breached_at, reading.elapsed_working) == (at("12:00", day=1), minutes(720))
    assert sum((span.working for span in reading.spans), minutes(0)) == reading.elapsed_working


def test_the_switch_leaves_the_resolved_time_out_of_the_final_resolution():
    history = asked(resolved_time_counts=False).status("10:00", "new", "resolved")
    reading = history.status(at("10:00", day=1), "resolved", "open").read()["total_resolution", 1]
    assert (reading.due_at, reading.elapsed_working) == (at("17:00", day=1), minutes(60))


@pytest.mark.parametrize("metric", ["requester_wait", "agent_work", "resolution", "total_resolution"])
def test_the_switch_does_not_count_what_was_closed_without_being_resolved(metric):
    for choice, state in (("resolve", FULFILLED), ("cancel", CANCELLED)):
        history = asked(closed_unresolved=choice).status("10:00", "new", "closed")
        assert history.read()[metric, 1].state == state
    reading = history.status("11:00", "closed", "open").read()[metric, 1]
    assert reading.state == RUNNING
    resolved = asked(closed_unresolved="cancel").status("10:00", "new", "resolved")
    assert resolved.status("11:00", "resolved", "closed").read()[metric, 1].state == FULFILLED


def test_the_work_is_credited_to_nobody_who_only_wrote_a_message():
    reading = asked().agent("09:30", actor=AGENT).status("10:00", "new", "resolved").read()["agent_work", 1]
    assert (reading.stopped_by, reading.stopped_by_message) == (None, None)
