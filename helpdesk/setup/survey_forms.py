"""A survey as administrators type it: what it asks in each language, whom, when, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from feedback.models import Kind, SurveyDefinition, SurveyVersion
from feedback.questions import CHOOSING, COMMENT_LIMIT, LOW, SCALES, QuestionError, check
from feedback.words import STANDARD_QUESTIONS, text_of
from helpdesk.setup import condition_forms, rows
from helpdesk.setup.forms import SetupForm
from helpdesk.setup.policy_words import FIELD_WORDS, Names
from sla.matching import FIELDS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PREFIX = "q"
ALL, AFTER_LOW, AFTER_OTHER, AS_BEFORE = "all", "low", "other", "before"
QUESTION_WORDS = {
    "one": gettext_lazy("One reason of several"),
    "many": gettext_lazy("Several reasons"),
    "text": gettext_lazy("Free words"),
    "ces": gettext_lazy("Effort, 1 to 7"),
}
DAYS_WORDS = gettext_lazy("Days of rest for a person")


@dataclass
class QuestionRow:
    """One question after the rating, in the form."""

    number: int
    kind: str
    word: str
    hidden: list[forms.BoundField]
    put: forms.BoundField
    texts: list[forms.BoundField]
    choices: list[forms.BoundField]


class SurveyForm(SetupForm):
    """All of a survey's version. `kind` is fixed when it is made."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Customers do not see it.")
    )
    delay_hours = forms.DecimalField(
        label=gettext_lazy("Working hours from resolution to sending"),
        min_value=0,
        max_value=400,
        decimal_places=2,
        help_text=gettext_lazy("A ticket that reopens meanwhile is not asked about."),
    )
    every_days = forms.IntegerField(
        label=gettext_lazy("Days until a customer is asked again"),
        min_value=7,
        max_value=730,
        help_text=gettext_lazy("The first time falls somewhere within them, so that answers come evenly."),
    )
    rest_days = forms.IntegerField(
        label=DAYS_WORDS,
        min_value=0,
        max_value=365,
        help_text=gettext_lazy("Whoever was asked anything within these days is not asked again."),
    )
    open_days = forms.IntegerField(label=gettext_lazy("Days the link stays open"), min_value=1, max_value=90)
    remind_days = forms.IntegerField(
        label=gettext_lazy("Days until the one reminder"),
        min_value=1,
        max_value=89,
        required=False,
        help_text=gettext_lazy("Empty: nobody is reminded."),
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Ask so many of 100"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        help_text=gettext_lazy("They are drawn by lot; each survey notes its chance."),
    )
    window_from = forms.TimeField(
        label=gettext_lazy("Mail leaves from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("On the customer’s clock. Empty: at any hour."),
    )
    window_to = forms.TimeField(
        label=gettext_lazy("until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    add = forms.ChoiceField(label=gettext_lazy("Add a question"), required=False)
    condition = forms.ChoiceField(label=gettext_lazy("Add a condition on"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Preview in"), required=False)
    blamed = "name"

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        kind: str,
        definition: SurveyDefinition | None = None,
        version: SurveyVersion | None = None,
        **more: Any,
    ) -> None:
        self.kind, self.definition, self.version = kind, definition, version
        more.setdefault("initial", self._saved())
        super().__init__(data, **more)
        source = self.initial if data is None else data
        del self.fields["delay_hours" if kind == Kind.NPS else "every_days"]
        self._choice("condition", [(name, FIELD_WORDS[name]) for name in FIELDS])
        self._choice("add", [(one, word) for one, word in QUESTION_WORDS.items() if one != kind])
        self._choice("language", list(settings.LANGUAGES))
        self._add_texts("text", kind)
        self.asked_rows = self._add_questions(source)
        self.conditions_found = condition_forms.add_fields(self, source)

    def _choice(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _add_texts(self, start: str, kind: str) -> None:
        for code, word in settings.LANGUAGES:
            with override(code):
                ours = text_of({"kind": kind}, "…")
            self.fields[f"{start}_{_field_code(code)}"] = forms.CharField(
                label=_("Question (%(language)s)") % {"language": word},
                required=False,
                max_length=300,
                help_text=_("Empty: %(words)s") % {"words": ours},
            )

    def _add_questions(self, source: Mapping[str, Any]) -> list[tuple[int, str]]:
        found = []
        for number in rows.numbers(source, PREFIX):
            kind = str(source.get(f"{PREFIX}-{number}-kind") or "")
            if kind in QUESTION_WORDS:
                self._add_question(f"{PREFIX}-{number}-", kind)
                found.append((number, kind))
        return found

    def _add_question(self, start: str, kind: str) -> None:
        for name in ("kind", "key", "low", "high"):
            self.fields[start + name] = forms.CharField(required=False, widget=forms.HiddenInput)
        highest = LOW[self.kind]
        lowest, best = SCALES[self.kind]
        self.fields[start + "put"] = forms.ChoiceField(
            label=_("Put to"),
            choices=[
                (ALL, _("everybody")),
                (AFTER_LOW, _("who rated %(low)d to %(high)d") % {"low": lowest, "high": highest}),
                (AFTER_OTHER, _("who rated %(low)d to %(high)d") % {"low": highest + 1, "high": best}),
                (AS_BEFORE, _("whom it was put to so far")),
            ],
        )
        self._add_texts(f"{start}text", kind)
        for code, word in settings.LANGUAGES:
            if kind in CHOOSING:
                self.fields[f"{start}choices_{_field_code(code)}"] = forms.CharField(
                    label=_("Reasons (%(language)s)") % {"language": word},
                    required=False,
                    max_length=5000,
                    widget=forms.Textarea(attrs={"rows": 4}),
                    help_text=_("One a line, in the same order in each language."),
                )

    # --- drawing --------------------------------------------------------------------------------------

    def redrawn(self, data: QueryDict) -> SurveyForm:
        """The form with what was posted, and without complaints."""
        about = {"kind": self.kind, "definition": self.definition, "version": self.version}
        return SurveyForm(initial=rows.typed(SurveyForm(data, **about)), **about)  # type: ignore[arg-type]

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[f"text_{_field_code(code)}"] for code, _word in settings.LANGUAGES]

    @property
    def terms(self) -> list[forms.BoundField]:
        names = ("delay_hours", "every_days", "rest_days", "open_days", "remind_days", "percent")
        return [self[name] for name in (*names, "window_from", "window_to") if name in self.fields]

    @property
    def question_rows(self) -> list[QuestionRow]:
        codes = [_field_code(code) for code, _word in settings.LANGUAGES]
        drawn = []
        for number, kind in self.asked_rows:
            start = f"{PREFIX}-{number}-"
            drawn.append(
                QuestionRow(
                    number,
                    kind,
                    str(QUESTION_WORDS[kind]),
                    [self[start + name] for name in ("kind", "key", "low", "high")],
                    self[start + "put"],
                    [self[f"{start}text_{code}"] for code in codes],
                    [self[f"{start}choices_{code}"] for code in codes] if kind in CHOOSING else [],
                )
            )
        return drawn

    @cached_property
    def names(self) -> Names:
        return Names.for_conditions(self.version.conditions if self.version else [])

    @property
    def conditions(self) -> list[condition_forms.ConditionRow]:
        saved = self.version.conditions if self.version else []
        return condition_forms.bound(self, self.conditions_found, saved, self.names)

    def _saved(self) -> dict[str, Any]:
        version = self.version or SurveyVersion(
            questions=_new_questions(self.kind), window_from=time(8), window_to=time(20)
        )
        found: dict[str, Any] = {
            "name": self.definition.name if self.definition else "",
            "delay_hours": f"{version.delay / HOUR:g}",
            "every_days": f"{version.every / DAY:g}",
            "rest_days": f"{version.cool_down / DAY:g}",
            "open_days": f"{version.open_for / DAY:g}",
            "remind_days": f"{version.remind_after / DAY:g}" if version.remind_after else "",
            "percent": f"{version.sampling * 100:.2f}".rstrip("0").rstrip("."),
            "window_from": version.window_from,
            "window_to": version.window_to,
        }
        found |= {f"text_{code}": text for code, text in _texts(version.questions[0]).items()}
        for number, question in enumerate(version.questions[1:]):
            found |= {f"{PREFIX}-{number}-{key}": value for key, value in self._row(question).items()}
        return found | condition_forms.initial(version.conditions, self.names)

    def _row(self, question: Mapping[str, Any]) -> dict[str, Any]:
        when = question.get("when")
        found: dict[str, Any] = {"kind": question["kind"], "key": question["key"], "put": ALL}
        if when:
            ends = (when["low"], when["high"])
            known = {self._ends(AFTER_LOW): AFTER_LOW, self._ends(AFTER_OTHER): AFTER_OTHER}
            found |= {"put": known.get(ends, AS_BEFORE), "low": when["low"], "high": when["high"]}
        found |= {f"text_{code}": text for code, text in _texts(question).items()}
        for code, _word in settings.LANGUAGES:
            lines = [choice["texts"].get(code, "") for choice in question.get("choices", ())]
            found[f"choices_{_field_code(code)}"] = "\n".join(lines).strip("\n")
        return found

    def _ends(self, put: str) -> tuple[int, int]:
        lowest, best = SCALES[self.kind]
        return (lowest, LOW[self.kind]) if put == AFTER_LOW else (LOW[self.kind] + 1, best)

    # --- reading --------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["conditions"] = condition_forms.read(self, self.conditions_found)
        try:
            data["questions"] = check(self.questions(data), self.kind)
        except QuestionError as refusal:
            faulty = self._faulty()
            self.add_error(faulty, str(refusal))
        if data.get("remind_days") and data.get("open_days") and data["remind_days"] >= data["open_days"]:
            self.add_error("remind_days", _("Remind before the link closes."))
        return data

    def _faulty(self) -> str:
        """The first list of reasons that is too short, else the name: something has to be pointed at."""
        for row in self.question_rows:
            if row.choices and len((row.choices[0].value() or "").split("\n")) < 2:
                return row.choices[0].name
        return "name"

    def questions(self, data: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What is asked, from cleaned or from typed values."""
        before = self.version.questions if self.version else []
        first = dict(before[0]) if before else {"key": "rating", "kind": self.kind}
        found = [_with_texts(first, _said(data, "text_"))]
        keys = {str(data.get(f"{PREFIX}-{number}-key") or "") for number, _kind in self.asked_rows}
        for number, kind in self.asked_rows:
            start = f"{PREFIX}-{number}-"
            key = str(data.get(start + "key") or "")
            if not key:
                key = next(f"q{n}" for n in range(1, 100) if f"q{n}" not in keys)
                keys.add(key)
            old: dict[str, Any] = next((one for one in before if one["key"] == key), {})
            found.append(self._question(data, start, kind, {**old, "key": key, "kind": kind}))
        return found

    def _question(
        self, data: Mapping[str, Any], start: str, kind: str, question: dict[str, Any]
    ) -> dict[str, Any]:
        question = _with_texts(question, _said(data, f"{start}text_"))
        put = data.get(start + "put") or ALL
        question.pop("when", None)
        if put in (AFTER_LOW, AFTER_OTHER):
            low, high = self._ends(put)
            question["when"] = {"key": "rating", "low": low, "high": high}
        elif put == AS_BEFORE and str(data.get(start + "low")).isdigit():
            ends = {"low": int(data[start + "low"]), "high": int(data[start + "high"])}
            question["when"] = {"key": "rating", **ends}
        if kind == "text":
            question.setdefault("limit", COMMENT_LIMIT)
        if kind in CHOOSING:
            lines = {
                code: (data.get(f"{start}choices_{_field_code(code)}") or "").splitlines()
                for code, _word in settings.LANGUAGES
            }
            question["choices"] = _choices(lines, question.get("choices") or [])
        return question

    def terms_said(self) -> dict[str, Any]:
        """The terms of the version, as `feedback.actions.change_survey` takes them."""
        said = self.cleaned_data
        found = {
            "questions": said["questions"],
            "conditions": said["conditions"],
            "cool_down": said["rest_days"] * DAY,
            "open_for": said["open_days"] * DAY,
            "remind_after": said["remind_days"] * DAY if said["remind_days"] else None,
            "sampling": said["percent"] / 100,
            "window_from": said["window_from"],
            "window_to": said["window_to"],
        }
        if self.kind == Kind.NPS:
            return found | {"every": said["every_days"] * DAY}
        return found | {"delay": float(said["delay_hours"]) * HOUR}


def _field_code(code: str) -> str:
    return code.replace("-", "_")


def _texts(question: Mapping[str, Any]) -> dict[str, str]:
    return {_field_code(code): text for code, text in question.get("texts", {}).items()}


def _said(data: Mapping[str, Any], start: str) -> dict[str, str]:
    """The words of each language in which there are any."""
    found = {
        code: str(data.get(start + _field_code(code)) or "").strip() for code, _word in settings.LANGUAGES
    }
    return {code: text for code, text in found.items() if text}


def _with_texts(question: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    question = {key: value for key, value in question.items() if key != "texts"}
    return question | {"texts": texts} if texts else question


def _choices(lines: Mapping[str, list[str]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons line by line in every language. One whose words stand as they stood in some language keeps its
    key, so that answers to several versions are counted together."""
    found: list[dict[str, Any]] = []
    for nth in range(max((len(each) for each in lines.values()), default=0)):
        texts = {code: each[nth].strip() for code, each in lines.items() if nth < len(each)}
        texts = {code: text for code, text in texts.items() if text}
        if not texts:
            continue
        old = next((one["key"] for one in before if set(one["texts"].items()) & set(texts.items())), "")
        key = old or slugify(next(iter(texts.values())))[:36] or f"reason-{nth + 1}"
        taken = {one["key"] for one in found}
        while key in taken:
            key += "-"
        found.append({"key": key, "texts": texts})
    return found


def _new_questions(kind: str) -> list[dict[str, Any]]:
    """What a new survey begins with: the rating, and room for a comment."""
    return [{"key": "rating", "kind": kind}, STANDARD_QUESTIONS[1]]
