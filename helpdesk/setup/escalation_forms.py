"""Escalation levels as rows of a policy's form: when, whom to tell, and what to do then.

The rows read and write what `sla.escalations` explains. A metric is in the form when it is promised or has
levels of its own; its hidden field says so, since a metric without rows means that nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup import durations, rows
from sla.escalations import ADDRESS, ROLES, Level, parse_levels
from sla.models import MetricName
from sla.rules import METRICS, PolicyError, Rules
from tickets.models import Priority, Team, User
from tickets.models.people import STAFF_ROLES

ROLE_WORDS = {
    "assignee": gettext_lazy("Assignee"),
    "team": gettext_lazy("Team"),
    "team_lead": gettext_lazy("Team lead"),
    "supervisor": gettext_lazy("Supervisors"),
}
PLACES = {
    "percent": gettext_lazy("% of the time used"),
    "before": gettext_lazy("before the due time"),
    "due": gettext_lazy("at the due time"),
    "after": gettext_lazy("late"),
}
NEW_LEVEL = {"place": "after", "amount": "1 h", "tell": "team_lead"}


@dataclass
class LevelRow:
    """One level in the form."""

    number: int
    place: forms.BoundField
    amount: forms.BoundField
    tell: forms.BoundField
    address: forms.BoundField
    steps: list[forms.BoundField]
    urgent: forms.BoundField

    @property
    def does_more(self) -> bool:
        """Whether it does more than telling roles, so that this part stands open."""
        more = (self.address, *self.steps, self.urgent)
        return any(bound.value() or bound.errors for bound in more)


@dataclass
class MetricLevels:
    """The levels of one metric in the form; `summary` says them in a line."""

    metric: str
    label: str
    marker: forms.BoundField
    rows: list[LevelRow]
    summary: str
    is_open: bool


def prefix(metric: str) -> str:
    return f"level_{metric}"


def marker(metric: str) -> str:
    """The field that says that a metric's levels are in the form."""
    return f"levels-{metric}"


def initial(rules: Rules, metrics: Iterable[str]) -> dict[str, Any]:
    """The levels of some metrics, the default ones included, as values of the form's fields."""
    found: dict[str, Any] = {}
    for metric in metrics:
        found[marker(metric)] = "1"
        for number, level in enumerate(rules.levels(metric)):
            found |= {f"{prefix(metric)}-{number}-{key}": value for key, value in _typed(level).items()}
    return found


def _typed(level: Level) -> dict[str, Any]:
    place, amount = _place_of(level)
    steps = dict(level.steps)
    tags = [value for name, value in level.steps if name == "tag"]
    return {
        "place": place,
        "amount": amount,
        "tell": [who for who in level.tell if who in ROLES],
        "address": ", ".join(who.removeprefix(ADDRESS) for who in level.tell if who not in ROLES),
        "priority": str(steps.get("raise_priority", "")),
        "assign": str(steps.get("assign", "")),
        "move": str(steps.get("move", "")),
        "tag": ", ".join(tags),
        "urgent": level.urgent,
    }


def _place_of(level: Level) -> tuple[str, str]:
    if level.percent is not None:
        return "percent", str(100 + level.percent)
    if not level.offset:
        return "due", ""
    return ("before" if level.is_before else "after"), durations.write(abs(level.offset))


def in_form(source: Mapping[str, Any]) -> list[str]:
    """The metrics whose levels are in what was posted (or in initial values)."""
    return [metric for metric in METRICS if source.get(marker(metric))]


def add_fields(form: forms.Form, source: Mapping[str, Any]) -> dict[str, list[int]]:
    """Give a form the fields of the levels that are in `source`; returns their numbers by metric."""
    found = {metric: rows.numbers(source, prefix(metric)) for metric in in_form(source)}
    choices = _step_choices() if any(found.values()) else {}
    for metric, numbers in found.items():
        form.fields[marker(metric)] = forms.CharField(required=False, widget=forms.HiddenInput)
        label = str(MetricName(metric).label)
        for number in numbers:
            start = f"{prefix(metric)}-{number}-"
            for name, field in _fields(label, number + 1, choices).items():
                form.fields[start + name] = field
    return found


def _fields(label: str, number: int, choices: Mapping[str, list[tuple[str, str]]]) -> dict[str, forms.Field]:
    which = {"metric": label, "number": number}
    return {
        "place": forms.ChoiceField(
            label=_("%(metric)s, level %(number)s: when") % which, choices=list(PLACES.items())
        ),
        "amount": forms.CharField(
            label=_("%(metric)s, level %(number)s: how much") % which, required=False, max_length=40
        ),
        "tell": forms.MultipleChoiceField(
            label=_("%(metric)s, level %(number)s: tell") % which,
            choices=list(ROLE_WORDS.items()),
            required=False,
            widget=forms.CheckboxSelectMultiple,
        ),
        "address": forms.CharField(
            label=_("Mail addresses to tell"),
            required=False,
            max_length=500,
            help_text=_("Separated by commas."),
        ),
        "priority": forms.ChoiceField(
            label=_("Raise the priority to"), required=False, choices=choices["priority"]
        ),
        "assign": forms.ChoiceField(label=_("Give it to"), required=False, choices=choices["assign"]),
        "move": forms.ChoiceField(label=_("Move it to team"), required=False, choices=choices["move"]),
        "tag": forms.CharField(label=_("Add tags"), required=False, max_length=200),
        "urgent": forms.BooleanField(label=_("At once, also outside working hours"), required=False),
    }


