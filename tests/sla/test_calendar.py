"""Working time: other projects' truth tables, the properties that must hold, and the edges by hand."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.calendar import CalendarError, add_working_time, compile_calendar, working_time_between
from tests.sla.corpora import cases
from tests.sla.strategies import AMOUNTS, INSTANTS, calendars

OFFICE = [["09:00", "17:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar(hours=WEEK, zone="UTC", **more):
    return compile_calendar({"timezone": zone, "hours": hours, **more})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(number):
    return timedelta(hours=number)


# --- truth tables -------------------------------------------------------------------------------------


def parse(value):
    if isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, list):
        return [parse(each) for each in value]
    return value


def answer(case):
    working = compile_calendar(case["calendar"])
    args = {name: parse(value) for name, value in case["args"].items()}
    match case["op"]:
        case "add_business_minutes":
            return add_working_time(working, args["start"], timedelta(seconds=args["seconds"]))
        case "business_minutes_between":
            return working_time_between(working, args["start"], args["end"]) / timedelta(minutes=1)
        case "is_open_at":
            return working.is_open(args["at"])
        case "is_holiday_at":
            return working.is_holiday(args["at"])
        case "next_open_instant":
            return working.next_open(args["at"])
        case "previous_open_instant":
            return working.previous_open(args["at"])
        case "next_opening_strictly_after":
            return working.next_opening(args["at"])
        case "next_closing_after":
            return working.next_closing(args["at"])
        case "business_intervals_after":
            return [list(each) for each in islice(working.intervals_after(args["from"]), args["take"])]
        case "business_intervals_before":
            return [list(each) for each in islice(working.intervals_before(args["from"]), args["take"])]
    raise AssertionError(case["op"])


SETTLED = [case for case in cases("sla_calendar") if case["reference_check"] == "agrees"]
REVERSED = [case for case in cases("sla_calendar") if "reversed_args" in case["tags"]]


@pytest.mark.skipif(not SETTLED, reason="../shared/corpora/sla_calendar is absent")
def test_there_are_enough_settled_cases_to_mean_something():
    assert len(SETTLED) > 400


@pytest.mark.parametrize("case", SETTLED, ids=lambda case: case["id"])
def test_every_settled_case_of_other_projects_agrees(case):
    expected = parse(case["expected"])
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        assert answer(case) == pytest.approx(expected, abs=1e-6)
    else:
        assert answer(case) == expected


@pytest.mark.parametrize("case", REVERSED, ids=lambda case: case["id"])
def test_reversed_arguments_give_the_negative_of_what_lies_between(case):
    swapped = {**case, "args": {"start": case["args"]["end"], "end": case["args"]["start"]}}
    assert answer(case) == -answer(swapped)
    if case["expected"]:
        assert abs(answer(case)) == pytest.approx(abs(case["expected"]))


# --- by hand ------------------------------------------------------------------------------------------


def test_an_hour_from_friday_half_past_four_is_monday_half_past_nine():
    assert calendar().add(at("2026-11-20 16:30"), hours(1)) == at("2026-11-23 09:30")


def test_a_deadline_that_falls_on_closing_time_is_the_closing_instant():
    assert calendar().add(at("2026-11-20 16:00"), hours(1)) == at("2026-11-20 17:00")


def test_nothing_added_outside_hours_is_the_next_opening():
    assert calendar().add(at("2026-11-20 17:00"), timedelta()) == at("2026-11-23 09:00")


def test_a_spring_sunday_has_23_hours_and_an_autumn_sunday_25():
    sundays = calendar({"sun": [["00:00", "24:00"]]}, "Europe/Berlin")
    assert sundays.between(at("2026-03-28 12:00"), at("2026-03-30 12:00")) == hours(23)
    assert sundays.between(at("2026-10-24 12:00"), at("2026-10-26 12:00")) == hours(25)


def test_a_range_that_the_clocks_skip_is_not_open_that_day():
    night = calendar({"sun": [["02:00", "03:00"]]}, "Europe/Berlin")
    assert night.between(at("2026-03-28 12:00"), at("2026-03-29 12:00")) == timedelta()
    assert night.between(at("2026-10-24 12:00"), at("2026-10-25 12:00")) == hours(2)


def test_a_night_shift_runs_into_the_next_day_and_over_the_turn_of_the_year():
    nights = calendar({key: [["22:00", "06:00"]] for key in DAYS})
    assert nights.is_open(at("2027-01-01 05:59"))
    assert not nights.is_open(at("2027-01-01 06:00"))
    assert nights.next_closing(at("2026-12-31 23:00")) == at("2027-01-01 06:00")
    assert nights.previous_open(at("2027-01-01 12:00")) == at("2027-01-01 06:00")
    assert nights.add(at("2026-12-31 21:00"), hours(8)) == at("2027-01-01 06:00")
    assert next(nights.intervals_before(at("2027-01-01 07:00"))) == (
        at("2026-12-31 22:00"),
        at("2027-01-01 06:00"),
    )


def test_holidays_and_special_hours_and_breaks_shape_their_dates():
    shaped = calendar(
        holidays={"2026-12-25": "Christmas Day"},
        date_hours={"2026-12-24": [["09:00", "12:00"]]},
        breaks={"2026-12-23": [["12:00", "13:00"]]},
    )
    assert shaped.between(at("2026-12-23 00:00"), at("2026-12-26 00:00")) == hours(7 + 3)
    assert shaped.is_holiday(at("2026-12-25 10:00"))


def test_a_day_and_night_calendar_counts_every_second_and_never_closes():
    always = calendar({key: [["00:00", "24:00"]] for key in DAYS}, "Europe/Berlin")
    assert always.between(at("2020-01-01 00:00"), at("2026-01-01 00:00")) == timedelta(days=2192)
    with pytest.raises(CalendarError, match="never closes"):
        always.next_closing(at("2026-01-01 00:00"))


def test_a_calendar_of_single_dates_says_when_it_holds_no_more_time():
    single = calendar({}, date_hours={"2026-04-01": [["01:30", "07:45"]]})
    assert single.add(at("2026-01-01 00:00"), hours(6)) == at("2026-04-01 07:30")
    with pytest.raises(CalendarError, match="so much working time"):
        single.add(at("2026-01-01 00:00"), hours(7))
    assert list(single.intervals(at("2026-01-01 00:00"), at("2027-01-01 00:00"))) == [
        (at("2026-04-01 01:30"), at("2026-04-01 07:45"))
    ]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"timezone": "UTC", "hours": {}}, "never open"),
        ({"timezone": "UTC", "hours": {"mon": []}}, "never open"),
        ({"timezone": "Mars/Base", "hours": WEEK}, "not a known time zone"),
        ({"hours": WEEK}, "not a known time zone"),
        ({"timezone": "UTC", "hours": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "overlap"),
        ({"timezone": "UTC", "hours": {"sun": [["20:00", "06:00"]], "mon": [["05:00", "09:00"]]}}, "overlap"),
        ({"timezone": "UTC", "hours": {"mon": [["24:00", "06:00"]]}}, "cannot start at 24:00"),
        ({"timezone": "UTC", "hours": {"mon": [["9", "17:00"]]}}, "not a time of day"),
        ({"timezone": "UTC", "hours": {"mon": [["09:00", "24:30"]]}}, "not a time of day"),
        ({"timezone": "UTC", "hours": {"mon": [["09:00"]]}}, "a start and an end"),
        ({"timezone": "UTC", "hours": {"funday": OFFICE}}, "not a weekday"),
        ({"timezone": "UTC", "hours": WEEK, "holidays": ["25.12.2026"]}, "not a date"),
        (
            {"timezone": "UTC", "hours": WEEK, "breaks": {"2026-01-01": [["13:00", "12:00"]]}},
            "before it starts",
        ),
        ({"timezone": "UTC", "hours": WEEK, "color": "red"}, "not a part of a calendar"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_refused_in_a_sentence(spec, words):
    with pytest.raises(CalendarError, match=words):
        compile_calendar(spec)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        calendar().add(datetime(2026, 1, 1), hours(1))  # noqa: DTZ001


def test_five_working_years_cost_well_under_a_millisecond_once_laid_out():
    office = calendar(zone="Europe/Berlin", holidays=["2026-12-25"])
    start = at("2021-01-04 08:00")
    due = office.add(start, timedelta(hours=8) * 52 * 5 * 5)
    began = perf_counter()
    for _ in range(200):
        assert office.add(start, timedelta(hours=8) * 52 * 5 * 5) == due
        office.between(start, due)
    assert (perf_counter() - began) / 400 < 0.0005


# --- properties ---------------------------------------------------------------------------------------


@given(calendars(), INSTANTS, AMOUNTS)
@settings(max_examples=150, deadline=None)
def test_what_was_added_lies_between(working, start, amount):
    due = working.add(start, amount)
    assert working.between(start, due) == amount
    assert working.between(start, due - timedelta(microseconds=1)) < amount


@given(calendars(), INSTANTS, AMOUNTS)
@settings(max_examples=80, deadline=None)
def test_what_was_taken_away_lies_between(working, end, amount):
    assert working.between(working.add(end, -amount), end) == amount


@given(calendars(), INSTANTS, INSTANTS, INSTANTS)
@settings(max_examples=100, deadline=None)
def test_working_time_adds_up_over_any_middle(working, a, b, c):
    assert working.between(a, b) + working.between(b, c) == working.between(a, c)


@given(calendars(), INSTANTS, AMOUNTS, AMOUNTS)
@settings(max_examples=80, deadline=None)
def test_a_longer_target_is_never_due_earlier(working, start, one, other):
    assert (working.add(start, one) <= working.add(start, other)) == (one <= other)


@given(calendars(), INSTANTS, st.timedeltas(timedelta(), timedelta(days=30)))
@settings(max_examples=80, deadline=None)
def test_working_time_is_the_sum_of_the_intervals_between(working, start, span):
    intervals = list(working.intervals(start, start + span))
    assert sum((end - begin for begin, end in intervals), timedelta()) == working.between(start, start + span)
    assert all(first.end < second.start for first, second in pairwise(intervals))


@given(calendars(), INSTANTS)
@settings(max_examples=150, deadline=None)
def test_open_is_what_the_clock_on_the_wall_says(working, instant):
    instant = instant.replace(second=0, microsecond=0)
    wall = working.local(instant)
    if (instant - timedelta(hours=3)).astimezone(working.zone).utcoffset() != (
        instant + timedelta(hours=3)
    ).astimezone(working.zone).utcoffset():
        return  # beside a change of the clocks the rule of the first occurrence speaks, tested by hand
    second = wall.hour * 3600 + wall.minute * 60
    assert working.is_open(instant) == any(
        start <= second < end for start, end in working.spec.ranges_on(wall.date())
    )
