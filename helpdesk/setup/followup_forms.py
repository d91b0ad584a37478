"""Rules of follow-up mail as administrators type them: for each kind a switch, when, and how much at most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from followup.actions import NewRule
from followup.models import Kind, Rule
from helpdesk.setup.forms import SetupForm

SWITCH = {
    Kind.WAITING: gettext_lazy("Remind a customer who does not answer"),
    Kind.SILENCE: gettext_lazy("Resolve the ticket when the customer stays silent"),
    Kind.THANKS: gettext_lazy("Say thank you for a good score"),
    Kind.SORRY: gettext_lazy("Say that we are sorry about a low score"),
    Kind.FIXED: gettext_lazy("Ask whether it stayed solved"),
}
HELP = {
    Kind.WAITING: gettext_lazy(
        "Once for each question, while the ticket is Waiting. Any word of the customer, another status and "
        "snoozing the ticket cancel it."
    ),
    Kind.SILENCE: gettext_lazy(
        "Counted from the reminder, without one from our last words. The mail says how to reopen it. "
        "Nobody is asked to rate what was resolved this way."
    ),
    Kind.THANKS: gettext_lazy("Satisfaction 4 or 5, effort 5 to 7, recommendation 9 or 10."),
    Kind.SORRY: gettext_lazy(
        "In the name of who owns the recovery case, else of the team lead, else of who was rated. Not sent "
        "once somebody was in contact."
    ),
    Kind.FIXED: gettext_lazy(
        "The mail has two links. “No”, sent on the page behind it, reopens the ticket. Not sent while a "
        "recovery case is open."
    ),
}
AFTER = {
    Kind.WAITING: gettext_lazy("Working days after our last words"),
    Kind.SILENCE: gettext_lazy("Working days after the reminder"),
    Kind.THANKS: gettext_lazy("Working hours after the answer"),
    Kind.SORRY: gettext_lazy("Working hours after the answer"),
    Kind.FIXED: gettext_lazy("Days after the resolution"),
}


class RuleFields(NamedTuple):
    """The fields of one rule, to be drawn."""

    kind: str
    switch: Any
    after: Any
    budget: list[Any]


class RulesForm(SetupForm):
    """The rules of some kinds, with one window for all of them."""

    def __init__(self, *args: Any, rules: Iterable[Rule], **kwargs: Any) -> None:
        self.rules = list(rules)
        first = self.rules[0]
        given: dict[str, Any] = {"window_from": first.window_from, "window_to": first.window_to}
        for rule in self.rules:
            given |= {
                f"{rule.kind}_on": rule.is_on,
                f"{rule.kind}_after": rule.after,
                f"{rule.kind}_at_most": rule.at_most,
                f"{rule.kind}_within": rule.within_days,
            }
        super().__init__(*args, initial=given, **kwargs)
        for rule in self.rules:
            self._add(Kind(rule.kind))
        for name, word in (("window_from", _("Mail leaves from")), ("window_to", _("Mail leaves until"))):
            clock = forms.TimeInput({"type": "time"}, "%H:%M")
            self.fields[name] = forms.TimeField(label=word, required=False, widget=clock)

    def _add(self, kind: Kind) -> None:
        self.fields[f"{kind}_on"] = forms.BooleanField(
            label=SWITCH[kind], required=False, help_text=HELP[kind]
        )
        for name, word, most in (
            ("after", AFTER[kind], 90),
            ("at_most", _("At most this many to one person"), 100),
            ("within", _("In this many days"), 366),
        ):
            self.fields[f"{kind}_{name}"] = forms.IntegerField(label=word, min_value=1, max_value=most)

    @property
    def drawn(self) -> list[RuleFields]:
        return [
            RuleFields(
                rule.kind,
                self[f"{rule.kind}_on"],
                self[f"{rule.kind}_after"],
                [self[f"{rule.kind}_at_most"], self[f"{rule.kind}_within"]],
            )
            for rule in self.rules
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        opens, closes = data.get("window_from"), data.get("window_to")
        if (opens is None) != (closes is None) or (opens and closes and opens >= closes):
            self.add_error("window_to", _("Enter both times, the later one last, or neither."))
        return data

    def said(self) -> list[NewRule]:
        """The rules as `followup.actions.set_rules` takes them."""
        data = self.cleaned_data
        return [
            NewRule(
                Kind(rule.kind),
                data[f"{rule.kind}_on"],
                data[f"{rule.kind}_after"],
                data[f"{rule.kind}_at_most"],
                data[f"{rule.kind}_within"],
                data["window_from"],
                data["window_to"],
            )
            for rule in self.rules
        ]
