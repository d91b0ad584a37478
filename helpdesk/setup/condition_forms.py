"""Conditions as rows of a form: a field, how it is compared, and the values in words that people know.

The rows read and write the expressions of `sla.matching`, so whatever asks those can be set up with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup import rows
from helpdesk.setup.policy_words import CHOICES, FIELD_WORDS, Condition, Names, problems
from sla.matching import FIELDS
from tickets.models import Organization, Team

PREFIX = "c"
TYPED = {"organization": "\n", "customer_tag": ", ", "tag": ", "}
"""Fields whose values are typed, and what stands between them; all others are chosen."""
OPERATORS = {"is": gettext_lazy("is one of"), "is_not": gettext_lazy("is none of")}
WORDY = OPERATORS | {"contains": gettext_lazy("contains one of")}
_HINTS = {
    "organization": gettext_lazy("One name a line, as it stands under Organisations."),
    "customer_tag": gettext_lazy("Tags of the person or the organisation, separated by commas."),
    "tag": gettext_lazy("Tags of the ticket, separated by commas."),
}


@dataclass
class ConditionRow:
    """One condition in the form. `problems`: what has become wrong with what is saved."""

    number: int
    field: str
    word: str
    hidden: forms.BoundField
    operator: forms.BoundField
    values: forms.BoundField
    problems: list[str]


def initial(conditions: Iterable[Condition], names: Names) -> dict[str, Any]:
    """Saved conditions as values of the form's fields; what was deleted is left out."""
    found: dict[str, Any] = {}
    for number, condition in enumerate(conditions):
        name, values = condition["field"], [str(value) for value in condition["values"]]
        if name == "organization":
            given: Any = "\n".join(word for value in values if (word := names.of(name, value)))
        else:
            given = TYPED[name].join(values) if name in TYPED else values
        row = {"field": name, "operator": condition["operator"], "values": given}
        found |= {f"{PREFIX}-{number}-{key}": value for key, value in row.items()}
    return found


def add_fields(form: forms.Form, source: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Give a form the fields of the rows that are in `source`; returns (number, condition field)."""
    found = []
    for number in rows.numbers(source, PREFIX):
        name = str(source.get(f"{PREFIX}-{number}-field") or "")
        if name not in FIELDS:
            continue
        start = f"{PREFIX}-{number}-"
        word = capfirst(str(FIELD_WORDS[name]))
        form.fields[start + "field"] = forms.CharField(widget=forms.HiddenInput)
        choices = WORDY if name in TYPED and name != "organization" else OPERATORS
        form.fields[start + "operator"] = forms.ChoiceField(
            label=_("%(field)s: comparison") % {"field": word}, choices=list(choices.items())
        )
        form.fields[start + "values"] = _values_field(name, word)
        found.append((number, name))
    return found


def _values_field(name: str, word: str) -> forms.Field:
    if name in TYPED:
        widget = forms.Textarea(attrs={"rows": 2}) if name == "organization" else forms.TextInput()
        return forms.CharField(
            label=word, required=False, max_length=5000, widget=widget, help_text=_HINTS[name]
        )
    return forms.MultipleChoiceField(
        label=word, required=False, choices=_choices(name), widget=forms.CheckboxSelectMultiple
    )


def _choices(name: str) -> list[tuple[str, str]]:
    if name == "team":
        closed = _("%(team)s (closed)")
        return [
            (str(team.pk), team.name if team.is_active else closed % {"team": team.name})
            for team in Team.objects.order_by("-is_active", "name")
        ]
    return [(str(choice.value), capfirst(str(choice.label))) for choice in CHOICES[name]]


def bound(
    form: forms.Form, found: list[tuple[int, str]], saved: list[Condition], names: Names
) -> list[ConditionRow]:
    """The rows as the page draws them; `saved` are the conditions by number, for what is wrong with them."""
    drawn = []
    for number, name in found:
        start = f"{PREFIX}-{number}-"
        before = saved[number] if number < len(saved) else None
        wrong = problems([before], names) if before and before["field"] == name else []
        parts = (form[start + "field"], form[start + "operator"], form[start + "values"])
        drawn.append(ConditionRow(number, name, capfirst(str(FIELD_WORDS[name])), *parts, wrong))
    return drawn


def read(form: forms.Form, found: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """The conditions of a form that is being cleaned; what is wrong is told at its field."""
    conditions = []
    for number, name in found:
        start = f"{PREFIX}-{number}-"
        given = form.cleaned_data.get(start + "values")
        operator = form.cleaned_data.get(start + "operator")
        if given is None or operator is None:
            continue  # told already
        try:
            values = _values(name, given)
        except ValueError as error:
            form.add_error(start + "values", str(error))
            continue
        conditions.append({"field": name, "operator": operator, "values": values})
    return conditions


def _values(name: str, given: Any) -> list[Any]:
    if name == "organization":
        values: list[Any] = _organizations([line.strip() for line in given.splitlines() if line.strip()])
    elif name in TYPED:
        values = list(dict.fromkeys(word.strip().lower() for word in given.split(",") if word.strip()))
    else:
        values = [int(value) if value.isdecimal() else value for value in given]
    if not values:
        words = {"field": FIELD_WORDS[name]}
        raise ValueError(_("Choose at least one %(field)s, or remove this condition.") % words)
    return values


def _organizations(names: list[str]) -> list[int]:
    """Their ids, in the order in which they were typed. Raises ValueError for a name that is unknown."""
    wanted = {name.lower() for name in names}
    found = Organization.objects.annotate(low=Lower("name")).filter(low__in=wanted) if wanted else ()
    known = {row.low: row.pk for row in found}
    for name in names:
        if name.lower() not in known:
            raise ValueError(
                _("“%(name)s” is not an organisation. Write its name as it stands under Organisations.")
                % {"name": name}
            )
    return list(dict.fromkeys(known[name.lower()] for name in names))
