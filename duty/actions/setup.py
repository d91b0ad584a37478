"""How a team shares out its tickets, and how much and when each of its people works."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from duty.models import Duty, Sharing
from sla.models import Calendar
from tickets.actions import demand_administrator
from tickets.events import record
from tickets.models import Team, User


def set_sharing(
    team: Team, *, mode: str, calendar: Calendar | None = None, by: User | None, at: datetime | None = None
) -> Sharing:
    """Choose how the tickets find their owners. Holds for what comes in from now on.

    Raises NotAllowed unless `by` administers, ValueError for an unknown mode.
    """
    demand_administrator(by)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        row, _created = Sharing.objects.get_or_create(team=team)
        mode, key = Sharing.Mode(mode).value, calendar.pk if calendar else None
        if (row.mode, row.calendar_id) != (mode, key):
            row.mode, row.calendar = mode, calendar
            row.save()
            data = {"team": team.pk, "mode": mode, "calendar": key}
            record("team.sharing_changed", subject=team, by=by, at=at, data=data)
        return row


def set_duty(
    person: User,
    *,
    limit: int | None,
    calendar: Calendar | None,
    by: User | None,
    at: datetime | None = None,
) -> Duty:
    """How many unresolved tickets a person is given at most (None: any number), and their own hours.

    Raises NotAllowed unless `by` administers, ValueError for a limit below 1.
    """
    demand_administrator(by)
    if limit is not None and limit < 1:
        raise ValueError(_("Enter a number from 1 up, or nothing."))
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        row, _created = Duty.objects.get_or_create(person_id=person.pk)
        key = calendar.pk if calendar else None
        if (row.limit, row.calendar_id) != (limit, key):
            row.limit, row.calendar = limit, calendar
            row.save()
            data = {"person": person.pk, "limit": limit, "calendar": key}
            record("person.duty_changed", subject=person, by=by, at=at, data=data)
        return row
