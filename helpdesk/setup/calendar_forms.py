"""Calendars as supervisors type them: the week, single dates, and days off from outside."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django import forms
from django.utils.dateformat import format as date_format
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup.calendar_words import clock
from helpdesk.setup.dry_run import ReachMixin
from helpdesk.setup.forms import SetupForm
from sla.calendar_edits import between
from sla.calendar_spec import DAY, WEEKDAYS
from sla.days_off import LARGEST_FILE, countries, regions
from sla.models import Calendar

_RANGE = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::(\d{2}))?(?![\d:])", re.ASCII)
LONGEST_STRETCH = 366
_WEEK = 7 * DAY
YEARS = range(2000, 2100)


class CalendarForm(ReachMixin, SetupForm):
    """A calendar's name, zone and week. What holds on single dates is kept as it is."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=[],
        error_messages={
            "invalid_choice": gettext_lazy("“%(value)s” is not a time zone. Choose one, such as Berlin.")
        },
    )
    is_default = forms.BooleanField(
        label=gettext_lazy("Default: counts where no policy says otherwise"), required=False
    )
    blamed = "name"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
        self.fields["timezone"].choices = [(name, name.replace("_", " ")) for name in zones]  # type: ignore[attr-defined]
        for index, key in enumerate(WEEKDAYS):
            self.fields[key] = forms.CharField(label=WEEKDAY_NAMES[index], required=False, max_length=200)

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[key] for key in WEEKDAYS]

    @staticmethod
    def of(calendar: Calendar) -> dict[str, Any]:
        spec = calendar.latest.spec
        hours = spec.get("hours") or {}
        found = {
            "name": calendar.name,
            "timezone": spec["timezone"],
            "is_default": calendar.is_default,
        }
        return found | {key: ", ".join("–".join(pair) for pair in hours.get(key) or []) for key in WEEKDAYS}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["hours"] = {}
        for key in WEEKDAYS:
            try:
                if ranges := read_ranges(data.get(key) or ""):
                    data["hours"][key] = ranges
            except ValueError as error:
                self.add_error(key, str(error))
        if not self.errors:
            self._refuse_overlap(data["hours"])
        return data

    def _refuse_overlap(self, hours: dict[str, list[list[str]]]) -> None:
        """Tell ranges that meet at the field of the later one, also where a night runs into the next day."""
        laid_out = sorted(
            (start + index * DAY, end + index * DAY, key)
            for index, key in enumerate(WEEKDAYS)
            for start, end in (_seconds(pair) for pair in hours.get(key, []))
        )
        if laid_out:
            first = laid_out[0]
            laid_out.append((first[0] + _WEEK, first[1] + _WEEK, first[2]))
        for (_start, end, key), (start, _end, later) in pairwise(laid_out):
            if start < end:
                words = {"day": WEEKDAY_NAMES[WEEKDAYS.index(key)], "time": clock(end)}
                told = _("The hours of %(day)s run until %(time)s, so these hours overlap with them.") % words
                self.add_error(later, told)

    def spec(self, old: dict[str, Any]) -> dict[str, Any]:
        """The calendar's JSON form, on top of what the old one says of single dates."""
        data = self.cleaned_data
        return {**old, "timezone": data["timezone"], "hours": data["hours"]}


