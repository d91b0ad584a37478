"""What is asked: the standard survey, and changes, each of which is a version of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from feedback.models import SurveyDefinition, SurveyVersion
from feedback.queries import latest_version
from feedback.words import STANDARD, STANDARD_QUESTIONS
from tickets import access
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.models import User


def install_standard_survey(*, by: User | None = None) -> SurveyDefinition:
    """The survey that a new installation sends: one rating from 1 to 5 and a comment. Made once."""
    with transaction.atomic():
        definition, created = SurveyDefinition.objects.get_or_create(name=STANDARD)
        if created:
            _add_version(definition, 1, by=by, questions=STANDARD_QUESTIONS)
        return definition


def switch_survey(definition: SurveyDefinition, on: bool, *, by: User | None) -> SurveyDefinition:
    """Send this survey after resolutions from now on, or no more. Raises NotAllowed as `change_survey`."""
    _demand_administrator(by)
    with transaction.atomic():
        definition = SurveyDefinition.objects.select_for_update().get(pk=definition.pk)
        if definition.is_active != on:
            definition.is_active = on
            definition.save(update_fields=["is_active"])
            data = {"definition": definition.pk, "version": latest_version(definition).pk}
            record("survey_definition.changed", subject=definition, by=by, data=data)
        return definition


def _demand_administrator(by: User | None) -> None:
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators may do this."))


def change_survey(definition: SurveyDefinition, *, by: User | None, **fields: Any) -> SurveyVersion:
    """A new version with other `questions`, `delay`, `open_for` or `cool_down`; surveys that are out keep
    theirs.

    Raises NotAllowed unless `by` is the system or an administrator, ValueError for a negative time.
    """
    _demand_administrator(by)
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


def version_to_send() -> SurveyVersion | None:
    """What is asked after a resolution; None where the company has switched surveys off."""
    active = SurveyDefinition.objects.filter(is_active=True).order_by("pk").first()
    if active is None and not SurveyDefinition.objects.exists():
        active = install_standard_survey()
    return latest_version(active) if active else None


def _add_version(
    definition: SurveyDefinition, number: int, *, by: User | None, **fields: Any
) -> SurveyVersion:
    version = SurveyVersion.objects.create(definition=definition, number=number, created_by=by, **fields)
    data = {"definition": definition.pk, "version": version.pk}
    record("survey_definition.changed", subject=definition, by=by, data=data)
    return version
