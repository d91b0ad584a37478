"""A clock in one sentence and its life in lines, by hand-written histories."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.clock_words import Sources, sentence, stretch_words
from sla.ledger import MOST_STRETCHES, explain
from sla.rules import PRIORITIES, Rules, Target
from tests.sla.histories import AGENT, History, at, minutes, targets

NOBODY = Sources({}, {}, {})
NOW = at("12:00", day=1)


def said(reading, now=NOW):
    return sentence(explain(reading, now), NOBODY).replace("\u00a0", " ")


def lines(reading, now=NOW):
    told = explain(reading, now)
    return [stretch_words(one, told, NOBODY) for one in told.stretches]


def resolution(history):
    return history.read(NOW)["resolution", 1]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (
            lambda: History(Rules(targets(resolution=60)), opened="16:30"),
            "Was due 09:30: 1 h of working time from Mon 16:30, closed Mon 17:00 to 09:00.",
        ),
        (
            lambda: (
                History(Rules(targets(resolution=600)))
                .status("10:00", "new", "on_hold")
                .status("11:00", "on_hold", "open")
            ),
            "Due 12:00: 10 h of working time from Mon 09:00, 1 h paused, closed Mon 17:00 to 09:00.",
        ),
        (
            lambda: History(Rules(targets(resolution=3000))),
            "Due Mon 30 Nov",
        ),
        (
            lambda: History(Rules(targets(resolution=1500, working=False))),
            "Was due 10:00: 1 d 1 h from Mon 09:00.",
        ),
        (
            lambda: History().status("10:00", "new", "waiting"),
            "Paused since Mon 10:00: customer. 7 h of 8 h of working time are left.",
        ),
        (
            lambda: History().status("10:30", "new", "resolved"),
            "Met: done Mon 10:30 after 1 h 30 min of 8 h of working time.",
        ),
        (
            lambda: History(Rules(targets(resolution=60))).status("12:00", "new", "resolved"),
            "Missed: due Mon 10:00, done Mon 12:00 after 3 h.",
        ),
        (lambda: History(Rules()), "Nothing was promised: measured from Mon 09:00, 11 h so far."),
        (
            lambda: History(Rules()).status("10:00", "new", "resolved"),
            "Nothing was promised: done Mon 10:00 after 1 h.",
        ),
        (
            lambda: History().add(
                "sla.deadline_set", "10:00", actor=AGENT, metric="resolution", due_at=at("15:00", day=1)
            ),
            "Due 15:00: set by hand by the system (23 Nov, 10:00); nothing but a person’s word moves it.",
        ),
    ],
)
def test_the_sentence_says_why(history, words):
    expected = words if words.endswith(".") else None
    told = said(resolution(history()))
    assert told == expected if expected else "closed 6 times in between" in told


def test_a_clock_that_does_not_count_says_so():
    history = History().status("10:00", "new", "resolved")
    assert said(history.first()).startswith("Not counted: the ticket was settled")


def test_the_lines_tell_night_pause_and_what_is_over():
    history = History(Rules(targets(resolution=480))).status("10:00", "new", "on_hold")
    history.status("11:00", "on_hold", "open")
    assert lines(resolution(history)) == [
        "Counted to Mon 10:00",
        "Paused (on hold), not counted",
        "Counted to Mon 17:00",
        "Closed overnight, not counted",
        "Counted to the due time",
        "Past the due time, still counting",
    ]


def test_a_life_of_years_is_told_in_few_stretches():
    target = dict.fromkeys(PRIORITIES, Target(timedelta(hours=10_400)))
    history = History(Rules({"resolution": target}), opened=datetime(2021, 11, 23, 9, tzinfo=UTC))
    told = explain(history.resolution(), NOW)
    assert len(told.stretches) < MOST_STRETCHES
    assert told.stretches[-1].total == told.consumed
    assert "with closed hours in between" in said(history.resolution())
    assert minutes(1) < told.consumed
