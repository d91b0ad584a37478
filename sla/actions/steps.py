"""What an escalation level does on its ticket: planned with the event, run once by a worker through the
ticket's own actions, all of it or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sla import queries
from sla.models import OPEN_STATES, Clock, Escalation
from tickets import actions
from tickets.actions import NotAllowed, demand_administrator
from tickets.actions.base import lock
from tickets.handover import hand_over
from tickets.models import Event, Team, Ticket, User
from tickets.queries import imported_at

logger = logging.getLogger(__name__)

LOST = timedelta(seconds=60)
"""What a worker did not run for so long was lost by the hand-over."""
AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6), timedelta(days=1))
"""What failed is tried again after so long, the first time, the second …"""


def plan_steps(events: Iterable[Event], now: datetime) -> None:
    """Write down what the levels of `sla.escalated` events have to do, and hand it over. What fell due before
    an imported ticket came into this installation is history: nothing is done about it."""
    wanted = [
        (event, level.steps)
        for event in events
        if event.kind == "sla.escalated" and (level := queries.level_of(event)) and level.steps
    ]
    if not wanted:
        return
    imported = imported_at({event.ticket_id for event, _steps in wanted if event.ticket_id})
    rows = Escalation.objects.bulk_create(
        Escalation(
            event=event,
            ticket_id=event.ticket_id,
            metric=event.data["metric"],
            instance=event.data["instance"],
            steps=steps,
            next_try_at=now + LOST,
        )
        for event, steps in wanted
        if event.ticket_id and event.at >= imported.get(event.ticket_id, event.at)
    )
    for row in rows:
        hand_over("sla.escalate", row.pk)


def run_steps(pk: int) -> bool:
    """Do what a level has to do on its ticket, unless its clock has ended. True if it was done now.

    Events, rows and the note that it is done commit together: run twice or killed in the middle, it happens
    once. What cannot be done is put aside with the reason, and tried again later.
    """
    row = Escalation.objects.filter(pk=pk, state=Escalation.State.PENDING).first()
    if row is None:
        return False
    try:
        with transaction.atomic():
            return _run(row)
    except OperationalError as error:
        logger.warning("escalation %s has to wait: %s", pk, type(error).__name__)
    except Exception as error:
        logger.exception("escalation %s of ticket %s could not be run", pk, row.ticket_id)
        Escalation.objects.filter(pk=pk, state=Escalation.State.PENDING).update(
            fault=f"{type(error).__name__}: {error}"[:500],
            faults=row.faults + 1,
            next_try_at=timezone.now() + AGAIN[min(row.faults, len(AGAIN) - 1)],
        )
    return False


def _run(row: Escalation) -> bool:
    ticket = lock(row.ticket)
    row = Escalation.objects.select_for_update().get(pk=row.pk)
    if row.state != Escalation.State.PENDING:
        return False  # somebody else was faster
    clock = Clock.objects.filter(ticket=ticket, metric=row.metric, instance=row.instance)
    needed = clock.filter(state__in=OPEN_STATES).exists()
    if needed:
        for name, value in row.steps:
            ticket = STEPS[name](ticket, value)
    row.state = Escalation.State.DONE if needed else Escalation.State.VOID
    row.ended_at, row.fault = timezone.now(), ""
    row.save(update_fields=["state", "ended_at", "fault"])
    return needed


def _raise_priority(ticket: Ticket, priority: int) -> Ticket:
    return actions.prioritize(ticket, priority, by=None) if ticket.priority < priority else ticket


def _assign(ticket: Ticket, person: int) -> Ticket:
    to = User.objects.filter(pk=person, is_active=True).first()
    if to is None:
        raise NotAllowed(_("The person to whom this escalation level gives the ticket does not work here."))
    return actions.assign(ticket, to, by=None)


def _move(ticket: Ticket, team: int) -> Ticket:
    to = Team.objects.filter(pk=team, is_active=True).first()
    if to is None:
        raise NotAllowed(
            _("The team to which this escalation level gives the ticket does not exist any more.")
        )
    return actions.move(ticket, to, by=None)


def _tag(ticket: Ticket, name: str) -> Ticket:
    return actions.tag(ticket, name, by=None)


STEPS: dict[str, Callable[[Ticket, Any], Ticket]] = {
    "raise_priority": _raise_priority,
    "assign": _assign,
    "move": _move,
    "tag": _tag,
}


def hand_over_steps(limit: int) -> int:
    """Hand over again what was lost or may be tried again. Returns how many."""
    now = timezone.now()
    waiting = Escalation.objects.filter(state=Escalation.State.PENDING, next_try_at__lt=now)
    pks = list(waiting.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    if pks:
        Escalation.objects.filter(pk__in=pks).update(next_try_at=now + LOST)
    for pk in pks:
        hand_over("sla.escalate", pk)
    return len(pks)


def retry_escalation(row: Escalation, *, by: User | None) -> None:
    """Try again what could not be done, now. Raises NotAllowed for people who do not administer."""
    demand_administrator(by)
    waiting = Escalation.objects.filter(pk=row.pk, state=Escalation.State.PENDING)
    if waiting.update(next_try_at=timezone.now() + LOST):
        hand_over("sla.escalate", row.pk)
