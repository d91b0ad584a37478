"""Asking for a simulation: the period, and what is tried."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.company import company
from helpdesk.once import once
from helpdesk.setup.base import reader
from helpdesk.setup.forms import SetupForm
from helpdesk.times import zone_named
from sla import actions
from sla.actions.simulate import Draft
from sla.models import Calendar, Policy
from sla.queries import policies_with_versions

DEFAULT_DAYS = 90


class Day(forms.DateField):
    """A date of the calendar on the wall."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {
        "invalid": gettext_lazy("Enter a date, such as 2026-11-20."),
        "required": gettext_lazy("Enter a date."),
    }


class PeriodFields(forms.Form):
    """Whole days in the company's time zone, both ends included."""

    since = Day(label=gettext_lazy("Opened from"))
    until = Day(label=gettext_lazy("Opened to"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate(timezone=self.zone)
        days = {"since": today - timedelta(days=DEFAULT_DAYS), "until": today}
        self.initial = {name: day.isoformat() for name, day in days.items()} | dict(self.initial)
        for name in days:
            self.fields[name].widget.use_required_attribute = lambda _initial: False

    @property
    def zone(self) -> ZoneInfo:
        return zone_named(company().time_zone)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            self.add_error("until", _("The period ends before it begins."))
        return said

    @property
    def period(self) -> dict[str, datetime]:
        """The instants from which and before which tickets were opened."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"] + timedelta(days=1)
        return {
            "since": datetime.combine(since, time(), self.zone),
            "until": datetime.combine(until, time(), self.zone),
        }


class PeriodForm(PeriodFields):
    """The period alone, within the form of a policy: its names have a prefix."""

    prefix = "s"


class SimulateForm(PeriodFields, SetupForm):
    """One policy or all of them, as they stand now, on a period."""

    policy = forms.ChoiceField(label=gettext_lazy("Policy"), required=False)
    field_order = ["policy", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saved = {str(policy.pk): (policy, version.spec) for policy, version in policies_with_versions()}
        every = [("", _("All policies as they stand now"))]
        self.fields["policy"].choices = every + [  # type: ignore[attr-defined]
            (key, policy.name) for key, (policy, _spec) in self.saved.items()
        ]

    @property
    def drafts(self) -> list[Draft]:
        chosen = self.saved.get(self.cleaned_data["policy"])
        return [chosen] if chosen else []


def start(
    request: HttpRequest,
    form: PeriodFields,
    key: str,
    policies: list[tuple[Policy | None, dict[str, Any]]],
    calendar: Calendar | None = None,
    calendar_spec: dict[str, Any] | None = None,
) -> int:
    """Ask for a simulation; the number of its job, the same for the same key and draft.

    Raises ValueError, in words, for a draft that cannot be used.
    """
    person, period = reader(request), form.period
    drafts = [(policy.pk if policy else None, spec) for policy, spec in policies]
    body = repr((drafts, calendar.pk if calendar else None, calendar_spec, period)).encode()

    def act() -> int:
        job = actions.simulate(
            person,
            policies=policies,
            calendar=calendar,
            calendar_spec=calendar_spec,
            zone=form.zone.key,
            **period,
        )
        return job.pk

    draft_key = f"simulate:{key[:64]}:{hashlib.sha256(body).hexdigest()}"
    answer, _repeated = once(f"user:{person.pk}", draft_key, body, act)
    return int(answer)
