"""The demo's promises: Berlin's holidays and half days, and a policy of its own for key accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from helpdesk.demo import people
from sla.actions import create_policy, default_policy, edit_calendar, install_defaults
from sla.calendar_edits import with_days_off
from sla.days_off import public_holidays
from sla.models import Policy

KEY_ACCOUNT = "key account"
KEY_POLICY = "Key accounts"
HOLIDAYS_OF = {"country": "DE", "region": "BE"}
HALF_DAYS = {"12-24": "Christmas Eve", "12-31": "New Year’s Eve"}
_HOUR = 3600


def ensure_promises(at: datetime | None) -> None:
    """Make what is missing of the demo's calendar and policies, as if it had been set up at `at`."""
    calendar, standard = install_defaults(by=None, zone=people.TIME_ZONE, at=at)
    spec = calendar.latest.spec
    if not spec.get("holidays"):
        edit_calendar(calendar, by=None, spec=_with_berlin(spec, (at or timezone.now()).year), at=at)
    if not Policy.objects.filter(name=KEY_POLICY).exists():
        create_policy(KEY_POLICY, _key_policy(), calendar=calendar, by=None, before=standard, at=at)


def _with_berlin(spec: dict[str, Any], first: int) -> dict[str, Any]:
    years = range(first, first + 3)
    halves = {f"{year}-{day}": name for year in years for day, name in HALF_DAYS.items()}
    spec = spec | {"date_hours": {day: [["09:00", "13:00"]] for day in halves}, "names": halves}
    return with_days_off(
        spec, public_holidays(**HOLIDAYS_OF, years=years), {**HOLIDAYS_OF, "until": years[-1]}
    )


def _key_policy() -> dict[str, Any]:
    """Twice as fast as for everybody, with news at least every other day, and the supervisor told in the end."""
    spec = default_policy()
    for by_priority in spec["targets"].values():
        for target in by_priority.values():
            target["seconds"] //= 2
    spec["targets"]["periodic_update"] = {
        str(priority): {"seconds": 16 * _HOUR, "basis": "working"} for priority in (1, 2, 3, 4)
    }
    levels = [
        {"percent": -25, "tell": ["assignee"]},
        {"seconds": 0, "tell": ["assignee", "team_lead"]},
        {"seconds": _HOUR, "tell": ["supervisor"], "urgent": True},
    ]
    spec["escalations"] = {"first_response": levels, "next_response": levels}
    spec["conditions"] = [{"field": "customer_tag", "operator": "is", "values": [KEY_ACCOUNT]}]
    return spec
