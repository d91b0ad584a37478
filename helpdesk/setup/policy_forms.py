"""A policy as supervisors type it: for which tickets, how long, when a clock pauses, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.setup import condition_forms, durations, escalation_forms, rows, switch_words
from helpdesk.setup.dry_run import ReachMixin
from helpdesk.setup.forms import SetupForm
from helpdesk.setup.policy_words import FIELD_WORDS, Names
from helpdesk.words import STATUS_WORDS
from sla.matching import FIELDS
from sla.models import Calendar, MetricName, Policy
from sla.rules import DEFAULT_PAUSES, LONGEST, METRICS, SHORTEST, Rules, parse_rules
from tickets.models import Priority

USUAL = ("first_response", "next_response", "resolution")
PAUSES = [(status, STATUS_WORDS[status]) for status in ("new", "open", "waiting", "on_hold")]
WORKING, CALENDAR, MIXED = "working", "calendar", "mixed"
_BASES = [(WORKING, gettext_lazy("working")), (CALENDAR, gettext_lazy("calendar"))]


@dataclass
class MetricColumn:
    """One metric in the table of targets."""

    name: str
    label: str
    basis: forms.BoundField
    pauses: forms.BoundField
    measure: forms.BoundField | None


class PolicyForm(ReachMixin, SetupForm):
    """All of a policy version. What this form does not know of it is kept as it is."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    calendar = forms.ModelChoiceField(
        label=gettext_lazy("Calendar"), queryset=Calendar.objects.all(), empty_label=None
    )
    condition = forms.ChoiceField(label=gettext_lazy("Add a condition on"), required=False)
    blamed = "name"

    def __init__(self, data: QueryDict | None = None, *, policy: Policy | None = None, **more: Any) -> None:
        self.policy = policy
        self.old: dict[str, Any] = policy.latest.spec if policy else {}
        self.rules = parse_rules({key: value for key, value in self.old.items() if key != "conditions"})
        self.saved = of(policy, self.old, self.names) if policy else {}
        self.saved |= escalation_forms.initial(self.rules, _escalated(self.rules))
        more.setdefault("initial", self.saved)
        super().__init__(data, **more)
        choices = [(name, FIELD_WORDS[name]) for name in FIELDS]
        self.fields["condition"].choices = choices  # type: ignore[attr-defined]
        source = self.initial if data is None else data
        self.asked = condition_forms.add_fields(self, source)
        self.levels = escalation_forms.add_fields(self, source)
        for metric in METRICS:
            self._add_metric(metric)
        for question in switch_words.questions():
            self.fields[f"switch-{question.name}"] = forms.ChoiceField(
                label=question.text,
                choices=question.choices,
                initial=question.default,
                required=False,
                widget=forms.RadioSelect,
            )

    @cached_property
    def names(self) -> Names:
        """What the saved conditions name."""
        return Names.for_conditions(self.old.get("conditions") or [])

    def _add_metric(self, metric: str) -> None:
        label = MetricName(metric).label
        for priority in Priority:
            words = {"metric": label, "priority": priority.label}
            self.fields[f"{metric}-{priority.value}"] = forms.CharField(
                label=_("%(metric)s, %(priority)s") % words, required=False, max_length=40
            )
        bases = [*_BASES, (MIXED, _("each as before"))] if self._basis_of(metric) == MIXED else _BASES
        self.fields[f"basis-{metric}"] = forms.ChoiceField(
            label=_("%(metric)s counts in") % {"metric": label}, choices=bases, required=False
        )
        self.fields[f"pause-{metric}"] = forms.MultipleChoiceField(
            label=_("%(metric)s is paused while") % {"metric": label},
            choices=PAUSES,
            required=False,
            initial=sorted(DEFAULT_PAUSES[metric]),
            widget=forms.CheckboxSelectMultiple,
        )
        if metric not in USUAL:
            self.fields[f"measure-{metric}"] = forms.BooleanField(
                label=_("Measure %(metric)s without a target") % {"metric": label}, required=False
            )

    def _basis_of(self, metric: str) -> str:
        return str(self.saved.get(f"basis-{metric}", WORKING))

    # --- drawing --------------------------------------------------------------------------------------

    def redrawn(self, data: QueryDict) -> PolicyForm:
        """The form with what was posted, and without complaints; a metric that is promised by now has its
        levels in it."""
        given = rows.typed(PolicyForm(data, policy=self.policy))
        promised = [m for m in METRICS if any(given.get(f"{m}-{p.value}") for p in Priority)]
        fresh = [m for m in promised if m not in escalation_forms.in_form(given)]
        given |= escalation_forms.initial(self.rules, fresh)
        return PolicyForm(policy=self.policy, initial=given)

    @property
    def escalations(self) -> list[escalation_forms.MetricLevels]:
        return escalation_forms.bound(self, self.levels)

    @property
    def conditions(self) -> list[condition_forms.ConditionRow]:
        saved = self.old.get("conditions") or []
        return condition_forms.bound(self, self.asked, saved, self.names)

    def columns(self, metrics: tuple[str, ...]) -> list[MetricColumn]:
        return [
            MetricColumn(
                metric,
                str(MetricName(metric).label),
                self[f"basis-{metric}"],
                self[f"pause-{metric}"],
                self[f"measure-{metric}"] if f"measure-{metric}" in self.fields else None,
            )
            for metric in metrics
        ]

    @property
    def tables(self) -> list[tuple[list[MetricColumn], bool, bool]]:
        """The tables of targets: the usual metrics, and the others, folded away until one of them is used.
        Each with whether it may be folded and whether it stands open."""
        others = tuple(metric for metric in METRICS if metric not in USUAL)
        used = any(self._is_used(metric) for metric in others)
        found = [(self.columns(USUAL), False, True)]
        return [*found, (self.columns(others), True, used)] if others else found

    def _is_used(self, metric: str) -> bool:
        names = [name for name in self.fields if name.split("-", 1)[-1].startswith(metric)]
        names += [f"{metric}-{priority.value}" for priority in Priority]
        told = any(name in self.errors for name in names) if self.is_bound else False
        given = any(self[f"{metric}-{priority.value}"].value() for priority in Priority)
        return bool(
            told or given or (f"measure-{metric}" in self.fields and self[f"measure-{metric}"].value())
        )

    def cells(self, priority: int, columns: list[MetricColumn]) -> list[tuple[forms.BoundField, str]]:
        """A row of the table: each field, and what is saved where that is something else ("–": nothing)."""
        found = []
        for column in columns:
            bound = self[f"{column.name}-{priority}"]
            was = str(self.saved.get(bound.name) or "")
            changed = self.policy is not None and _plain(bound.value()) != _plain(was)
            found.append((bound, (was or "–") if changed else ""))
        return found

    @property
    def switches(self) -> list[tuple[switch_words.Question, forms.BoundField]]:
        return [(each, self[f"switch-{each.name}"]) for each in switch_words.questions()]

    @property
    def switches_differ(self) -> bool:
        """Whether a rule is not what it is by default."""
        return any((bound.value() or each.default) != each.default for each, bound in self.switches)

    # --- reading --------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["conditions"] = condition_forms.read(self, self.asked)
        data["levels"] = escalation_forms.read(self, self.levels)
        data["targets"] = {}
        for metric in METRICS:
            for priority in Priority:
                name = f"{metric}-{priority.value}"
                try:
                    if seconds := _seconds((data.get(name) or "").strip()):
                        data["targets"].setdefault(metric, {})[str(priority.value)] = seconds
                except ValueError as error:
                    self.add_error(name, str(error))
        return data

    def spec(self) -> dict[str, Any]:
        """The policy's JSON form, on top of what this form does not know of the saved one."""
        found = dict(self.old)
        found["conditions"] = self.cleaned_data["conditions"]
        found["targets"] = {
            metric: {
                priority: {"seconds": seconds, "basis": self._chosen_basis(metric, priority)}
                for priority, seconds in by_priority.items()
            }
            for metric, by_priority in self.cleaned_data["targets"].items()
        }
        parts: dict[str, Any] = {"pauses": self._pauses(), "switches": self._switches()}
        parts["measures"] = [m for m in METRICS if self.cleaned_data.get(f"measure-{m}")]
        before = self.old.get("escalations") or {}
        parts["escalations"] = escalation_forms.as_spec(self.cleaned_data["levels"], before, self.rules)
        for name, part in parts.items():
            if part or name in found:
                found[name] = part
        return found

    def _chosen_basis(self, metric: str, priority: str) -> str:
        basis = self.cleaned_data.get(f"basis-{metric}") or WORKING
        if basis != MIXED:
            return str(basis)
        targets = self.old.get("targets") or {}
        return str(targets.get(metric, {}).get(priority, {}).get("basis", WORKING))

    def _pauses(self) -> dict[str, list[str]]:
        """The statuses that pause each metric, where they are not the documented ones or were written out."""
        before, found = self.old.get("pauses") or {}, {}
        for metric in METRICS:
            chosen = sorted(self.cleaned_data.get(f"pause-{metric}") or [])
            if chosen != sorted(DEFAULT_PAUSES[metric]) or metric in before:
                same = sorted(before.get(metric, [])) == chosen and metric in before
                found[metric] = before[metric] if same else chosen
        return found

    def _switches(self) -> dict[str, Any]:
        before, found = self.old.get("switches") or {}, {}
        for question in switch_words.questions():
            text = self.cleaned_data.get(f"switch-{question.name}") or question.default
            if text != question.default or question.name in before:
                found[question.name] = switch_words.value_of(question.name, text)
        return found


