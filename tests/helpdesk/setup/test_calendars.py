"""Calendars: the month, the week's form, exceptions, public holidays and files."""

import re
from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from helpdesk.setup import month
from helpdesk.setup.calendar_forms import read_ranges
from sla import actions
from sla.calendar import compile_calendar
from sla.models import Calendar, Policy
from tests.helpdesk.setup.conftest import Browser
from tickets.models import Event, Job

WEEK = {"mon": "09:00-12:30, 13:30–17:00", "tue": "9 – 17", "sat": ""}
YEAR = timezone.now().year
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
BERLIN = {
    "timezone": "Europe/Berlin",
    "hours": OFFICE,
    "holidays": {"2026-12-25": "Christmas Day", "2026-12-26": "Second day of Christmas"},
    "date_hours": {"2026-12-24": [["09:00", "13:00"]]},
    "names": {"2026-12-24": "Half day"},
}


@pytest.fixture
def calendar(cast):
    calendar, _policy = actions.install_defaults(zone="Europe/Berlin")
    return calendar


@pytest.fixture
def path(calendar):
    def _path(name="hours_calendar"):
        return reverse(f"setup:{name}", args=[calendar.pk])

    return _path


def words(answer):
    text = answer if isinstance(answer, str) else answer.content.decode()
    return " ".join(strip_tags(text).replace("\xa0", " ").split())


def fields(**more):
    return {"name": "Berlin", "timezone": "Europe/Berlin", "do": "save"} | WEEK | more


# --- the month ------------------------------------------------------------------------------------------


def test_a_month_shows_hours_exceptions_and_sums():
    drawn = month.month_of(compile_calendar(BERLIN), date(2026, 12, 1))
    days = {day.date.day: day for week in drawn.weeks for day in week if day.kind != "other"}
    assert [days[n].kind for n in (23, 24, 25, 27)] == ["usual", "special", "holiday", "closed"]
    assert (days[24].hours, days[24].name, days[24].bar) == ("09:00–13:00", "Half day", ((0.0, 50.0),))
    assert (days[25].name, days[25].bar) == ("Christmas Day", ())
    assert drawn.sums.replace("\xa0", " ") == "22 working days, 172 h"
    assert (drawn.before, drawn.after) == (date(2026, 11, 1), date(2027, 1, 1))


def test_nights_are_drawn_on_the_day_on_which_they_begin():
    hours = {"mon": [["22:00", "06:00"]], "tue": [["22:00", "24:00"]]}
    nights = compile_calendar({"timezone": "UTC", "hours": hours})
    drawn = month.month_of(nights, date(2026, 11, 1))
    monday, tuesday = drawn.weeks[1][0], drawn.weeks[1][1]
    assert (monday.hours, monday.bar) == ("22:00–06:00", ((0.0, 100.0),))
    assert (tuesday.hours, tuesday.bar) == ("22:00–24:00", ((0.0, 25.0),))


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (OFFICE, "Next clock change: Sun 28 Mar 2027, outside hours."),
        ({"sun": [["00:00", "24:00"]]}, "Next clock change: Sun 28 Mar 2027, within hours."),
    ],
)
def test_the_next_change_of_the_clocks_is_told(hours, said):
    compiled = compile_calendar({"timezone": "Europe/Berlin", "hours": hours})
    assert month.clock_change(compiled, datetime(2026, 11, 20, tzinfo=UTC)) == said
    utc = compile_calendar({"timezone": "UTC", "hours": hours})
    assert month.clock_change(utc, datetime(2026, 11, 20, tzinfo=UTC)) == ""


def test_the_page_turns_to_other_months_and_tries_a_time(root, path, calendar, cast):
    actions.edit_calendar(calendar, by=cast.sue, spec=BERLIN)
    said = words(root.get(path(), month="2026-12"))
    assert "December 2026" in said
    assert "22 working days, 172 h" in said
    assert "Second day of Christmas" in said
    assert "Used by Standard support" in said
    assert "Sue Park" in said
    said = words(root.get(path(), amount="8 h", **{"from": "2026-12-23T15:00"}))
    assert "is due Mon 28 Dec 2026, 11:00 2 h on 23 Dec, 4 h on 24 Dec, 2 h on 28 Dec" in said
    for query in ({"month": "nonsense"}, {"month": "0001-01"}, {"month": "9999-12"}):
        assert root.get(path(), **query).status_code == 200
    for amount, start, fault in (
        ("soon", "2026-12-23T15:00", "Write a time such as"),
        ("8 h", "yesterday", "Enter date and time"),
        ("8 h", "0001-01-01T00:00", "between 2000 and 2099"),
        ("9000 h", "2026-12-23T15:00", "more than a year"),
        ("900000 h", "2026-12-23T15:00", "does not hold so much"),
    ):
        assert fault in words(root.get(path(), amount=amount, **{"from": start}))


