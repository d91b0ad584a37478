"""What workers do for the clocks. Every task may run twice, late, or be killed half-way: same result."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from sla import actions, queries
from sla.models import Clock
from tickets.handover import hand_over
from tickets.models import Ticket

logger = logging.getLogger(__name__)

BATCH = 400
SECONDS = 12.0
"""A run of the sweep ends after so long, so that other work gets its turn; the next run goes on."""
LEFT_BEHIND = timedelta(seconds=30)
"""A stopped clock that nobody measured for so long was lost by the hand-over."""


@shared_task(name="sla.measure")
def measure(pk: int) -> bool:
    """Write the measurement of a stopped clock. False where there was nothing to do."""
    with transaction.atomic():
        # The ticket first, as actions do: they write its clocks under its lock, and a measurement, which
        # points to the ticket, would wait for them with the clock in its hands.
        tickets = Ticket.objects.filter(pk__in=Clock.objects.filter(pk=pk).values("ticket"))
        if tickets.select_for_update().first() is None:
            return False
        clock = Clock.objects.select_for_update(of=("self",)).select_related("ticket").filter(pk=pk).first()
        return clock is not None and actions.measure_clock(clock) is not None


@shared_task(name="sla.sweep_clocks")
def sweep_clocks() -> dict[str, int]:
    """Record what clocks came to by the passing of time, hand over what was left unmeasured."""
    handed_over = hand_over_unmeasured() + actions.hand_over_steps(BATCH)
    return sweep() | {"handed_over": handed_over}


@shared_task(name="sla.join_sweep")
def join_sweep(_hint: int) -> dict[str, int]:
    """Help a sweep that has more to do than one batch."""
    return sweep(helped=True)


@shared_task(name="sla.escalate")
def escalate(pk: int) -> bool:
    """Do what an escalation level has to do on its ticket. False where nothing was to be done."""
    return actions.run_steps(pk)


def sweep(*, helped: bool = False, now: datetime | None = None) -> dict[str, int]:
    """Batch after batch until nothing is due or the time is over; the next run goes on. Any number may run at
    once. `now` (default: the database's) is the instant up to which things count as due."""
    done: Counter[str] = Counter(warned=0, breached=0, escalated=0, parked=0)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with transaction.atomic():
            tickets, counts_at = actions.claim(BATCH, now)
            if not tickets:
                break
            done.update(actions.fire(tickets, counts_at))
        if not helped and len(tickets) >= BATCH // 2:
            hand_over("sla.join_sweep", len(tickets))
            helped = True
    return dict(done)


def hand_over_unmeasured() -> int:
    """Hand over clocks that stopped a while ago and have no measurement."""
    lost = Clock.objects.filter(needs_measuring=True, stopped_at__lt=Now() - LEFT_BEHIND)
    pks = list(lost.order_by("stopped_at").values_list("pk", flat=True)[: BATCH * 5])
    for pk in pks:
        hand_over("sla.measure", pk)
    return len(pks)


@shared_task(name="sla.complete_clocks")
def complete_clocks() -> int:
    """After an update: note since when the clocks run that an earlier release left without it. Returns the
    last ticket that it looked at, 0 where nothing was to be done; the next run goes on."""
    last, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until and (found := actions.complete_clocks(BATCH, last)) is not None:
        last = found
    return last


@shared_task(name="sla.renew_holidays")
def renew_holidays() -> int:
    """Copy next year's public holidays into the calendars that have them. Returns how many got some."""
    year, renewed = timezone.now().year, 0
    for calendar, version in queries.calendars_with_versions():
        if not version.spec.get("sources"):
            continue
        try:
            renewed += actions.renew_holidays(calendar, year=year)
        except ValueError:  # a source that is no more; the calendar goes on with what was copied
            logger.exception("the holidays of calendar %s could not be renewed", calendar.pk)
    return renewed
