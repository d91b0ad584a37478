"""Asking what rules would have come to on past tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from sla.calendar import compile_calendar
from sla.matching import check_conditions
from sla.models import Calendar, Policy
from sla.rules import PolicyError, parse_rules
from tickets import access
from tickets.actions import NotAllowed, ask_job
from tickets.models import Job, User

Draft = tuple[Policy | None, dict[str, Any]]


def simulate(
    by: User | None,
    *,
    since: datetime,
    until: datetime,
    policies: Sequence[Draft] = (),
    calendar: Calendar | None = None,
    calendar_spec: dict[str, Any] | None = None,
    zone: str = "UTC",
) -> Job:
    """Have drafts run over the tickets opened from `since` to before `until`; nothing but the job is written.

    Drafts are specs of policies (None: of a new one, asked last; unsaved: of one to be asked there),
    counted in `calendar` where given, and `calendar_spec`, the draft hours of `calendar`. Without any, all
    rules are tried as they stand now. Misses are gathered by the hours of `zone`. Raises `PolicyError`,
    `CalendarError` and NotAllowed.
    """
    if by is not None and not access.can_set_promises(by):
        raise NotAllowed(_("Only supervisors and administrators change calendars and policies."))
    if since >= until:
        raise PolicyError(_("The period ends before it begins."))
    for _policy, spec in policies:
        parse_rules({key: value for key, value in spec.items() if key != "conditions"})
        check_conditions(spec.get("conditions") or [])
    if calendar_spec is not None:
        compile_calendar(calendar_spec)
    arguments = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "now": timezone.now().isoformat(),
        "zone": zone,
        "policies": [
            {
                "policy": policy.pk if policy else None,
                "position": policy.position if policy else None,
                "spec": spec,
            }
            for policy, spec in policies
        ],
        "calendar": calendar.pk if calendar else None,
        "calendar_spec": calendar_spec,
    }
    return ask_job("sla.simulate", by=by, arguments=arguments)