def test_an_older_version_is_shown_and_cannot_be_edited(root, path, calendar, cast):
    actions.edit_calendar(calendar, by=cast.sue, spec=BERLIN)
    html = root.get(path(), version=1, month="2026-12").content.decode()
    assert "Version 1." in html
    assert "Christmas" not in html
    assert path("hours_calendar_edit") not in html
    assert root.get(path(), version=99).status_code == 404
    assert root.get(path(), version="x").status_code == 404


def test_the_month_costs_the_same_whatever_is_in_it(
    root, path, calendar, cast, django_assert_max_num_queries
):
    for number in range(6):
        actions.edit_calendar(calendar, by=cast.sue, spec=BERLIN | {"breaks": {f"2026-11-0{number + 1}": []}})
    root.get(path())
    with django_assert_max_num_queries(7):
        root.get(path())


# --- the week -------------------------------------------------------------------------------------------


def test_an_empty_installation_gets_office_hours_with_one_button(root):
    Policy.objects.all().delete()
    Calendar.objects.all().delete()
    html = root.get(reverse("setup:hours")).content.decode()
    assert "No promises yet" in html
    assert root.send(reverse("setup:hours_defaults"), page=reverse("setup:hours")).status_code == 303
    assert Calendar.objects.filter(is_default=True).count() == Policy.objects.count() == 1


def test_new_hours_make_a_version_and_keep_the_single_dates(root, path, calendar, cast):
    actions.edit_calendar(calendar, by=cast.sue, spec=BERLIN)
    answer = root.send(path("hours_calendar_edit"), fields())
    assert answer["Location"] == path()
    latest = calendar.latest
    assert (latest.number, latest.created_by) == (3, cast.root)
    assert latest.spec == BERLIN | {
        "hours": {"mon": [["09:00", "12:30"], ["13:30", "17:00"]], "tue": [["09:00", "17:00"]]}
    }
    assert "09:00–12:30, 13:30–17:00" in root.get(path("hours_calendar_edit")).content.decode()


def test_a_calendar_is_added_with_nights_and_whole_days(root):
    sent = fields(name="Nights", mon="22:00–06:00", tue="22–24", sat="00:00-24:00")
    assert root.send(reverse("setup:hours_calendar_new"), sent).status_code == 303
    row = Calendar.objects.get(name="Nights")
    assert row.latest.spec["hours"] == {
        "mon": [["22:00", "06:00"]],
        "tue": [["22:00", "24:00"]],
        "sat": [["00:00", "24:00"]],
    }


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mon", "nine to five", "Write hours such as"),
        ("mon", "09:00-25:00", "“25:00” is not a time of day."),
        ("mon", "09:00-12:00, 11:00-13:00", "“09:00–12:00” and “11:00–13:00” overlap."),
        ("mon", "09:00-09:00", "“09:00–09:00” has no length."),
        ("mon", "17:00-09:00", "“17:00–09:00” ends before it starts."),
        ("mon", "24:00-06:00", "A range cannot start at 24:00."),
        ("tue", "22:00-06:00", "Enter a name."),
        ("timezone", "Mars/Olympus", "“Mars/Olympus” is not a time zone."),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_at_their_field(root, path, calendar, field, value, said):
    more = {"name": ""} if said == "Enter a name." else {}
    answer = root.send(path("hours_calendar_edit"), fields(**({field: value} | more)))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert html.count(said) == 2
    assert f'href="#id_{"name" if more else field}"' in html
    assert calendar.latest.number == 1


def test_a_night_that_runs_into_the_next_days_hours_is_told_there(root, path):
    answer = root.send(path("hours_calendar_edit"), fields(mon="22:00–06:00", tue="05:00–12:00"))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "The hours of Monday run until 06:00, so these hours overlap with them." in html
    assert 'href="#id_tue"' in html
    around = fields(mon="05:00–12:00", tue="", sun="22:00–06:00")
    assert 'href="#id_mon"' in root.send(path("hours_calendar_edit"), around).content.decode()