class DayForm(ReachMixin, SetupForm):
    """An exception: one date or several in a row, closed or with other hours."""

    first = forms.DateField(
        label=gettext_lazy("Date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("Enter a date."),
            "invalid": gettext_lazy("Enter a date, such as 2026-12-24."),
        },
    )
    last = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Only for several days in a row."),
        error_messages={"invalid": gettext_lazy("Enter a date, such as 2026-12-31.")},
    )
    name = forms.CharField(label=gettext_lazy("What it is"), max_length=100, required=False)
    hours = forms.CharField(
        label=gettext_lazy("Hours on that day"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Such as “09:00–13:00”. Empty: closed all day."),
    )
    blamed = "hours"

    def clean_hours(self) -> list[list[str]] | None:
        try:
            return read_ranges(self.cleaned_data["hours"]) or None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last") or data.get("first")
        if first and last:
            if {first.year, last.year} - set(YEARS):
                self.add_error("first", _("Enter a date between 2000 and 2099."))
            elif last < first:
                self.add_error("last", _("The last day lies before the first one."))
            elif last - first >= timedelta(days=LONGEST_STRETCH):
                self.add_error("last", _("A stretch is a year at most."))
            data["dates"] = list(between(first, last)) if not self.errors else []
        if not data.get("hours") and not (data.get("name") or "").strip() and "hours" not in self.errors:
            self.add_error("name", _("Say why it is closed, such as “Christmas Day”."))
        return data


class DaysField(forms.MultipleChoiceField):
    """Chosen days off, each as "2026-12-25 Christmas Day"."""

    def validate(self, value: list[str]) -> None:
        try:
            for each in value:
                if date.fromisoformat(each[:10]).year not in YEARS:
                    raise ValueError
        except ValueError as error:
            raise forms.ValidationError(_("“%(day)s” is not a day.") % {"day": each[:40]}) from error
        if not value:
            raise forms.ValidationError(_("Choose at least one day."))


class DaysForm(ReachMixin, SetupForm):
    """The second step of days off from outside: which of them to take."""

    day = DaysField(
        label=gettext_lazy("Days off"), required=False, widget=forms.CheckboxSelectMultiple, choices=()
    )
    source = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    blamed = "day"

    def offer(self, days: dict[date, str]) -> None:
        """Show these days to choose from, all of them chosen."""
        choices = [
            (f"{day.isoformat()} {name}".strip(), f"{date_format(day, _('D j M Y'))} · {name or _('Closed')}")
            for day, name in days.items()
        ]
        self.fields["day"].choices = choices  # type: ignore[attr-defined]
        self.initial.setdefault("day", [value for value, _label in choices])

    @property
    def chosen(self) -> dict[date, str]:
        return {date.fromisoformat(each[:10]): _words(each[11:111]) for each in self.cleaned_data["day"]}


class SourceForm(forms.Form):
    """Whose public holidays: a country, then a region of it where they differ."""

    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=[])
    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False, choices=[])

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["country"].choices = countries()  # type: ignore[attr-defined]
        country = str((data or {}).get("country") or self.initial.get("country") or "")
        known = regions(country) if country in dict(countries()) else ()
        whole = [("", _("The whole country"))]
        self.fields["region"].choices = [*whole, *known]  # type: ignore[attr-defined]
        self.has_regions = bool(known)


class FileForm(SetupForm):
    """An iCal file with days off."""

    file = forms.FileField(
        label=gettext_lazy("iCal file"),
        help_text=gettext_lazy("A .ics file of at most 1 MB. Its all-day events close the office."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("This file is empty. Export it again and choose it here."),
        },
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    blamed = "file"

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(
                _("This file is larger than 1 MB. Export only the calendar with the days off.")
            )
        return file


# --- hours as people write them -------------------------------------------------------------------------


def read_ranges(text: str) -> list[list[str]]:
    """ "09:00–12:30, 13:30–17:00" as `sla.calendar_spec` writes it. Raises ValueError with a sentence."""
    rest = _RANGE.sub("", text)
    if rest.strip(" ,;"):
        raise ValueError(
            _("Write hours such as “09:00–12:30, 13:30–17:00”; leave the day empty if it is closed.")
        )
    pairs = [[f"{int(a):02}:{b or '00'}", f"{int(c):02}:{d or '00'}"] for a, b, c, d in _RANGE.findall(text)]
    for pair in pairs:
        _check(pair)
    ordered = sorted(pairs, key=_seconds)
    for before, after in pairwise(ordered):
        if _seconds(after)[0] < _seconds(before)[1]:
            words = {"one": "–".join(before), "other": "–".join(after)}
            raise ValueError(_("“%(one)s” and “%(other)s” overlap.") % words)
    return ordered


def _check(pair: list[str]) -> None:
    words = {"range": "–".join(pair), "start": pair[0], "end": pair[1]}
    for text in pair:
        hour, minute = (int(part) for part in text.split(":"))
        if minute > 59 or hour * 60 + minute > 24 * 60:
            raise ValueError(_("“%(text)s” is not a time of day. Write it as 09:00.") % {"text": text})
    if pair[0] == "24:00":
        raise ValueError(_("A range cannot start at 24:00. Write it on the next day, from 00:00."))
    if pair[0] == pair[1]:
        raise ValueError(_("“%(range)s” has no length. Write 00:00–24:00 for a whole day.") % words)
    start, end = _seconds(pair)
    if end - start > DAY // 2 and end > DAY:
        raise ValueError(
            _(
                "“%(range)s” ends before it starts. If it runs over midnight, write %(start)s–24:00 here and "
                "00:00–%(end)s on the next day."
            )
            % words
        )


def _seconds(pair: list[str]) -> tuple[int, int]:
    """A range in seconds after midnight; the end may lie in the next day."""
    start, end = (int(text[:2]) * 3600 + int(text[3:5]) * 60 for text in pair)
    return start, end if end > start else end + DAY


def _words(text: str) -> str:
    """One line without what no database keeps."""
    return " ".join(text.replace("\x00", "").split())
