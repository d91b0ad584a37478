"""Letting a change of policy or calendar hold for tickets that are open already."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sla.models import Calendar, Policy
from tickets import access
from tickets.actions import NotAllowed, ask_job
from tickets.actions.base import instant
from tickets.events import record
from tickets.models import Job, Ticket, User


def recompute_open(by: User | None, policy: Policy | None = None, calendar: Calendar | None = None) -> Job:
    """Have the latest versions applied to the unresolved tickets that a policy or a calendar is about
    (without either: to all). What was consumed is kept, recorded breaches stay, the tickets' `updated_at`
    is not touched.

    Raises NotAllowed for people who may not set up.
    """
    if by is not None and not access.can_set_promises(by):
        raise NotAllowed(_("Only supervisors and administrators change calendars and policies."))
    named = {"policy": policy.pk if policy else None, "calendar": calendar.pk if calendar else None}
    arguments = {key: value for key, value in named.items() if value is not None}
    return ask_job("sla.recompute", by=by, arguments=arguments)


def apply_again(ticket: Ticket, policy_version: int | None, calendar_version: int | None) -> None:
    """Record that these versions hold for a ticket from now on. Its lock is held."""
    data = {"policy_version": policy_version, "calendar_version": calendar_version}
    record("sla.applied", ticket=ticket, subject=ticket, at=instant(None, ticket), data=data)
