"""Deadlines set by hand: they freeze a clock's due time until they are released."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from sla.metrics import ASIDES
from sla.models import OPEN_STATES, Clock
from sla.rules import LONGEST
from tickets import actions
from tickets.actions import NotAllowed
from tickets.actions.base import demand_work, instant, lock
from tickets.events import record
from tickets.models import Ticket, User


def set_deadline(
    ticket: Ticket,
    metric: str,
    due_at: datetime,
    *,
    by: User | None,
    reason: str = "",
    at: datetime | None = None,
) -> Clock:
    """Let the open clock of `metric` be due at `due_at` (aware, cut to the second), whatever priority, status
    and policy do.

    The `reason` is kept as a note to the team. Raises `NotAllowed` for people who may not work on the ticket
    and for a clock that is not open, ValueError with a sentence for an instant that is over or years away.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        at, due_at = instant(at, ticket), due_at.replace(microsecond=0)
        clock = _open_clock(ticket, metric)
        if not at < due_at:
            raise ValueError(_("Choose a time that is still to come."))
        if due_at - at > LONGEST:
            raise ValueError(_("Choose a time within five years."))
        if clock.due_set_at is not None and clock.due_at == due_at:
            return clock
        data = {"metric": clock.metric, "instance": clock.instance, "due_at": due_at}
        if reason.strip() and by is not None:
            data["note"] = actions.add_note(ticket, reason, by=by, at=at).pk
        record("sla.deadline_set", ticket=ticket, subject=clock, by=by, at=at, data=data)
        return Clock.objects.get(ticket=ticket, metric=clock.metric, instance=clock.instance)


def release_deadline(ticket: Ticket, metric: str, *, by: User | None, at: datetime | None = None) -> Clock:
    """Let the open clock of `metric` be due by the policy again, with what it consumed so far."""
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        clock = _open_clock(ticket, metric)
        if clock.due_set_at is None:
            return clock
        data = {"metric": clock.metric, "instance": clock.instance}
        record(
            "sla.deadline_released", ticket=ticket, subject=clock, by=by, at=instant(at, ticket), data=data
        )
        return Clock.objects.get(ticket=ticket, metric=clock.metric, instance=clock.instance)


def _open_clock(ticket: Ticket, metric: str) -> Clock:
    clocks = Clock.objects.filter(ticket=ticket, metric=metric, state__in=OPEN_STATES)
    clocks = clocks.exclude(metric__in=ASIDES)
    clock = clocks.order_by("-instance").first()
    if clock is None:
        raise NotAllowed(_("This clock does not run any more. Its due time cannot be changed."))
    return clock
