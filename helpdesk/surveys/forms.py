"""The one form of the survey page."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict

from feedback.asking import COMMENT, SCORE, field_names
from feedback.models import SurveyVersion
from feedback.questions import SCALES, Unfit, read


class AnswerForm(forms.Form):
    """A field for each question of a version. What was not asked of this person (a branch that the rating
    does not lead to) is neither judged nor taken."""

    def __init__(self, data: QueryDict | None = None, *, version: SurveyVersion) -> None:
        super().__init__(data)
        self.questions = version.questions
        self.names = field_names(version.questions)
        for question in self.questions:
            self.fields[self.names[question["key"]]] = _field(question["kind"])

    @property
    def typed(self) -> dict[str, Any]:
        """What was sent, as the page shows it again."""
        return {bound.name: bound.value() for bound in self}

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        by_key = {key: said.get(name) for key, name in self.names.items()}
        for question in self.questions:
            if question["kind"] in SCALES:
                by_key[question["key"]] = _number(by_key[question["key"]])
        try:
            read(self.questions, by_key)
        except Unfit as unfit:
            for key, problem in unfit.problems.items():
                self.add_error(self.names[key], problem)
        given = {key: value for key, value in by_key.items() if self.names[key] not in (SCORE, COMMENT)}
        return {
            "score": by_key[self.questions[0]["key"]],
            "comment": said.get(COMMENT) or "",
            "given": given,
        }


def _field(kind: str) -> forms.Field:
    if kind == "text":
        return forms.CharField(required=False)
    if kind == "many":
        return forms.Field(required=False, widget=forms.SelectMultiple)
    return forms.Field(required=False)


def _number(typed: Any) -> Any:
    """A whole number as it was sent; None for nothing, and whatever is no number as it is."""
    return int(typed) if re.fullmatch(r"[0-9]{1,3}", typed or "") else typed or None
