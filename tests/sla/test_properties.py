"""What must hold of every clock in every life of a ticket, whatever policy and calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sla.calendar import compile_calendar
from sla.ledger import COUNTED, OVER, explain
from sla.measure import CANCELLED, FULFILLED, RUNNING, ZERO
from sla.rules import METRICS, PRIORITIES, Rules, Target
from tests.sla.histories import History
from tests.sla.strategies import AMOUNTS, DAYS, INSTANTS, MOVES, STEPS, ZONES, calendars, lived, rules

VERSIONS = st.lists(rules(), min_size=1, max_size=3)
WHOLE_MINUTES = INSTANTS.map(lambda at: at.replace(second=0, microsecond=0))
THIRTY = settings(max_examples=30, deadline=None)
FAR = datetime(2028, 6, 1, tzinfo=UTC)
NO_HAND = tuple(step for step in STEPS if step not in ("fix", "release"))


def said(reading):
    """What a reading tells, without the history of how it came about."""
    names = ("metric", "state", "started_at", "due_at", "stopped_at", "breached_at", "pause_reason")
    return {name: getattr(reading, name) for name in names} | {
        "working": reading.elapsed(FAR, working=True),
        "calendar": reading.elapsed(FAR, working=False),
    }


def only(target, metric="resolution", **more):
    return Rules({metric: dict.fromkeys(PRIORITIES, target)}, **more)


# --- conservation -------------------------------------------------------------------------------------


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES)
@THIRTY
def test_every_moment_of_a_clock_counted_or_was_left_out_and_none_did_both(moves, versions, calendar, start):
    history = lived(moves, versions=versions, calendar=calendar, start=start)
    for reading in history.read().values():
        spans, end = reading.spans, reading.stopped_at or history.ends_at
        if not spans:
            assert reading.stopped_at == reading.started_at or end == reading.started_at
            continue
        assert spans[0].start == reading.started_at
        assert all(one.end == two.start for one, two in pairwise(spans))
        assert spans[-1].end == reading.stopped_at
        counted = [(span.start, span.end or end) for span in spans if span.running]
        left_out = sum(((span.end or end) - span.start for span in spans if not span.running), ZERO)
        run = sum((until - begin for begin, until in counted), ZERO)
        assert run + left_out == end - reading.started_at
        assert reading.elapsed(end, working=False) == run
        worked = sum((calendar.between(begin, until) for begin, until in counted), ZERO)
        assert reading.elapsed(end, working=True) == worked


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES)
@THIRTY
def test_the_ledger_leaves_no_gap_and_adds_up_to_what_was_used(moves, versions, calendar, start):
    history = lived(moves, versions=versions, calendar=calendar, start=start)
    for reading in history.read().values():
        told = explain(reading, history.ends_at)
        stretches = told.stretches
        if not stretches:
            continue
        assert stretches[0].start == reading.started_at
        assert all(one.end == two.start for one, two in pairwise(stretches))
        assert stretches[-1].end == (reading.stopped_at or history.ends_at)
        spent = sum((one.spent for one in stretches if one.kind in (COUNTED, OVER)), ZERO)
        assert spent == told.consumed == stretches[-1].total


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES)
@THIRTY
def test_a_running_clock_is_due_when_the_rest_of_its_target_has_passed(moves, versions, calendar, start):
    versions = [replace(each, switches=replace(each.switches, due_at_closing="closing")) for each in versions]
    history = lived(moves, versions=versions, calendar=calendar, start=start, steps=NO_HAND)
    for reading in history.read().values():
        if reading.state != RUNNING or reading.target is None or reading.breached_at is not None:
            continue
        span = reading.spans[-1]
        if reading.remaining(span.start) >= ZERO:
            assert reading.remaining(reading.due_at) == ZERO
        else:  # used up when the target began to hold: due at that instant
            assert reading.due_at == span.start


@given(calendars(), WHOLE_MINUTES, AMOUNTS, st.integers(0, 5000), st.integers(1, 5000))
@THIRTY
def test_a_pause_moves_the_due_time_by_its_working_time_and_a_resumed_clock_forgets_nothing(
    calendar, start, target, before, paused
):
    from_at, to_at = start + timedelta(minutes=before), start + timedelta(minutes=before + paused)
    plain = History(only(Target(target)), opened=start)
    plain.calendar = calendar
    due = plain.resolution().due_at
    assume(from_at < due)
    halted = History(only(Target(target)), opened=start)
    halted.calendar = calendar
    halted.status(from_at, "new", "on_hold").status(to_at, "on_hold", "open")
    assert calendar.between(due, halted.resolution().due_at) == calendar.between(from_at, to_at)
    assert halted.resolution().remaining(to_at) == plain.resolution().remaining(from_at)


# --- additivity and monotonicity ------------------------------------------------------------------------


@given(MOVES, rules(), calendars(), WHOLE_MINUTES, st.lists(st.integers(0, 20000), max_size=6))
@THIRTY
def test_looking_again_at_the_same_policy_changes_nothing(moves, version, calendar, start, looks):
    steps = tuple(step for step in STEPS if step != "apply")
    history = lived(moves, versions=[version], calendar=calendar, start=start, steps=steps)
    looked = lived(moves, versions=[version, version], calendar=calendar, start=start, steps=steps)
    end = history.ends_at
    for minutes in looks:
        at = start + timedelta(minutes=minutes)
        if at <= end:
            looked.add("sla.applied", at, policy_version=1 + minutes % 2, calendar_version=1)
    first_two, rest = looked.events[:2], looked.events[2:]
    looked.events = first_two + sorted(rest, key=lambda event: event.at)
    until = end + timedelta(days=1)
    plain, again = history.read(until), looked.read(until)
    assert {key: said(plain[key]) for key in plain} == {key: said(again[key]) for key in again}


@given(calendars(), WHOLE_MINUTES, AMOUNTS, AMOUNTS, st.booleans())
@THIRTY
def test_a_larger_target_and_a_later_start_are_never_due_earlier(calendar, start, one, other, working):
    def due(target, at):
        history = History(only(Target(target, working)), opened=at)
        history.calendar = calendar
        return history.resolution().due_at

    small, large = sorted((one, other))
    assert due(small, start) <= due(large, start)
    assert due(small, start) <= due(small, start + large)


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES, st.integers(0, 40000), st.integers(0, 40000))
@THIRTY
def test_a_breach_once_seen_is_seen_for_ever_at_the_same_instant(
    moves, versions, calendar, start, one, other
):
    history = lived(moves, versions=versions, calendar=calendar, start=start)
    early, late = sorted(history.ends_at + timedelta(minutes=minutes) for minutes in (one, other))
    seen, later = history.read(early), history.read(late)
    for key, reading in seen.items():
        if reading.breached_at is not None:
            assert later[key].breached_at == reading.breached_at
        if later[key].breached_at is not None and reading.stopped_at is not None:
            assert reading.breached_at == later[key].breached_at


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES)
@THIRTY
def test_what_is_over_stays_as_it_was_when_others_write_on(moves, versions, calendar, start):
    """A finished clock is changed only by reopening, and by the loss or recovery of an answer."""
    steps = tuple(
        step for step in STEPS if step not in ("lose", "recover", "open", "waiting", "on_hold", "apply")
    )
    history = lived(moves, versions=versions, calendar=calendar, start=start, steps=steps)
    for cut in range(2, len(history.events)):
        shorter = History.of(history, history.events[:cut])
        finished = {k: r for k, r in shorter.read().items() if r.state in (FULFILLED, CANCELLED)}
        after = history.read()
        assert {key: said(reading) for key, reading in finished.items()} == {
            key: said(after[key]) for key in finished
        }


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES)
@settings(THIRTY, suppress_health_check=[HealthCheck.filter_too_much])  # no answer, no case
def test_a_lost_answer_leaves_the_clocks_as_if_it_had_never_been_said(moves, versions, calendar, start):
    steps = ("customer", "agent", "waiting", "on_hold", "open", "prioritize", "apply")
    history = lived(moves, versions=versions, calendar=calendar, start=start, steps=steps)
    answers = [event for event in history.events if event.data.get("by") == "agent"]
    assume(answers)
    end = history.ends_at
    silent = History.of(history, [event for event in history.events if event is not answers[0]])
    silent.add("message.withdrawn", end, message=1)  # something at the same instant, about nobody's message
    history.add("message.withdrawn", end, message=answers[0].data["message"])
    told, wanted = history.read(end), silent.read(end)
    assert {key: said(told[key]) for key in told} == {key: said(wanted[key]) for key in wanted}


# --- zones and daylight-saving ----------------------------------------------------------------------------


@given(MOVES, VERSIONS, calendars(), WHOLE_MINUTES, ZONES)
@THIRTY
def test_in_which_zone_an_instant_is_written_makes_no_difference(moves, versions, calendar, start, zone):
    history = lived(moves, versions=versions, calendar=calendar, start=start)
    local = History.of(
        history, [replace(event, at=event.at.astimezone(ZoneInfo(zone))) for event in history.events]
    )
    plain, moved = history.read(), local.read()
    assert {key: said(plain[key]) for key in plain} == {key: said(moved[key]) for key in moved}


@given(calendars(zones=st.just("UTC")), WHOLE_MINUTES, AMOUNTS, st.integers(-12, 14))
@THIRTY
def test_an_office_further_east_is_due_by_as_much_earlier(calendar, start, target, hours):
    spec = calendar.spec
    week = {
        day: [[_clock(begin), _clock(end)] for begin, end in ranges]
        for day, ranges in zip(DAYS, spec.hours, strict=True)
    }
    name = f"Etc/GMT{-hours:+d}"  # by their convention the sign is turned
    holidays = [day.isoformat() for day in spec.holidays]
    east = compile_calendar({"timezone": name, "hours": week, "holidays": holidays})
    shift = timedelta(hours=hours)

    def due(calendar, at):
        history = History(only(Target(target)), opened=at)
        history.calendar = calendar
        return history.resolution().due_at

    assert due(east, start - shift) == due(calendar, start) - shift


def _clock(seconds):
    minutes = seconds // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


@given(MOVES, WHOLE_MINUTES, ZONES, AMOUNTS)
@THIRTY
def test_open_day_and_night_working_time_is_real_time_over_every_change_of_the_clocks(
    moves, start, zone, target
):
    always = compile_calendar({"timezone": zone, "hours": {day: [["00:00", "24:00"]] for day in DAYS}})
    found = []
    for working in (True, False):
        everything = {metric: dict.fromkeys(PRIORITIES, Target(target, working)) for metric in METRICS}
        found.append(lived(moves, versions=[Rules(everything)], calendar=always, start=start).read())
    by_office, by_wall = found
    assert {key: said(by_office[key]) for key in by_office} == {key: said(by_wall[key]) for key in by_wall}
    assert all(told["working"] == told["calendar"] for told in map(said, by_office.values()))


@given(MOVES, calendars(), calendars(), WHOLE_MINUTES, AMOUNTS)
@THIRTY
def test_a_target_in_calendar_time_asks_no_calendar(moves, one, other, start, target):
    everything = Rules({metric: dict.fromkeys(PRIORITIES, Target(target, False)) for metric in METRICS})
    here = lived(moves, versions=[everything], calendar=one, start=start).read()
    there = lived(moves, versions=[everything], calendar=other, start=start).read()
    strip = {"working": None}
    assert {key: said(here[key]) | strip for key in here} == {key: said(there[key]) | strip for key in there}
