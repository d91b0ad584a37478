"""Marks of a chart stand where their values are."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from feedback.scores import kaplan_meier
from helpdesk.reports import geometry, periods

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.lists(st.floats(0, 1e8), max_size=40), st.booleans())
def test_every_time_stands_on_its_scale(values, is_working):
    axis = geometry.time_axis(values, is_working)
    assert axis.low < axis.high
    assert all(0 <= axis.place(value) <= 100 for value in values)
    assert [tick.place for tick in axis.ticks] == sorted(tick.place for tick in axis.ticks)


def test_the_scale_is_logarithmic():
    axis = geometry.TimeAxis(60, 6000, True)
    assert [axis.place(value) for value in (1, 60, 600, 6000, 9e9)] == [0, 0, 50, 100, 100]


def test_a_curve_is_drawn_in_steps():
    axis = geometry.TimeAxis(60, 6000, True)
    curve = kaplan_meier([(600, True), (6000, False)])
    assert geometry.step_path(curve, axis) == "M0 1000H500V500H1000"


@given(st.lists(st.floats(0, 100), max_size=5))
def test_labels_are_moved_apart(places):
    moved = sorted(geometry.spread(places, 7))
    assert all(after - before >= 6.999 for before, after in pairwise(moved))
    assert not moved or moved[-1] <= 100.001


def test_a_period_ends_with_its_last_day_on_the_wall():
    period = periods.between("2026-10-25", "2026-10-25", BERLIN)
    assert period.since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert period.until == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert not period.covers(period.until)


def test_weeks_run_from_monday_to_sunday():
    spans = periods.weeks(date(2026, 11, 18), BERLIN)
    assert [span.first for span in spans][-2:] == [date(2026, 11, 9), date(2026, 11, 16)]
    assert len(spans) == 8
    assert all(before.until == after.since for before, after in pairwise(spans))