def test_a_week_without_hours_is_refused(root, path, calendar):
    answer = root.send(path("hours_calendar_edit"), {"name": "Berlin", "timezone": "Europe/Berlin"})
    assert answer.status_code == 422
    assert "never open" in answer.content.decode()
    assert calendar.latest.number == 1


@pytest.mark.parametrize(
    "text", ["09:00–12:30, 13:30–17:00", "13:30-17:00;9-12:30", " 09:00 — 12:30 , 13:30 - 17 "]
)
def test_hours_are_read_as_people_write_them(text):
    assert read_ranges(text) == [["09:00", "12:30"], ["13:30", "17:00"]]


# --- what it does to open tickets ---------------------------------------------------------------------------


def test_open_tickets_get_new_hours_only_after_a_dry_run(root, path, calendar, open_ticket):
    open_ticket()
    sent = fields(apply="open", mon="00:00–24:00", tue="00:00–24:00", wed="00:00–24:00")
    sent |= dict.fromkeys(("thu", "fri", "sat", "sun"), "00:00–24:00")
    answer = root.send(path("hours_calendar_edit"), sent)
    assert answer.status_code == 200
    assert "due times change" in words(answer)
    assert "of 1 open ticket, checked at" in words(answer)
    assert calendar.latest.number == 1
    checked = re.search(r'name="checked" value="(\w{64})"', answer.content.decode())[1]
    answer = root.send(path("hours_calendar_edit"), sent | {"checked": checked})
    job = Job.objects.get(kind="sla.recompute")
    assert answer["Location"] == reverse("setup:jobs_one", args=[job.pk])
    assert job.arguments == {"calendar": calendar.pk}
    assert calendar.latest.number == 2


# --- single dates -----------------------------------------------------------------------------------------


def test_days_are_closed_given_other_hours_and_made_usual_again(root, path, calendar):
    day = path("hours_calendar_day")
    sent = {"first": "2026-12-30", "last": "2027-01-02", "name": "Between the years", "do": "save"}
    assert root.send(day, sent).status_code == 303
    names = calendar.latest.spec["holidays"]
    assert list(names) == ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"]
    html = root.get(day, date="2026-12-31").content.decode()
    assert 'value="2026-12-31"' in html
    assert 'value="Between the years"' in html
    half = {"first": "2026-12-31", "name": "Half day", "hours": "9-13", "do": "save"}
    assert root.send(f"{day}?date=2026-12-31", half).status_code == 303
    spec = calendar.latest.spec
    assert spec["date_hours"] == {"2026-12-31": [["09:00", "13:00"]]}
    assert spec["names"] == {"2026-12-31": "Half day"}
    assert "2026-12-31" not in spec["holidays"]
    assert root.send(f"{day}?date=2026-12-31", half | {"do": "remove"}).status_code == 303
    assert "2026-12-31" not in str(calendar.latest.spec)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Enter a date."),
        ({"first": "2026-02-30", "name": "x"}, "Enter a date, such as 2026-12-24."),
        ({"first": "2026-12-24"}, "Say why it is closed"),
        (
            {"first": "2026-12-24", "last": "2026-12-20", "name": "x"},
            "The last day lies before the first one.",
        ),
        ({"first": "2026-12-24", "last": "2036-12-20", "name": "x"}, "A stretch is a year at most."),
        ({"first": "2026-12-24", "hours": "late"}, "Write hours such as"),
        ({"first": "2026-12-24", "hours": "17-9"}, "“17:00–09:00” ends before it starts."),
    ],
)
def test_an_exception_that_cannot_be_meant_is_told_at_its_field(root, path, calendar, sent, said):
    answer = root.send(path("hours_calendar_day"), sent | {"do": "save"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert calendar.latest.number == 1


# --- days off from outside ----------------------------------------------------------------------------------


def test_public_holidays_are_looked_at_and_copied(root, path, calendar, cast):
    public = path("hours_calendar_public")
    actions.edit_calendar(
        calendar, by=None, spec=calendar.latest.spec | {"holidays": {f"{YEAR}-12-25": "Our Christmas"}}
    )
    html = root.get(public, country="DE", region="BE").content.decode()
    found = re.findall(r'name="day" value="([^"]+)"', html)
    assert f"{YEAR + 1}-12-25 Christmas Day" in found
    assert f"{YEAR}-12-25 Christmas Day" not in found
    assert "1 more is in the calendar already." in html
    assert ">Berlin<" in html
    source = re.search(r'name="source" value="([^"]*)"', html)[1]
    left_out = [each.replace("&#x27;", "'") for each in found if "Women" not in each]
    sent = {"day": left_out, "source": source, "do": "save"}
    assert root.send(public, sent, page=f"{public}?country=DE&region=BE").status_code == 303
    spec = calendar.latest.spec
    assert spec["holidays"][f"{YEAR}-12-25"] == "Our Christmas"
    assert spec["holidays"][f"{YEAR + 1}-01-01"] == "New Year's Day"
    assert f"{YEAR}-03-08" not in spec["holidays"]
    assert spec["sources"] == [{"country": "DE", "region": "BE", "until": YEAR + 1}]


def test_renewing_is_stopped_and_the_days_off_stay(root, path, calendar):
    source = {"country": "DE", "region": "BE", "until": YEAR + 1}
    actions.edit_calendar(calendar, by=None, spec=BERLIN | {"sources": [source]})
    assert f"Public holidays of Germany, Berlin, until {YEAR + 1}, renewed each year." in words(
        root.get(path())
    )
    for key in ("XX/", "DE/BE"):
        answer = root.send(path("hours_calendar_source_remove"), {"go": key}, page=path())
        assert answer.status_code == 303
    assert calendar.latest.spec == BERLIN


@pytest.mark.parametrize(
    "query", ["country=XX", "country=DE&region=XX", "country=&region=", "country=__class__"]
)
def test_an_unknown_country_shows_no_days_and_no_fault(root, path, query):
    answer = root.get(f"{path('hours_calendar_public')}?{query}")
    assert answer.status_code == 200
    assert 'name="day"' not in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose at least one day."),
        ({"day": ["Christmas"]}, "“Christmas” is not a day."),
        ({"day": ["2026-12-25 Christmas"], "source": "XX/"}, "No holidays are known for “XX ”."),
    ],
)
def test_days_that_cannot_be_meant_are_refused(root, path, calendar, sent, said):
    page = f"{path('hours_calendar_public')}?country=DE"
    answer = root.send(path("hours_calendar_public"), sent | {"do": "save"}, page=page)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert calendar.latest.number == 1


