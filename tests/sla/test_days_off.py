"""Days off from outside: public holidays by country and region, and iCal files."""

from datetime import date

import pytest

from sla import actions, tasks
from sla.calendar import compile_calendar
from sla.calendar_edits import with_day, with_days_off, without_day
from sla.calendar_spec import CalendarError, parse_calendar
from sla.days_off import LARGEST_FILE, countries, public_holidays, read_ical, regions

OFFICE = {"timezone": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}}
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)


def ical(*events: str) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}@x\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x\r\n{body}END:VCALENDAR\r\n".encode()


def read(*events: str) -> dict[str, str]:
    return {day.isoformat(): name for day, name in read_ical(ical(*events), FIRST, LAST).days.items()}


def lines(*parts: str) -> str:
    return "\r\n".join(parts)


# --- public holidays ------------------------------------------------------------------------------------


def test_public_holidays_differ_by_region_and_are_named_in_the_readers_language():
    berlin = public_holidays("DE", "BE", [2026])
    assert berlin[date(2026, 3, 8)] == "Women's Day"
    assert date(2026, 3, 8) not in public_holidays("DE", "BY", [2026])
    assert public_holidays("DE", "BE", [2026], "de")[date(2026, 12, 25)] == "Erster Weihnachtstag"


def test_countries_and_regions_have_names():
    names = dict(countries())
    assert (names["DE"], names["US"], names["BA"]) == ("Germany", "United States", "Bosnia and Herzegovina")
    assert len(names) > 200
    assert dict(regions("DE"))["BE"] == "Berlin"
    assert regions("EE") == ()


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("DE", "XX"), ("", ""), ("__class__", "")])
def test_an_unknown_country_or_region_is_refused_in_a_sentence(country, region):
    with pytest.raises(CalendarError, match="No holidays are known"):
        public_holidays(country, region, [2026])


# --- iCal -------------------------------------------------------------------------------------------------


def test_all_day_events_are_days_off_and_their_end_is_not_included():
    found = read(
        lines("DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261227", "SUMMARY:Christmas"),
        lines("DTSTART;VALUE=DATE:20261231", "SUMMARY:New Year's   Eve"),
        lines("DTSTART;VALUE=DATE:20260601", "DURATION:P2D", "SUMMARY:Move"),
    )
    assert found == {
        "2026-06-01": "Move",
        "2026-06-02": "Move",
        "2026-12-25": "Christmas",
        "2026-12-26": "Christmas",
        "2026-12-31": "New Year's Eve",
    }


def test_repeated_events_are_unfolded_over_the_two_years_only():
    yearly = lines("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY", "SUMMARY:May Day")
    assert list(read(yearly)) == ["2026-05-01", "2027-05-01"]
    ended = lines("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY;UNTIL=20261231", "SUMMARY:May Day")
    assert list(read(ended)) == ["2026-05-01"]
    without = lines(
        "DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20260501", "SUMMARY:x"
    )
    assert list(read(without)) == ["2027-05-01"]
    daily = lines("DTSTART;VALUE=DATE:19000101", "RRULE:FREQ=DAILY", "SUMMARY:Every day")
    assert len(read(daily)) == 730


def test_events_with_hours_and_cancelled_ones_are_left_out_and_the_former_counted():
    found = read_ical(
        ical(
            lines("DTSTART:20261225T100000Z", "DTEND:20261225T110000Z", "SUMMARY:Call"),
            lines("DTSTART;VALUE=DATE:20261224", "STATUS:CANCELLED", "SUMMARY:Off"),
        ),
        FIRST,
        LAST,
    )
    assert (found.days, found.with_hours) == ({}, 1)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not an iCal file"),
        (b"hello", "not an iCal file"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not an iCal file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "not an iCal file"),
        (ical("SUMMARY:No date"), "“No date” in this file cannot be read"),
        (ical(lines("DTSTART;VALUE=DATE:20269999", "SUMMARY:Odd")), "cannot be read|not an iCal file"),
        (
            ical(lines("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=SECONDLY", "SUMMARY:Bomb")),
            "“Bomb” in this file cannot be read",
        ),
        (b"x" * (LARGEST_FILE + 1), "larger than 1 MB"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(raw, said):
    with pytest.raises(CalendarError, match=said):
        read_ical(raw, FIRST, LAST)


def test_an_endless_stretch_is_cut():
    long = lines("DTSTART;VALUE=DATE:20260101", "DTEND;VALUE=DATE:99990101", "SUMMARY:For ever")
    assert len(read(long)) == 60


# --- in a calendar ----------------------------------------------------------------------------------------


def test_a_day_is_closed_opened_at_other_hours_and_made_usual_again():
    day = date(2026, 11, 23)
    closed = with_day(OFFICE, day, "Move", None)
    assert closed["holidays"] == {"2026-11-23": "Move"}
    half = with_day(closed, day, "Half day", [["09:00", "12:00"]])
    assert "holidays" not in half
    spec = parse_calendar(half)
    assert spec.ranges_on(day) == ((9 * 3600, 12 * 3600),)
    assert spec.names == {day: "Half day"}
    assert without_day(half, day) == OFFICE
    compile_calendar(half)


def test_what_stands_on_a_date_is_kept_when_days_off_come_in():
    half = with_day(OFFICE, date(2026, 12, 24), "Half day", [["09:00", "12:00"]])
    named = with_day(half, date(2026, 12, 25), "Ours", None)
    days = {date(2026, 12, n): f"Theirs {n}" for n in (24, 25, 26)}
    found = with_days_off(named, days, {"country": "DE", "region": "BE", "until": 2026})
    assert found["holidays"] == {"2026-12-25": "Ours", "2026-12-26": "Theirs 26"}
    assert found["date_hours"] == half["date_hours"]
    again = with_days_off(found, {}, {"country": "DE", "region": "BE", "until": 2027})
    assert again["sources"] == [{"country": "DE", "region": "BE", "until": 2027}]


@pytest.mark.parametrize(
    "sources", [{}, [{"country": "DE"}], [{"country": "DE", "region": "", "until": "2027"}], ["DE"]]
)
def test_a_source_that_cannot_be_meant_is_refused(sources):
    with pytest.raises(CalendarError, match="ource"):
        parse_calendar(OFFICE | {"sources": sources or 7})


def test_next_years_holidays_are_copied_once_and_what_was_taken_out_stays_out(cast):
    source = {"country": "DE", "region": "BE", "until": 2026}
    spec = with_days_off(OFFICE, public_holidays("DE", "BE", [2026]), source)
    spec = without_day(spec, date(2026, 3, 8))
    calendar = actions.create_calendar("Berlin", spec, by=cast.sue)
    assert actions.renew_holidays(calendar, year=2026)
    latest = calendar.latest
    assert latest.number == 2
    assert latest.created_by is None
    assert latest.spec["holidays"]["2027-03-08"] == "Women's Day"
    assert "2026-03-08" not in latest.spec["holidays"]
    assert latest.spec["sources"] == [source | {"until": 2027}]
    assert not actions.renew_holidays(calendar, year=2026)
    assert calendar.latest.number == 2


def test_a_source_that_is_no_more_stops_no_other_calendar(cast):
    for country in ("ZZ", "DE"):
        spec = OFFICE | {"sources": [{"country": country, "region": "", "until": 2020}]}
        actions.create_calendar(country, spec, by=cast.sue)
    assert tasks.renew_holidays() == 1
