"""Which survey is sent, and the words of its questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from feedback.models import COMMENT_LIMIT, CSAT_SCALE, SurveyDefinition, SurveyVersion
from tickets.events import record
from tickets.models import User

STANDARD = "Standard"
STANDARD_QUESTIONS: list[dict[str, Any]] = [
    {"key": "rating", "kind": "csat", "low": CSAT_SCALE[0], "high": CSAT_SCALE[1]},
    {"key": "comment", "kind": "text", "limit": COMMENT_LIMIT},
]


@dataclass(frozen=True)
class Choice:
    """A rating with the word that stands beside it, in the reader's language."""

    value: int
    word: str


def rating_words() -> list[str]:
    """The words of the ratings 1 to 5, in the current language."""
    return [_("Very poor"), _("Poor"), _("Fair"), _("Good"), _("Very good")]


def choices(version: SurveyVersion) -> list[Choice]:
    """The ratings that may be chosen, lowest first; the company's own words where it wrote some."""
    low, high = version.scale
    own = next(q for q in version.questions if q["kind"] == "csat").get("words")
    return [
        Choice(value, word) for value, word in zip(range(low, high + 1), own or rating_words(), strict=True)
    ]


def install_standard(*, by: User | None = None) -> SurveyDefinition:
    """The survey that a new installation sends: one rating from 1 to 5 and a comment. Made once."""
    with transaction.atomic():
        definition, created = SurveyDefinition.objects.get_or_create(name=STANDARD)
        if created:
            _add_version(definition, 1, by=by, questions=STANDARD_QUESTIONS)
        return definition


def change(definition: SurveyDefinition, *, by: User | None, **fields: Any) -> SurveyVersion:
    """A new version with other `questions`, `delay`, `open_for` or `cool_down`; surveys that are out keep
    theirs.

    Raises ValueError for a negative time.
    """
    for name in ("delay", "open_for", "cool_down"):
        if fields.get(name, timedelta(0)) < timedelta(0):
            raise ValueError(_("A time cannot be negative."))
    with transaction.atomic():
        definition = SurveyDefinition.objects.select_for_update().get(pk=definition.pk)
        last = latest_version(definition)
        kept = {name: getattr(last, name) for name in ("questions", "delay", "open_for", "cool_down")}
        if kept | fields == kept:
            return last
        return _add_version(definition, last.number + 1, by=by, **(kept | fields))


def latest_version(definition: SurveyDefinition) -> SurveyVersion:
    return definition.versions.order_by("-number")[0]


def version_to_send() -> SurveyVersion | None:
    """What is asked after a resolution; None where the company has switched surveys off."""
    active = SurveyDefinition.objects.filter(is_active=True).order_by("pk").first()
    if active is None and not SurveyDefinition.objects.exists():
        active = install_standard()
    return latest_version(active) if active else None


def _add_version(
    definition: SurveyDefinition, number: int, *, by: User | None, **fields: Any
) -> SurveyVersion:
    version = SurveyVersion.objects.create(definition=definition, number=number, created_by=by, **fields)
    data = {"definition": definition.pk, "version": version.pk}
    record("survey_definition.changed", subject=definition, by=by, data=data)
    return version
