"""Working hours and targets."""

from datetime import timedelta

import pytest
from django.urls import reverse

from helpdesk.setup import durations
from sla.actions import install_defaults
from sla.models import Calendar, Policy

WEEK = {"mon": "09:00-12:30, 13:30–17:00", "tue": "9:00 – 17:00", "sat": ""}


@pytest.fixture
def defaults(db):
    return install_defaults()


def test_an_empty_installation_gets_office_hours_with_one_button(root):
    Policy.objects.all().delete()
    Calendar.objects.all().delete()
    html = root.get(reverse("setup:hours")).content.decode()
    assert "No promises yet" in html
    assert root.send(reverse("setup:hours_defaults"), page=reverse("setup:hours")).status_code == 303
    assert Calendar.objects.filter(is_default=True).count() == Policy.objects.count() == 1


def test_hours_and_holidays_are_changed_and_a_version_is_added(root, defaults):
    calendar, _policy = defaults
    path = reverse("setup:hours_calendar", args=[calendar.pk])
    fields = {
        "name": "Berlin",
        "timezone": "Europe/Berlin",
        "holidays": "2026-12-25 Christmas Day\n\n2027-01-01",
    } | WEEK
    assert root.send(path, fields).status_code == 303
    calendar.refresh_from_db()
    latest = calendar.latest
    assert (calendar.name, latest.number) == ("Berlin", 2)
    assert latest.spec["hours"] == {
        "mon": [["09:00", "12:30"], ["13:30", "17:00"]],
        "tue": [["09:00", "17:00"]],
    }
    assert latest.spec["holidays"] == {"2026-12-25": "Christmas Day", "2027-01-01": ""}
    html = root.get(path).content.decode()
    assert "09:00–12:30, 13:30–17:00" in html
    assert "2026-12-25 Christmas Day" in html


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("mon", "nine to five", "Write hours such as"),
        ("mon", "09:00-25:00", "not a time of day"),
        ("mon", "09:00-12:00, 11:00-13:00", "overlap"),
        ("holidays", "Christmas", "does not begin with a date"),
        ("holidays", "2026-02-30 No day", "does not begin with a date"),
        ("timezone", "Mars/Olympus", "Select a valid choice"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_in_words(root, defaults, field, value, words):
    calendar, _policy = defaults
    fields = {"name": "Berlin", "timezone": "Europe/Berlin"} | WEEK | {field: value}
    answer = root.send(reverse("setup:hours_calendar", args=[calendar.pk]), fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert calendar.latest.number == 1


def test_a_week_without_hours_is_refused(root, defaults):
    calendar, _policy = defaults
    fields = {"name": "Berlin", "timezone": "Europe/Berlin"}
    answer = root.send(reverse("setup:hours_calendar", args=[calendar.pk]), fields)
    assert answer.status_code == 422
    assert "never open" in answer.content.decode()


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
