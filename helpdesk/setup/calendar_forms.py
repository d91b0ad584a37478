"""Working hours, as supervisors type them."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup.forms import SetupForm
from sla.calendar_spec import WEEKDAYS
from sla.models import Calendar

_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})")


class CalendarForm(SetupForm):
    """A calendar's week and its holidays. Hours of single dates and breaks are kept as they are."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=[])
    holidays = forms.CharField(
        label=gettext_lazy("Holidays"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("One a line: 2026-12-25 Christmas Day"),
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
        holidays = spec.get("holidays") or {}
        if not isinstance(holidays, dict):
            holidays = dict.fromkeys(holidays, "")
        found = {
            "name": calendar.name,
            "timezone": spec["timezone"],
            "holidays": "\n".join(f"{day} {name}".strip() for day, name in sorted(holidays.items())),
        }
        hours = spec.get("hours") or {}
        return found | {key: ", ".join("–".join(pair) for pair in hours.get(key) or []) for key in WEEKDAYS}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["hours"] = {}
        for key in WEEKDAYS:
            try:
                data["hours"][key] = _ranges(data.get(key) or "")
            except ValueError as error:
                self.add_error(key, str(error))
        try:
            data["dates"] = _dates(data.get("holidays") or "")
        except ValueError as error:
            self.add_error("holidays", str(error))
        return data

    def spec(self, old: dict[str, Any]) -> dict[str, Any]:
        """The calendar's JSON form, on top of what the old one says beside week and holidays."""
        data = self.cleaned_data
        hours = {key: ranges for key, ranges in data["hours"].items() if ranges}
        return {**old, "timezone": data["timezone"], "hours": hours, "holidays": data["dates"]}


def _ranges(text: str) -> list[list[str]]:
    rest = _RANGE.sub("", text)
    if rest.strip(" ,;"):
        raise ValueError(
            _("Write hours such as “09:00–12:30, 13:30–17:00”; leave the day empty if it is closed.")
        )
    return [[f"{int(a):02}:{b}", f"{int(c):02}:{d}"] for a, b, c, d in _RANGE.findall(text)]


def _dates(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        day, _space, name = line.partition(" ")
        try:
            found[date.fromisoformat(day).isoformat()] = name.strip()[:100]
        except ValueError:
            raise ValueError(
                _("“%(line)s” does not begin with a date. Write 2026-12-25 Christmas Day.")
                % {"line": line[:60]}
            ) from None
    return found
