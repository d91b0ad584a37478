"""What is asked: the standard survey, others beside it, and changes, each a version of its own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from feedback.models import Kind, SurveyDefinition, SurveyVersion
from feedback.queries import latest_version
from feedback.questions import check
from feedback.words import STANDARD, STANDARD_QUESTIONS
from sla.matching import check_conditions
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import User

TERMS = (
    "questions",
    "delay",
    "open_for",
    "cool_down",
    "conditions",
    "sampling",
    "window_from",
    "window_to",
    "remind_after",
    "every",
)
"""What a version says; `change_survey` takes any of them."""
SHORTEST_CADENCE = timedelta(days=7)


def install_standard_survey(*, by: User | None = None) -> SurveyDefinition:
    """The survey that a new installation sends: one rating from 1 to 5 and a comment. Made once."""
    with transaction.atomic():
        definition, created = SurveyDefinition.objects.get_or_create(name=STANDARD)
        if created:
            _add_version(definition, 1, by=by, questions=STANDARD_QUESTIONS)
        return definition


def create_survey(name: str, kind: str, *, by: User | None, **terms: Any) -> SurveyDefinition:
    """A further survey, asked before those that take every ticket. `terms` as `change_survey`; not yet in
    use.

    Raises as `change_survey`; IntegrityError for a name that is taken.
    """
    demand_administrator(by)
    _check(kind, terms)
    with transaction.atomic():
        last = SurveyDefinition.objects.aggregate(last=Max("position"))["last"]
        definition = SurveyDefinition.objects.create(
            name=name, kind=Kind(kind), is_active=False, position=(last or 0) + 1
        )
        _add_version(definition, 1, by=by, **terms)
        if terms.get("conditions"):
            _put_before_those_for_all(definition)
        return definition


def _put_before_those_for_all(definition: SurveyDefinition) -> None:
    """Behind one that takes every ticket it would never be asked."""
    rows = [row for row in SurveyDefinition.objects.select_for_update() if row.pk != definition.pk]
    place = next((n for n, row in enumerate(rows) if not latest_version(row).conditions), len(rows))
    _number([*rows[:place], definition, *rows[place:]])


def move_survey(definition: SurveyDefinition, *, by: User | None, up: bool) -> None:
    """Ask this survey one place earlier or later. Raises NotAllowed as `change_survey`."""
    demand_administrator(by)
    with transaction.atomic():
        rows = list(SurveyDefinition.objects.select_for_update())
        here = next(n for n, row in enumerate(rows) if row.pk == definition.pk)
        there = here + (-1 if up else 1)
        if 0 <= there < len(rows):
            rows[here], rows[there] = rows[there], rows[here]
            _number(rows)
            _tell(rows[there], by=by)


def _number(rows: list[SurveyDefinition]) -> None:
    for position, row in enumerate(rows, 1):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])


def rename_survey(definition: SurveyDefinition, name: str, *, by: User | None) -> SurveyDefinition:
    """Another name, which only we read. Raises NotAllowed as `change_survey`."""
    demand_administrator(by)
    with transaction.atomic():
        definition = SurveyDefinition.objects.select_for_update().get(pk=definition.pk)
        if definition.name != name:
            definition.name = name
            definition.save(update_fields=["name"])
            _tell(definition, by=by)
        return definition


def switch_survey(definition: SurveyDefinition, on: bool, *, by: User | None) -> SurveyDefinition:
    """Send this survey from now on, or no more; what is planned or out goes on. Raises NotAllowed as
    `change_survey`."""
    demand_administrator(by)
    with transaction.atomic():
        definition = SurveyDefinition.objects.select_for_update().get(pk=definition.pk)
        if definition.is_active != on:
            definition.is_active = on
            definition.save(update_fields=["is_active"])
            _tell(definition, by=by)
        return definition


def change_survey(definition: SurveyDefinition, *, by: User | None, **terms: Any) -> SurveyVersion:
    """A new version with other `terms` (see TERMS); surveys that are planned or out keep theirs.

    Raises NotAllowed unless `by` is the system or an administrator, ValueError (with words for the reader)
    for a negative time, a probability that is none, or questions and conditions that cannot be asked.
    """
    demand_administrator(by)
    _check(definition.kind, terms)
    with transaction.atomic():
        definition = SurveyDefinition.objects.select_for_update().get(pk=definition.pk)
        last = latest_version(definition)
        kept = {name: getattr(last, name) for name in TERMS}
        if kept | terms == kept:
            return last
        return _add_version(definition, last.number + 1, by=by, **(kept | terms))


def _check(kind: str, terms: dict[str, Any]) -> None:
    for name in ("delay", "open_for", "cool_down", "remind_after"):
        if (terms.get(name) or timedelta(0)) < timedelta(0):
            raise ValueError(_("A time cannot be negative."))
    if terms.get("every", SHORTEST_CADENCE) < SHORTEST_CADENCE:
        raise ValueError(_("Ask the same person at most once a week."))
    if not 0 < terms.get("sampling", Decimal(1)) <= 1:
        raise ValueError(_("Ask at least some, and at most all."))
    opens, closes = terms.get("window_from"), terms.get("window_to")
    if (opens is None) != (closes is None) or (opens is not None and opens >= closes):
        raise ValueError(_("The window opens before it closes."))
    check_conditions(terms.get("conditions", []))
    if "questions" in terms:
        check(terms["questions"], kind)


def versions_in_use() -> list[SurveyVersion]:
    """What is asked at present, the latest version of each active survey, in the order in which they are
    asked; the standard survey on an installation that has none at all."""
    found = _latest_active()
    if not found and not SurveyDefinition.objects.exists():
        install_standard_survey()
        found = _latest_active()
    return found


def _latest_active() -> list[SurveyVersion]:
    rows = SurveyVersion.objects.filter(definition__is_active=True).select_related("definition")
    order = ("definition__position", "definition_id")
    return list(rows.order_by(*order, "-number").distinct(*order))


def version_to_send() -> SurveyVersion | None:
    """What is asked after a resolution for which no other survey is meant; None where none is in use."""
    found = [one for one in versions_in_use() if one.definition.kind != Kind.NPS]
    return next((one for one in found if not one.conditions), None)


def _add_version(
    definition: SurveyDefinition, number: int, *, by: User | None, **terms: Any
) -> SurveyVersion:
    version = SurveyVersion.objects.create(definition=definition, number=number, created_by=by, **terms)
    _tell(definition, by=by, version=version)
    return version


def _tell(definition: SurveyDefinition, *, by: User | None, version: SurveyVersion | None = None) -> None:
    data = {"definition": definition.pk, "version": (version or latest_version(definition)).pk}
    record("survey_definition.changed", subject=definition, by=by, data=data)
