"""The one form of the survey page."""

from __future__ import annotations

from typing import Any

from django import forms

from feedback.models import SurveyVersion
from feedback.words import off_the_scale, too_long


class AnswerForm(forms.Form):
    """A rating on the scale of the survey's version, and a comment that may be empty."""

    score = forms.IntegerField()
    comment = forms.CharField(required=False)

    def __init__(self, *args: Any, version: SurveyVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        low, high = version.scale
        choose = off_the_scale(version)
        self.fields["score"] = forms.IntegerField(
            min_value=low,
            max_value=high,
            error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), choose),
        )

    def clean_comment(self) -> str:
        comment: str = self.cleaned_data["comment"]
        limit = self.version.comment_limit
        if len(comment) > limit:
            raise forms.ValidationError(too_long(len(comment), limit))
        return comment