def _step_choices() -> dict[str, list[tuple[str, str]]]:
    """What a level may do, read once for all rows; two queries."""
    people = User.objects.filter(role__in=STAFF_ROLES, is_active=True).order_by("name", "pk")
    teams = Team.objects.filter(is_active=True)
    keep = [("", _("Leave it as it is"))]
    return {
        "priority": keep + [(str(p.value), str(p.label)) for p in Priority if p > Priority.LOW],
        "assign": keep + [(str(person.pk), str(person)) for person in people],
        "move": keep + [(str(team.pk), team.name) for team in teams],
    }


def bound(form: forms.Form, found: Mapping[str, list[int]]) -> list[MetricLevels]:
    """The levels as the page draws them, metric by metric."""
    drawn = []
    for metric, numbers in found.items():
        lines = [_row(form, f"{prefix(metric)}-{number}-", number) for number in numbers]
        names = [name for name in form.fields if name.startswith(f"{prefix(metric)}-")]
        focused = any("autofocus" in form.fields[name].widget.attrs for name in names)
        wrong = form.is_bound and any(name in form.errors for name in names)
        summary = "; ".join(_summary(line) for line in lines) or _("nobody is told")
        label = str(MetricName(metric).label)
        drawn.append(MetricLevels(metric, label, form[marker(metric)], lines, summary, focused or wrong))
    return drawn


def _row(form: forms.Form, start: str, number: int) -> LevelRow:
    steps = [form[start + name] for name in ("priority", "assign", "move", "tag")]
    one = {name: form[start + name] for name in ("place", "amount", "tell", "address", "urgent")}
    return LevelRow(number=number, steps=steps, **one)


def _summary(row: LevelRow) -> str:
    """ "75% used: Assignee, Team lead"."""
    place, amount = row.place.value(), str(row.amount.value() or "").strip()
    when = {
        "percent": _("%(amount)s%% used") % {"amount": amount.rstrip("% ")},
        "before": _("%(amount)s before") % {"amount": amount},
        "after": _("%(amount)s late") % {"amount": amount},
    }.get(str(place), str(PLACES["due"]))
    told = [str(ROLE_WORDS[who]) for who in row.tell.value() or [] if who in ROLE_WORDS]
    told += [word.strip() for word in str(row.address.value() or "").split(",") if word.strip()]
    return f"{when}: {', '.join(told) or _('an action')}"


# --- reading ------------------------------------------------------------------------------------------


def read(form: forms.Form, found: Mapping[str, list[int]]) -> dict[str, list[dict[str, Any]]]:
    """The levels of a form that is being cleaned, metric by metric; faults are told at their fields."""
    levels: dict[str, list[dict[str, Any]]] = {}
    for metric, numbers in found.items():
        levels[metric], seen = [], set()
        for number in numbers:
            start = f"{prefix(metric)}-{number}-"
            said = {name: form.cleaned_data.get(start + name) for name in _NAMES}
            if said["place"] is None or any(start + name in form.errors for name in _NAMES):
                continue
            try:
                level = _place(said) | _rest(said)
            except ValueError as error:
                form.add_error(start + "amount", str(error))
                continue
            try:
                (parsed,) = parse_levels([level])
            except PolicyError as error:
                form.add_error(start + ("address" if said["address"] else "tell"), str(error))
                continue
            if parsed.name in seen:
                form.add_error(start + "amount", _("Another level stands at the same place. Change one."))
            seen.add(parsed.name)
            levels[metric].append(level)
    return levels


_NAMES = ("place", "amount", "tell", "address", "priority", "assign", "move", "tag", "urgent")


def _place(said: Mapping[str, Any]) -> dict[str, Any]:
    text = (said["amount"] or "").strip()
    if said["place"] == "due":
        return {"seconds": 0}
    if said["place"] == "percent":
        number = text.rstrip("% ")
        if not number.isdecimal() or not 0 <= int(number) <= 100:
            raise ValueError(_("Write the share of the time that is used, from 0 to 100, such as 75."))
        return {"percent": int(number) - 100}
    seconds = int(durations.parse(text).total_seconds())
    if not seconds:
        raise ValueError(_("Write a time such as “30 min”, or choose “at the due time”."))
    return {"seconds": seconds if said["place"] == "after" else -seconds}


def _rest(said: Mapping[str, Any]) -> dict[str, Any]:
    addresses = [word.strip() for word in (said["address"] or "").split(",") if word.strip()]
    steps: list[dict[str, Any]] = [
        {name: int(said[key])}
        for key, name in (("priority", "raise_priority"), ("assign", "assign"), ("move", "move"))
        if said[key]
    ]
    steps += [{"tag": word.strip().lower()} for word in (said["tag"] or "").split(",") if word.strip()]
    found: dict[str, Any] = {"tell": [*(said["tell"] or []), *(ADDRESS + each.lower() for each in addresses)]}
    if steps:
        found["actions"] = steps
    if said["urgent"]:
        found["urgent"] = True
    return found


def as_spec(
    levels: Mapping[str, list[dict[str, Any]]], before: Mapping[str, Any], rules: Rules
) -> dict[str, Any]:
    """The part of the policy's JSON form: default levels are left out unless they were written out before."""
    found = dict(before)
    for metric, given in levels.items():
        kept = metric in before and parse_levels(before[metric]) == parse_levels(given)
        if kept or (metric not in before and parse_levels(given) == rules.levels(metric)):
            continue
        found[metric] = given
    return found
