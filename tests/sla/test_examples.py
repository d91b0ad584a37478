"""The worked examples of docs/sla-semantics.md: each named example is the test of that name."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sla.calendar import compile_calendar
from sla.calendar_spec import WEEKDAYS
from sla.escalations import Level, fall_at
from sla.measure import CANCELLED, FULFILLED, RUNNING
from sla.rules import Rules, Switches, Target
from sla.tally import Tally, verdict_of
from tests.sla.histories import OFFICE, History, at, minutes, targets

DOC = Path(__file__).parents[2] / "docs" / "sla-semantics.md"
TUESDAY = 1


def promised(**of):
    """A history whose policy promises so many minutes of working time."""
    return History(Rules(targets(**of)))


def test_each_example_of_the_page_is_a_test_and_each_test_an_example():
    text = DOC.read_text(encoding="utf-8")
    named = {name.replace("-", "_") for name in re.findall(r"\*Example \(([a-z-]+)\)\.\*", text)}
    assert "*Example.*" not in text
    assert {f"test_example_{name}" for name in named} == {
        name for name in globals() if name.startswith("test_example_")
    }


def test_example_friday_evening():
    assert OFFICE.add(at("16:30", day=4), minutes(60)) == at("09:30", day=7)


def test_example_long_target():
    week = {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    target, monday = timedelta(hours=48), datetime(2026, 11, 23, 8, tzinfo=UTC)
    plain = compile_calendar({"timezone": "UTC", "hours": week})
    assert plain.add(monday, target) == datetime(2026, 11, 26, 20, tzinfo=UTC)
    off = compile_calendar({"timezone": "UTC", "hours": week, "holidays": ["2026-11-24", "2026-11-25"]})
    dates = {interval.start.date() for interval in plain.intervals(monday, off.add(monday, target))}
    assert len(dates) == 6


def test_example_changed_clocks():
    hours = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
    berlin = compile_calendar({"timezone": "Europe/Berlin", "hours": hours})
    zone, day = ZoneInfo("Europe/Berlin"), timedelta(hours=24)
    for date, length, due in (
        ((2026, 3, 29), 23, datetime(2026, 3, 30, 1, tzinfo=zone)),
        ((2026, 10, 25), 25, datetime(2026, 10, 25, 23, tzinfo=zone)),
    ):
        midnight = datetime(*date, tzinfo=zone)
        following = datetime.combine(midnight.date() + timedelta(days=1), midnight.timetz())
        assert berlin.between(midnight, following) == timedelta(hours=length)
        assert berlin.add(midnight, day) == due


def test_example_pause():
    history = History(Rules(targets(resolution=120)), opened="08:00").status("09:00", "new", "waiting")
    assert history.status("10:00", "waiting", "open").resolution().due_at == at("12:00")


def test_example_by_hand():
    history = promised(resolution=120)
    history.add("sla.deadline_set", "10:00", metric="resolution", instance=1, due_at=at("15:00"))
    reading = history.status("11:00", "new", "waiting").resolution()
    assert (reading.due_at, reading.remaining(at("14:00"))) == (at("15:00"), minutes(60))


def test_example_priority_change():
    history = History(Rules({"first_response": {2: Target(minutes(240)), 4: Target(minutes(90))}}))
    assert history.add("ticket.prioritized", "10:00", priority=[2, 4]).first().due_at == at("10:30")


def test_example_first_reply():
    reading = promised(first=120).agent("10:30").first()
    assert (reading.state, reading.elapsed_working, reading.breached_at) == (FULFILLED, minutes(90), None)
    weekend = History(opened=at("12:00", day=5)).agent(at("12:00", day=6)).first()
    assert (weekend.elapsed_working, weekend.elapsed_calendar) == (minutes(0), minutes(24 * 60))
    assert weekend.state == FULFILLED


def test_example_next_reply():
    history = promised(following=60).agent("09:30").customer("10:00").customer("10:40").agent("10:50")
    read = history.read()
    assert [n for metric, n in read if metric == "next_response"] == [1]
    assert read["next_response", 1].elapsed_working == minutes(50)


def test_example_resolution():
    untouched = promised(resolution=600).resolution()
    history = promised(resolution=600).status("16:00", "new", "on_hold")
    moved = history.status(at("10:00", day=TUESDAY), "on_hold", "open").resolution()
    assert (untouched.due_at, moved.due_at) == (at("11:00", day=TUESDAY), at("13:00", day=TUESDAY))


def test_example_update():
    read = promised(periodic_update=60).agent("09:30").agent("10:45").read()
    assert read["periodic_update", 1].breached_at == at("10:30")
    assert read["periodic_update", 2].due_at == at("11:45")


def test_example_total_wait():
    history = promised(requester_wait=600).agent("10:00").status("10:00", "new", "waiting")
    history.customer("13:00").status("13:00", "waiting", "open").agent("13:30")
    history.status("13:30", "open", "resolved").status("15:00", "resolved", "open")
    reading = history.status("16:00", "open", "resolved").read()["requester_wait", 1]
    assert (reading.state, reading.elapsed_working) == (FULFILLED, minutes(150))


def test_example_total_work():
    history = promised(agent_work=600, requester_wait=600).status("10:00", "new", "on_hold")
    read = history.status("14:00", "on_hold", "open").status("14:30", "open", "resolved").read()
    assert read["agent_work", 1].elapsed_working == minutes(90)
    assert read["requester_wait", 1].elapsed_working == minutes(330)


def test_example_snoozed():
    history = promised(resolution=120)
    history.add("ticket.snoozed", "09:30", until=[None, at("09:00", day=TUESDAY).isoformat()])
    assert history.resolution().due_at == at("11:00")


def test_example_imported():
    def history(**switches):
        rules = Rules(targets(first=120), switches=Switches(**switches))
        return History(rules, imported=True).agent("12:00").first()

    assert history().breached_at == at("11:00")
    measured = history(imported="measure")
    assert (measured.target, measured.due_at, measured.elapsed_working) == (None, None, minutes(180))


def test_example_automatic():
    def history(**switches):
        return History(Rules(targets(first=120), switches=Switches(**switches)), human=False)

    assert ("first_response", 1) not in history().read()
    answered = history(automatic_opened="start").agent("10:00", human=False)
    assert (answered.first().state, answered.first().due_at) == (RUNNING, at("11:00"))
    both = history(automatic_opened="start", automatic_answers=True).agent("10:00", human=False)
    assert both.first().state == FULFILLED


def test_example_final_resolution():
    history = promised(total_resolution=480).status("10:00", "new", "resolved")
    history.status(at("12:00", day=TUESDAY), "resolved", "open")
    reading = history.status(at("13:00", day=TUESDAY), "open", "resolved").read()["total_resolution", 1]
    assert reading.elapsed_working == minutes(12 * 60)
    assert (reading.due_at, reading.breached_at) == (at("12:00", day=TUESDAY), at("12:00", day=TUESDAY))


def test_example_draft():
    held, tried = (promised(first=hours * 60).agent("12:00").first() for hours in (4, 2))
    tally = Tally()
    tally.add(1, [held], [tried], ZoneInfo("UTC"))
    assert (verdict_of(held), verdict_of(tried), tally.worse) == ("met", "missed", 1)
    assert tried.breached_at == at("11:00")


def test_example_closed_unresolved():
    reading = History().status("10:00", "new", "closed").resolution()
    assert (reading.state, reading.elapsed_working) == (FULFILLED, minutes(60))
    strict = Rules(targets(), switches=Switches(closed_unresolved="cancel"))
    assert History(strict).status("10:00", "new", "closed").resolution().state == CANCELLED


def test_example_level_after():
    history = promised(resolution=480).status(at("09:30", day=TUESDAY), "new", "on_hold")
    reading = history.status(at("14:00", day=TUESDAY), "on_hold", "open").resolution()
    assert reading.due_at == at("17:00")
    assert fall_at(Level(offset=minutes(60)), reading) == at("14:30", day=TUESDAY)


def test_example_merged():
    first = promised(first=120).first()
    second = History(Rules(targets(first=120)), opened="09:30").add("ticket.merged", "10:00", into=1)
    merged = second.status("10:00", "new", "closed").first()
    assert first.due_at == at("11:00")
    assert (merged.state, merged.stopped_at, merged.breached_at) == (CANCELLED, at("10:00"), None)


def test_example_spam():
    spam = promised(first=60).agent("09:20").add("ticket.marked_spam", "10:00")
    spam = spam.status("10:00", "open", "closed")
    assert spam.read() == {}
    back = spam.add("ticket.unmarked_spam", "10:30").status("10:30", "closed", "open")
    assert verdict_of(back.first()) == "met"
    assert (back.resolution().state, back.resolution().elapsed_working) == (RUNNING, minutes(60))


def test_example_split():
    asked = promised(first=120)
    split_off = History(Rules(targets(first=120)), opened="10:00")
    assert (asked.first().due_at, split_off.first().due_at) == (at("11:00"), at("12:00"))


def test_example_deleted():
    gone = promised(first=120).add("ticket.deleted", "09:30")
    assert gone.read() == {}
    back = gone.add("ticket.restored", "10:30").first()
    assert (back.state, back.due_at, back.breached_at) == (RUNNING, at("12:00"), None)


def test_example_unmerged():
    second = History(Rules(targets(first=120)), opened="09:30").add("ticket.merged", "10:00", into=1)
    second = second.status("10:00", "new", "closed").add("ticket.unmerged", "10:30", **{"from": 1})
    back = second.status("10:30", "closed", "open").first()
    assert (back.state, back.due_at, back.breached_at) == (RUNNING, at("12:00"), None)