def _escalated(rules: Rules) -> list[str]:
    """The metrics whose levels are shown: the usual ones, promised ones, those with levels of their own."""
    return [metric for metric in METRICS if metric in {*USUAL, *rules.targets, *rules.escalations}]


def of(policy: Policy, spec: dict[str, Any], names: Names) -> dict[str, Any]:
    """A saved policy as values of the form's fields."""
    found: dict[str, Any] = {"name": policy.name, "calendar": policy.calendar_id}
    found |= condition_forms.initial(spec.get("conditions") or [], names)
    for metric, by_priority in (spec.get("targets") or {}).items():
        for priority, target in by_priority.items():
            found[f"{metric}-{priority}"] = durations.write(timedelta(seconds=target["seconds"]))
        bases = {target.get("basis", WORKING) for target in by_priority.values()}
        found[f"basis-{metric}"] = bases.pop() if len(bases) == 1 else MIXED if bases else WORKING
    found |= {f"pause-{metric}": list(statuses) for metric, statuses in (spec.get("pauses") or {}).items()}
    found |= {f"measure-{metric}": True for metric in spec.get("measures") or ()}
    return found | {f"switch-{name}": str(value) for name, value in (spec.get("switches") or {}).items()}


def _seconds(text: str) -> int:
    """A target in seconds, 0 for an empty field. Raises ValueError with a sentence."""
    if not text:
        return 0
    amount = durations.parse(text)
    if amount < SHORTEST:
        raise ValueError(_("Nobody can keep a target under 15 seconds. Empty the field for no target."))
    if amount > LONGEST:
        raise ValueError(_("A target is 5 years at most. Empty the field for no target."))
    return int(amount.total_seconds())


def _plain(text: Any) -> Any:
    """A typed duration for comparing: however it is written, the same time is the same."""
    try:
        return durations.parse(str(text or ""))
    except ValueError:
        return str(text or "").strip()
