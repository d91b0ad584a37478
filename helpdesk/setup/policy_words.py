"""Policies in sentences: for which tickets each is, and what is wrong with the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sla import queries
from sla.models import Policy, PolicyVersion
from tickets.models import Channel, Organization, Priority, Team, TicketType

Condition = Mapping[str, Any]

FIELD_WORDS = {
    "team": gettext_lazy("team"),
    "organization": gettext_lazy("organisation"),
    "customer_tag": gettext_lazy("customer tag"),
    "channel": gettext_lazy("channel"),
    "type": gettext_lazy("type"),
    "priority": gettext_lazy("priority"),
    "tag": gettext_lazy("tag"),
}
CHOICES: dict[str, Any] = {"channel": Channel, "type": TicketType, "priority": Priority}


@dataclass(frozen=True)
class Names:
    """What the ids in conditions are called: of teams (with whether it is open) and of organisations."""

    teams: Mapping[int, tuple[str, bool]]
    organizations: Mapping[int, str]

    @staticmethod
    def for_conditions(conditions: Iterable[Condition]) -> Names:
        """The names that some conditions need: at most two queries."""
        wanted: dict[str, set[int]] = {"team": set(), "organization": set()}
        for condition in conditions:
            if condition["field"] in wanted:
                wanted[condition["field"]] |= {int(v) for v in condition["values"] if str(v).isdecimal()}
        teams = Team.objects.filter(pk__in=wanted["team"]) if wanted["team"] else ()
        known = Organization.objects.filter(pk__in=wanted["organization"]) if wanted["organization"] else ()
        return Names(
            {row.pk: (row.name, row.is_active) for row in teams}, {row.pk: row.name for row in known}
        )

    def of(self, name: str, value: Any) -> str | None:
        """One value of a condition in words; None where what it names is gone."""
        key = int(value) if str(value).isdecimal() else 0
        if name == "team":
            return self.teams.get(key, (None, False))[0]
        if name == "organization":
            return self.organizations.get(key)
        if name in CHOICES:
            words = {str(choice.value): str(choice.label) for choice in CHOICES[name]}
            return words.get(str(value))
        return _("“%(words)s”") % {"words": value}


@dataclass
class Listed:
    """A policy as the list shows it. `problems` are sentences; `takes_all`: it has no conditions."""

    policy: Policy
    version: PolicyVersion
    sentence: str
    problems: list[str] = field(default_factory=list)
    takes_all: bool = False


def listed() -> tuple[list[Listed], bool]:
    """All policies in their order, and whether an active one takes every ticket. Three queries."""
    rows = queries.policies_with_versions()
    names = Names.for_conditions(each for _policy, version in rows for each in version.conditions)
    found, catch_all = [], None
    for policy, version in rows:
        row = Listed(
            policy, version, sentence(version.conditions, names), problems(version.conditions, names)
        )
        row.takes_all = not version.conditions
        if catch_all is not None and policy.is_active:
            words = _("Never asked: “%(name)s” above it takes every ticket.")
            row.problems.append(words % {"name": catch_all.name})
        elif row.takes_all and policy.is_active:
            catch_all = policy
        found.append(row)
    return found, catch_all is not None


def sentence(conditions: Iterable[Condition], names: Names) -> str:
    """For which tickets a policy is: "Tickets whose team is Tech and whose priority is Urgent."."""
    parts = [clause(condition, names) for condition in conditions]
    if not parts:
        return _("Every ticket.")
    return _("Tickets whose %(conditions)s.") % {"conditions": _(" and whose ").join(parts)}


def clause(condition: Condition, names: Names) -> str:
    """One condition within a sentence: "team is Billing or Tech"."""
    values = [names.of(condition["field"], value) or _("something deleted") for value in condition["values"]]
    words = {
        "is": _("%(field)s is %(values)s"),
        "is_not": _("%(field)s is not %(values)s"),
        "contains": _("%(field)s contains %(values)s"),
    }[condition["operator"]]
    return words % {"field": FIELD_WORDS[condition["field"]], "values": one_of(values)}


def one_of(words: list[str]) -> str:
    """ "Billing, Tech or Sales"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(some)s or %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}


def problems(conditions: Iterable[Condition], names: Names) -> list[str]:
    """What is wrong with conditions that once were right: they name something deleted or closed."""
    found = []
    for condition in conditions:
        name, values = condition["field"], condition["values"]
        gone = [value for value in values if names.of(name, value) is None]
        words = {"field": FIELD_WORDS[name], "team": ""}
        if len(gone) == len(values) and condition["operator"] != "is_not":
            found.append(
                _("It takes no ticket: the %(field)s that it asks for was deleted. Change the condition.")
                % words
            )
        elif gone:
            found.append(
                _("A %(field)s that it asks for was deleted; that part of the condition has no effect.")
                % words
            )
        if name == "team":
            closed = [names.teams[int(value)] for value in values if int(value) in names.teams]
            for team, is_open in closed:
                if not is_open:
                    words["team"] = team
                    found.append(_("Team %(team)s is closed: no new tickets reach it.") % words)
    return found