def ical(*lines):
    body = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", ""))
    return SimpleUploadedFile("off.ics", body.encode(), "text/calendar")


def event(*lines):
    return ("BEGIN:VEVENT", "UID:1@x", *lines, "END:VEVENT")


def test_a_file_is_read_shown_and_only_then_taken(root, path, calendar):
    page = path("hours_calendar_ical")
    party = event(f"DTSTART;VALUE=DATE:{YEAR}1231", "SUMMARY:Works outing <b>")
    call = event(f"DTSTART:{YEAR}1224T100000Z", "SUMMARY:Call")
    answer = root.send(page, {"file": ical(*party, *call), "do": "read"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "1 event with hours of the day was left out" in html
    (found,) = re.findall(r'name="day" value="([^"]+)"', html)
    assert found == f"{YEAR}-12-31 Works outing &lt;b&gt;"
    assert calendar.latest.number == 1
    assert root.send(page, {"day": [f"{YEAR}-12-31 Works outing"], "do": "save"}).status_code == 303
    assert calendar.latest.spec["holidays"] == {f"{YEAR}-12-31": "Works outing"}
    assert "sources" not in calendar.latest.spec


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "Choose a file."),
        (SimpleUploadedFile("x.ics", b""), "This file is empty."),
        (SimpleUploadedFile("x.ics", b"\x89PNG" * 9), "This is not an iCal file (.ics)."),
        (SimpleUploadedFile("x.ics", b"x" * 1_000_001), "This file is larger than 1 MB."),
        (ical(), "This file has no day off in"),
        (ical(*event("DTSTART:20261224T100000Z", "SUMMARY:Call")), "No whole day off: all 1 events"),
        (ical(*event("SUMMARY:No date")), "The event “No date” in this file cannot be read."),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_a_sentence_at_its_field(root, path, calendar, file, said):
    if file is not None:
        file.seek(0)
    answer = root.send(path("hours_calendar_ical"), {"do": "read"} | ({"file": file} if file else {}))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert html.count(said) == 2
    assert calendar.latest.number == 1


def test_supervisors_change_calendars_and_the_change_bears_their_name(cast, path, calendar):
    browser = Browser(cast.sue)
    assert browser.send(path("hours_calendar_edit"), fields()).status_code == 303
    assert Event.objects.filter(kind="calendar.changed").latest("pk").actor == cast.sue
