"""What administrators type of a cause of recovery cases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from feedback.actions.causes import LONGEST_NAME
from feedback.models import Cause
from helpdesk.company import company
from helpdesk.languages import spoken
from helpdesk.setup.forms import SetupForm


class CauseForm(SetupForm):
    """Its name in every language, and whether it is offered."""

    is_active = forms.BooleanField(
        label=_("Offered when a case is closed"),
        required=False,
        initial=True,
        help_text=_("Cases and reports keep a cause that is not offered any more."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = spoken(company().language) or settings.LANGUAGE_CODE
        for code, language in settings.LANGUAGES:
            self.fields[f"name_{code}"] = field = forms.CharField(
                label=_t("Name, %(language)s") % {"language": language},
                max_length=LONGEST_NAME,
                required=code == own,
                error_messages={"required": _("Enter a name.")},
            )
            field.widget.use_required_attribute = lambda _initial: False
            field.widget.attrs["lang"] = code
        self.blamed = f"name_{own}"
        self.order_fields([f"name_{code}" for code, _name in settings.LANGUAGES])

    def names(self) -> dict[str, str]:
        """What was entered, by language."""
        return {code: self.cleaned_data[f"name_{code}"] for code, _name in settings.LANGUAGES}

    @staticmethod
    def of(cause: Cause) -> dict[str, Any]:
        names = {f"name_{code}": name for code, name in cause.words.items()}
        return names | {"is_active": cause.is_active}
