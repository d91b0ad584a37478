"""Going away and coming back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from duty import queries
from duty.models import Duty
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.models import Ticket, User

AWAY = "away"
"""Why a ticket was put back: its owner went away."""


@dataclass(frozen=True)
class HandedBack:
    """How many tickets went back into the queue, and how many were no longer the person's to give."""

    done: int = 0
    skipped: int = 0


def go_away(
    person: User,
    *,
    by: User | None,
    until: datetime | None = None,
    hand_back: Iterable[int] = (),
    at: datetime | None = None,
) -> HandedBack:
    """From now on `person` is given no ticket, until they come back or `until` (aware) has passed.

    They keep what they own, except for the numbers in `hand_back`: of these goes back what is unresolved and
    waits for an answer. Raises NotAllowed, and ValueError with a sentence for an `until` that is over.
    """
    at = at or timezone.now()
    _demand_self(by, person)
    if until is not None and until <= at:
        raise ValueError(_("Choose a time that is still to come."))
    with transaction.atomic():
        duty = _locked(person)
        if (duty.is_away(at), duty.away_until) != (True, until):
            duty.away_since = duty.away_since if duty.is_away(at) else at
            duty.away_until = until
            duty.save()
            data = {"person": person.pk, "until": until}
            record("person.went_away", subject=person, by=by, at=at, data=data)
    return _hand_back(person, sorted(set(hand_back)), by=by)


def _hand_back(person: User, numbers: list[int], *, by: User | None) -> HandedBack:
    """Each in a transaction of its own: one that somebody holds does not keep the others."""
    owed = set(queries.owed_by(person).filter(pk__in=numbers).values_list("pk", flat=True))
    done = 0
    for ticket in Ticket.objects.filter(pk__in=owed).order_by("pk"):
        try:
            actions.assign(ticket, None, by=by, expected=person.pk, reason=AWAY)
            done += 1
        except NotAllowed:  # somebody took it meanwhile
            continue
    return HandedBack(done, len(numbers) - done)


def come_back(person: User, *, by: User | None, at: datetime | None = None) -> None:
    """From now on `person` is given tickets again."""
    at = at or timezone.now()
    _demand_self(by, person)
    with transaction.atomic():
        duty = _locked(person)
        was_away = duty.is_away(at)
        if duty.away_since is not None:
            duty.away_since = duty.away_until = None
            duty.save()
        if was_away:
            record("person.came_back", subject=person, by=by, at=at, data={"person": person.pk})


def _locked(person: User) -> Duty:
    """The person's duty under its lock, made where there was none."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    return Duty.objects.get_or_create(person_id=person.pk)[0]


def _demand_self(by: User | None, person: User) -> None:
    if not access.is_member(person):
        raise NotAllowed(_("Only people who work here can be away."))
    if by is not None and by.pk != person.pk and not access.is_overseer(by):
        raise NotAllowed(_("You may not say this for somebody else."))
