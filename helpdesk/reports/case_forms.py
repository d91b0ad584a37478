"""What is filled in about a recovery case."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.actions.cases import LONGEST, WITH_CONTACT
from feedback.models import Recovery
from feedback.queries import cause_names

TEXT_LIMIT = 65_000
MISSING = {"required": _("Choose one.")}


class OutcomeForm(forms.Form):
    """How a case ended. How the customer was contacted is asked only while that is not known."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=Recovery.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how it ended.")},
    )
    how = forms.ChoiceField(
        label=_("How were you in contact?"),
        choices=[("", _("Not at all")), *Recovery.How.choices],
        required=False,
    )
    root_cause = forms.ChoiceField(label=_("What went wrong?"), required=False)
    action_taken = forms.CharField(
        label=_("What was done?"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea,
        help_text=_("For colleagues. The customer does not read it."),
    )

    def __init__(self, data: Any = None, *, case: Recovery) -> None:
        super().__init__(data, prefix="outcome")
        causes: Any = self.fields["root_cause"]
        causes.choices = [("", _("Choose")), *cause_names(offered=True).items()]
        self.is_contacted = case.contacted_at is not None
        if self.is_contacted:
            del self.fields["how"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        outcome = given.get("outcome")
        if outcome and outcome != Recovery.Outcome.NO_ACTION and not given.get("root_cause"):
            self.add_error("root_cause", _("Choose what went wrong."))
        if outcome in WITH_CONTACT and not self.is_contacted and not given.get("how"):
            self.add_error("how", _("Say how you were in contact with the customer."))
        return given


class AnswerForm(forms.Form):
    """Words to the customer or to the team. `once` is the form's one-time token."""

    once = forms.CharField(max_length=64, widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Your words"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea,
        error_messages={"required": _("Write something first.")},
    )


class ContactForm(forms.Form):
    how = forms.ChoiceField(
        label=_("How were you in contact?"),
        # What is left when the words were not written here.
        choices=sorted(Recovery.How.choices, key=lambda choice: choice[0] == Recovery.How.REPLY),
        error_messages=MISSING,
    )


class OwnerForm(forms.Form):
    owner = forms.ChoiceField(label=_("Owner"), required=False)

    def __init__(self, data: Any = None, *, case: Recovery, people: Any) -> None:
        super().__init__(data, initial={"owner": case.owner_id or ""})
        field: Any = self.fields["owner"]
        field.choices = [("", _("Nobody")), *((str(one.pk), str(one)) for one in people)]
