"""What saving would do to open tickets, shown before it is done: for policies and calendars alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from sla.models import MetricName
from sla.recompute import Example, Preview

NEW, OPEN = "new", "open"
APPLY = [
    (NEW, gettext_lazy("Only tickets opened from now")),
    (OPEN, gettext_lazy("Change open tickets too")),
]


class ReachMixin(forms.Form):
    """Fields that say whether a change holds for open tickets, and of which draft a dry run was seen."""

    apply = forms.ChoiceField(
        label=gettext_lazy("It holds for"),
        choices=APPLY,
        initial=NEW,
        required=False,
        widget=forms.RadioSelect,
    )
    checked = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)


@dataclass
class DryRun:
    """A dry run as the page shows it. `kinds` are (key, number, examples) in the order of the page."""

    preview: Preview
    at: datetime
    checked: str

    @property
    def unchanged(self) -> int:
        """Tickets on which no due time changes."""
        return self.preview.looked_at - self.preview.tickets

    def examples(self, *kinds: str) -> list[tuple[Example, str]]:
        """Some of the due times of these kinds, each with its metric in words."""
        found = [each for kind in kinds for each in self.preview.of_kind(kind)]
        return [(each, str(MetricName(each.metric).label)) for each in found]


def run(look: Callable[[], Preview], draft: Any) -> DryRun:
    """Look at the open tickets; `draft` is all that would be saved."""
    return DryRun(look(), timezone.now(), fingerprint(draft))


def fingerprint(draft: Any) -> str:
    """The same for the same draft, so that a dry run is not taken for that of another one."""
    return hashlib.sha256(json.dumps(draft, sort_keys=True, default=str).encode()).hexdigest()


def must_look_first(form: forms.Form, draft: Any) -> bool:
    """Whether a valid form asks for open tickets to be changed and nobody has seen what that does."""
    said = form.cleaned_data
    return said.get("apply") == OPEN and said.get("checked") != fingerprint(draft)
