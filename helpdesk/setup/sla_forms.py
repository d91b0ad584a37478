"""Working hours and targets, as administrators type them."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS as WEEKDAY_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup import durations
from helpdesk.setup.forms import SetupForm
from sla.calendar_spec import WEEKDAYS
from sla.models import Calendar, MetricName, Policy
from tickets.models import Priority

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


class PolicyForm(SetupForm):
    """Targets per metric and priority, in working time. Conditions and rules are kept as they are."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Working hours"), queryset=Calendar.objects.all(), empty_label=None
    )
    blamed = "name"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for metric in MetricName:
            for priority in Priority:
                label = _("%(metric)s, %(priority)s") % {"metric": metric.label, "priority": priority.label}
                self.fields[f"{metric}-{priority}"] = forms.CharField(
                    label=label, required=False, max_length=40
                )

    @property
    def rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        """Per priority, the urgent one first: its field of each metric."""
        return [
            (priority.value, [self[f"{metric}-{priority}"] for metric in MetricName])
            for priority in reversed(Priority)
        ]

    @property
    def metrics(self) -> list[str]:
        return [str(metric.label) for metric in MetricName]

    @staticmethod
    def of(policy: Policy) -> dict[str, Any]:
        found: dict[str, Any] = {"name": policy.name, "calendar": policy.calendar_id}
        for metric, by_priority in (policy.latest.spec.get("targets") or {}).items():
            for priority, target in by_priority.items():
                found[f"{metric}-{priority}"] = durations.write(timedelta(seconds=target["seconds"]))
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["targets"] = {}
        for metric in MetricName:
            for priority in Priority:
                name = f"{metric}-{priority}"
                if not (text := (data.get(name) or "").strip()):
                    continue
                try:
                    seconds = int(durations.parse(text).total_seconds())
                except ValueError as error:
                    self.add_error(name, str(error))
                else:
                    data["targets"].setdefault(metric.value, {})[str(priority.value)] = seconds
        return data

    def spec(self, old: dict[str, Any]) -> dict[str, Any]:
        """The policy's JSON form, on top of what the old one says beside the targets."""
        before = old.get("targets") or {}
        targets = {
            metric: {
                priority: {
                    "seconds": seconds,
                    "basis": before.get(metric, {}).get(priority, {}).get("basis", "working"),
                }
                for priority, seconds in by_priority.items()
            }
            for metric, by_priority in self.cleaned_data["targets"].items()
        }
        return {**old, "targets": targets}
