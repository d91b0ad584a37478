"""What administrators type of a topic of the portal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from helpdesk.company import company
from helpdesk.languages import spoken
from helpdesk.models import Topic
from helpdesk.setup.forms import SetupForm, words_of
from tickets.models import Priority, Team

PARTS = ("name", "description", "hint")


class TopicForm(SetupForm):
    """Its words in every language, and what a ticket about it is given."""

    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), empty_label=None)
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    tags = forms.CharField(
        label=_("Ticket tags"), required=False, max_length=500, help_text=_("Separated by commas.")
    )
    is_active = forms.BooleanField(label=_("Offered on the portal"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.filter(is_active=True)  # type: ignore[attr-defined]
        own = spoken(company().language) or settings.LANGUAGE_CODE
        for code, language in settings.LANGUAGES:
            self._add_language(code, language, required=code == own)
        self.blamed = f"name_{own}"
        self.order_fields([*(f"{part}_{code}" for code, _name in settings.LANGUAGES for part in PARTS)])

    def _add_language(self, code: str, language: str, *, required: bool) -> None:
        given = {"language": language}
        self.fields[f"name_{code}"] = forms.CharField(
            label=_t("Name, %(language)s") % given,
            max_length=60,
            required=required,
            error_messages={"required": _("Enter a name.")},
        )
        self.fields[f"description_{code}"] = forms.CharField(
            label=_t("Description, %(language)s") % given,
            max_length=200,
            required=False,
            help_text=_("Below the name, in the list that customers choose from."),
        )
        self.fields[f"hint_{code}"] = forms.CharField(
            label=_t("Hint, %(language)s") % given,
            max_length=500,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Told as soon as the topic is chosen: what to have ready, for example."),
        )
        for part in PARTS:
            self.fields[f"{part}_{code}"].widget.use_required_attribute = lambda _initial: False
            self.fields[f"{part}_{code}"].widget.attrs["lang"] = code

    def said(self) -> dict[str, Any]:
        """What was entered, as the actions take it."""
        given = self.cleaned_data
        words = {
            code: {part: given[f"{part}_{code}"] for part in PARTS} for code, _name in settings.LANGUAGES
        }
        own = {name: given[name] for name in ("team", "priority", "is_active")}
        return own | {"words": words, "tags": words_of(given["tags"])}

    @staticmethod
    def of(topic: Topic) -> dict[str, Any]:
        words = {f"{part}_{code}": said.get(part, "") for code, said in topic.words.items() for part in PARTS}
        own = {"team": topic.team_id, "priority": topic.priority, "is_active": topic.is_active}
        return words | own | {"tags": ", ".join(topic.tags)}
