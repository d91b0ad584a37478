"""Switching follow-ups on and off, and saying when they go out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from followup.models import STANDARD, Kind, Rule
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import Team, User

FIELDS = ("after", "at_most", "within_days", "window_from", "window_to")


@dataclass(frozen=True)
class NewRule:
    """What a rule is to say. See `followup.models.Rule`."""

    kind: Kind
    is_on: bool
    after: int
    at_most: int
    within_days: int
    window_from: time | None = time(8)
    window_to: time | None = time(20)


def set_rules(
    rules: Iterable[NewRule], *, team: Team | None = None, by: User | None, at: datetime | None = None
) -> list[Rule]:
    """Say how some kinds of follow-up go out, of a team's or of the company's. What is planned keeps its
    time; what is switched off is not sent any more, and what is switched on begins now.

    Raises NotAllowed unless `by` administers, ValueError for numbers below 1 and a window that never opens.
    """
    demand_administrator(by)
    at = at or timezone.now()
    with transaction.atomic():
        if team is not None:
            Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        return [_set(said, team, by, at) for said in rules]


def _set(said: NewRule, team: Team | None, by: User | None, at: datetime) -> Rule:
    if min(said.after, said.at_most, said.within_days) < 1:
        raise ValueError(_("Enter a number from 1 up."))
    opens, closes = said.window_from, said.window_to
    if (opens is None) != (closes is None) or (opens is not None and closes is not None and opens >= closes):
        raise ValueError(_("Say from when until when mail may leave, or leave both empty."))
    rule = Rule.objects.filter(team=team, kind=said.kind).first()
    if rule is None:
        rule = Rule(team=team, kind=said.kind, on_since=None, **vars(STANDARD[said.kind]))
        if said == _said_by(rule):
            return rule
    changed = [name for name in FIELDS if getattr(rule, name) != getattr(said, name)]
    for name in changed:
        setattr(rule, name, getattr(said, name))
    if rule.is_on != said.is_on:
        rule.on_since = at if said.is_on else None
        changed.append("on_since")
    if changed:
        rule.save()
        data = {"rule": rule.pk, "kind": rule.kind, "team": rule.team_id, "fields": changed}
        record("followup_rule.changed", subject=rule, by=by, at=at, data=data)
    return rule


def _said_by(rule: Rule) -> NewRule:
    return NewRule(Kind(rule.kind), rule.is_on, **{name: getattr(rule, name) for name in FIELDS})
