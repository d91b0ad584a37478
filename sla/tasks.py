"""What workers do for the clocks. Every task may run twice, late, or be killed half-way: same result."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db import connection, transaction
from django.db.models.functions import Now

from sla import actions
from sla.models import Clock
from tickets.handover import hand_over
from tickets.models import Ticket

logger = logging.getLogger(__name__)

BATCH = 200
BATCHES = 60
"""At most so many batches a run; the next run of the sweep goes on."""
AGAIN = timedelta(minutes=5)
"""A clock that could not be checked is tried again after so long."""
LEFT_BEHIND = timedelta(seconds=30)
"""A stopped clock that nobody measured for so long was lost by the hand-over."""


@shared_task(name="sla.measure")
def measure(pk: int) -> bool:
    """Write the measurement of a stopped clock. False where there was nothing to do."""
    with transaction.atomic():
        clock = Clock.objects.select_for_update(of=("self",)).select_related("ticket").filter(pk=pk).first()
        return clock is not None and actions.measure_clock(clock) is not None


@shared_task(name="sla.sweep_clocks")
def sweep_clocks() -> dict[str, int]:
    """Warn of clocks that are nearly due, breach those that are over, hand over what was left unmeasured."""
    told = {"warned": 0, "breached": 0, "handed_over": hand_over_unmeasured()}
    for _batch in range(BATCHES):
        with transaction.atomic():
            words = check_batch()
        if not words:
            break
        for word in filter(None, words):
            told[word] += 1
    return told


def check_batch() -> list[str]:
    """Claim and check one batch of due clocks. The instant that counts is the database's."""
    due = Clock.objects.filter(next_check_at__lt=Now()).order_by("next_check_at")
    claimed = due.select_for_update(of=("ticket",), skip_locked=True).select_related("ticket")[:BATCH]
    tickets = {clock.pk: clock.ticket for clock in claimed}
    # Read again under the tickets' locks: an action may have stopped a clock since the claim was planned.
    clocks = Clock.objects.filter(pk__in=tickets).order_by("next_check_at", "pk")
    now = database_now()
    return [_check(clock, tickets[clock.pk], now) for clock in clocks]


def _check(clock: Clock, ticket: Ticket, now: datetime) -> str:
    """One clock, on its own: what is broken in one ticket is put aside and stops no other."""
    try:
        with transaction.atomic():
            return actions.check_clock(clock, ticket, now)
    except Exception as error:
        logger.exception("clock %s of ticket %s could not be checked", clock.pk, ticket.pk)
        fault = f"{type(error).__name__}: {error}"[:500]
        Clock.objects.filter(pk=clock.pk).update(next_check_at=now + AGAIN, fault=fault)
        return ""


def hand_over_unmeasured() -> int:
    """Hand over clocks that stopped a while ago and have no measurement."""
    lost = Clock.objects.filter(needs_measuring=True, stopped_at__lt=Now() - LEFT_BEHIND)
    pks = list(lost.order_by("stopped_at").values_list("pk", flat=True)[: BATCH * 5])
    for pk in pks:
        hand_over("sla.measure", pk)
    return len(pks)


def database_now() -> datetime:
    """The database's clock: hosts may disagree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
