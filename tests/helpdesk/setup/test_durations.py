"""Durations as people type them."""

from datetime import timedelta

import pytest

from helpdesk.setup import durations


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30 min", 30), ("4h", 240), ("1 h 30 min", 90), ("2 d", 2880), ("90m", 90), ("16 H", 960)],
)
def test_times_are_read_as_people_write_them(text, minutes):
    assert durations.parse(text) == timedelta(minutes=minutes)
    assert durations.parse(durations.write(timedelta(minutes=minutes))) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "soon", "-4 h", "4", "4 h x", "9999999999 h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        durations.parse(text)
