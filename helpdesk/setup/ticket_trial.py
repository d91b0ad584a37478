"""The box “Test a ticket”: what is asked of the ticket, and the answer in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.clock_words import Sources, sentence
from helpdesk.setup.policy_words import Names, clause
from helpdesk.times import deadline
from sla import ledger
from sla.models import MetricName
from sla.trial import Candidate, Due, Trial, try_ticket
from tickets.models import Channel, Organization, Priority, Team, TicketType

NOTHING_KNOWN = Sources({}, {}, {})
"""A ticket that nobody wrote has no events and no saved versions."""
YEARS = range(2000, 2100)


class TrialForm(forms.Form):
    """A ticket that nobody wrote. Stands alone or within the form of a policy, so its names have a prefix."""

    prefix = "t"
    team = forms.ModelChoiceField(
        label=gettext_lazy("Team"), queryset=Team.objects.filter(is_active=True), empty_label=None
    )
    organization = forms.CharField(
        label=gettext_lazy("Organisation"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Its name."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=[(c.value, capfirst(str(c.label))) for c in Channel]
    )
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=TicketType.choices)
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    customer_tags = forms.CharField(
        label=gettext_lazy("Customer tags"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Beside those of the organisation."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Ticket tags"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Separated by commas."),
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Opened at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Your time. Empty: now."),
        error_messages={"invalid": gettext_lazy("Enter date and time, such as 2026-11-20 16:30.")},
    )

    field_order = ("team", "priority", "channel", "type", "organization", "customer_tags", "tags", "at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.widget.use_required_attribute = lambda _initial: False

    def clean_organization(self) -> Organization | None:
        name = self.cleaned_data["organization"].strip()
        if not name:
            return None
        row = Organization.objects.filter(name__iexact=name).first()
        if row is None:
            raise forms.ValidationError(_("There is no organisation of this name."))
        return row

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at.year not in YEARS:
            raise forms.ValidationError(_("Enter a date between 2000 and 2099."))
        return at

    def point_at_fault(self) -> None:
        """Give the first field that is wrong the focus."""
        for name in self.errors:
            if name in self.fields:
                self.fields[name].widget.attrs["autofocus"] = True
                return

    @property
    def known(self) -> Mapping[str, list[Any]]:
        """The ticket as `sla.matching` asks of it."""
        said = self.cleaned_data
        one = {name: [said[name]] for name in ("channel", "type", "priority")}
        customer, organization = _tags(said["customer_tags"]), said["organization"]
        if organization:
            one["organization"] = [organization.pk]
            customer += organization.tags.values_list("name", flat=True)
        return one | {"team": [said["team"].pk], "tag": _tags(said["tags"]), "customer_tag": customer}

    @property
    def opened_at(self) -> datetime:
        return self.cleaned_data["at"] or timezone.now()


def _tags(text: str) -> list[str]:
    return [word.strip().lower() for word in text.split(",") if word.strip()]


@dataclass
class Told:
    """The answer: the policy by name ("" where none takes the ticket), and everything else in sentences."""

    name: str
    refused: list[tuple[str, str]] = field(default_factory=list)
    dues: list[tuple[str, str]] = field(default_factory=list)
    opened: str = ""


def tell(form: TrialForm, asked: Iterable[Candidate]) -> Told:
    """Try the ticket of a valid form on some policies; at most two queries for names."""
    trial = try_ticket(asked, form.known, form.opened_at)
    names = Names.for_conditions(condition for _candidate, condition in trial.refused)
    return Told(
        trial.taken.name if trial.taken else "",
        [(candidate.name, _refusal(clause(each, names))) for candidate, each in trial.refused],
        [(str(MetricName(due.metric).label), _sentence(due)) for due in _shown(trial)],
        deadline(form.opened_at),
    )


def _refusal(words: str) -> str:
    return _("takes only tickets whose %(condition)s") % {"condition": words}


def _shown(trial: Trial) -> list[Due]:
    return [due for due in trial.dues if due.reading is not None]


def _sentence(due: Due) -> str:
    """One clock in the words in which a real ticket tells it, as of the opening."""
    reading = due.reading
    assert reading is not None
    told = sentence(ledger.explain(reading, reading.started_at), NOTHING_KNOWN)
    return _("If the customer writes again then: %(sentence)s") % {"sentence": told} if due.later else told
