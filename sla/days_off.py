"""Where days off come from: public holidays by country and region, and iCal files. Pure.

Names and dates are copied into a calendar's version, so that a version never changes, whatever the source
says later. Public holidays are those of the `holidays` package; iCal is RFC 5545, read by `icalendar`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import holidays
from dateutil.rrule import rrulestr
from django.utils.translation import gettext as _
from holidays.registry import COUNTRIES
from icalendar import Calendar as ICalendar

from sla.calendar_spec import CalendarError

LARGEST_FILE = 1_000_000
MOST_EVENTS = 5_000
LONGEST_EVENT = timedelta(days=60)
"""A longer stretch in a file is taken for something else than days off."""
_SMALL_WORDS = {"and", "of", "the"}


@lru_cache(maxsize=1)
def countries() -> tuple[tuple[str, str], ...]:
    """The countries whose public holidays are known: (ISO 3166 code, English name), by name."""
    known = holidays.list_supported_countries(include_aliases=False)
    names = {classes[1]: _spelled(module) for module, classes in COUNTRIES.items() if classes[1] in known}
    return tuple(sorted(names.items(), key=lambda pair: pair[1]))


def _spelled(module: str) -> str:
    return " ".join(word if word in _SMALL_WORDS else word.capitalize() for word in module.split("_"))


@lru_cache(maxsize=300)
def regions(country: str) -> tuple[tuple[str, str], ...]:
    """The regions of a country whose holidays differ: (code, name), by name. Raises `CalendarError`."""
    found = _holidays_of(country, "", ())
    names = {code: name for name, code in getattr(found, "subdivisions_aliases", {}).items()}
    return tuple(sorted(((code, names.get(code, code)) for code in found.subdivisions), key=lambda p: p[1]))


def public_holidays(country: str, region: str, years: Iterable[int], language: str = "en") -> dict[date, str]:
    """The public holidays of some years, named in `language` where the source can, else in English, else as
    the country does. Raises `CalendarError` for a country or region that is unknown."""
    found = _holidays_of(country, region, tuple(years), language)
    return {day: str(name)[:100] for day, name in sorted(found.items())}


def _holidays_of(country: str, region: str, years: tuple[int, ...], language: str = "en") -> Any:
    words = {"country": country[:20], "region": region[:20]}
    unknown = CalendarError(_("No holidays are known for “%(country)s %(region)s”.") % words)
    if country not in dict(countries()):
        raise unknown
    entity = getattr(holidays, country)
    spoken = entity.supported_languages
    wanted = [each for each in spoken if each.split("_")[0] == language.split("-")[0]]
    wanted += [each for each in spoken if each.startswith("en")]
    # Named, since the package would else take the language of this machine.
    named = wanted[0] if wanted else entity.default_language
    try:
        return holidays.country_holidays(country, subdiv=region or None, years=years, language=named)
    except NotImplementedError as error:
        raise unknown from error


# --- iCal ---------------------------------------------------------------------------------------------


@dataclass
class FoundDays:
    """What a file holds: whole days by date, and how many events were left out because they have hours."""

    days: dict[date, str] = field(default_factory=dict)
    with_hours: int = 0


def read_ical(raw: bytes, first: date, last: date) -> FoundDays:
    """The all-day events of an iCal file between two dates, repeated ones unfolded, without cancelled ones.

    Raises `CalendarError` with a sentence for a file that is too large, is no iCal file, or holds too much.
    """
    if len(raw) > LARGEST_FILE:
        raise CalendarError(_("This file is larger than 1 MB. Export only the calendar with the days off."))
    found = FoundDays()
    for event in _events(raw):
        try:
            start, status = event["DTSTART"].dt, str(event.get("STATUS", "")).upper()
            if isinstance(start, datetime):
                found.with_hours += 1
            elif status != "CANCELLED":
                for day in _days_of(event, start, first, last):
                    found.days.setdefault(day, _line(event))
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            name = str(event.get("SUMMARY", _("without a name")))[:60]
            words = _("The event “%(name)s” in this file cannot be read. Export the file again.")
            raise CalendarError(words % {"name": name}) from error
    found.days = dict(sorted(found.days.items()))
    return found


def _line(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).replace("\x00", "").split())[:100]


def _events(raw: bytes) -> list[Any]:
    try:
        calendars = ICalendar.from_ical(raw, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise CalendarError(_("This is not an iCal file (.ics). Export it again and upload that.")) from error
    if not calendars:
        raise CalendarError(_("This is not an iCal file (.ics). Export it again and upload that."))
    if len(events) > MOST_EVENTS:
        raise CalendarError(_("This file holds more than 5,000 events. Export only the days off."))
    return events


def _days_of(event: Any, start: date, first: date, last: date) -> Iterator[date]:
    """The dates that one all-day event covers, DTEND not included (RFC 5545, 3.6.1)."""
    length = timedelta(days=1)
    if "DTEND" in event:
        length = event["DTEND"].dt - start
    elif "DURATION" in event:
        length = event["DURATION"].dt
    if not timedelta(0) < length <= LONGEST_EVENT:
        length = timedelta(days=1) if length <= timedelta(0) else LONGEST_EVENT
    for begin in _beginnings(event, start, first - length, last):
        for offset in range(max(1, length.days)):
            day = begin + timedelta(days=offset)
            if first <= day <= last:
                yield day


def _beginnings(event: Any, start: date, first: date, last: date) -> Iterator[date]:
    if "RRULE" not in event:
        yield start
        return
    rule = event["RRULE"]
    if str(rule.get("FREQ", [""])[0]).upper() not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}:
        raise ValueError("repeats within a day")
    text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.startswith("UNTIL="))
    until = rule.get("UNTIL", [None])[0]
    until = until.date() if isinstance(until, datetime) else until
    left_out = {each.dt for dates in _listed(event.get("EXDATE")) for each in dates.dts}
    repeated = rrulestr(text, dtstart=datetime(start.year, start.month, start.day))  # noqa: DTZ001 - dates
    end = min(last, until) if until else last
    for moment in repeated.between(_midnight(first), _midnight(end), inc=True):
        if moment.date() not in left_out:
            yield moment.date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a date, without any zone


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
