"""What clocks come to by the mere passing of time: warnings, breaches and escalation levels.

A claimed ticket is locked and its events are folded afresh, so that a clock which stopped, paused or moved
meanwhile fires nothing; what fell due is recorded at the instant at which it did. Rows follow from the
events, as everywhere. Many tickets are done in a few statements; where one of them fails, each is done on its
own.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from sla import clockwork
from sla.actions.steps import AGAIN, demand_administrator, plan_steps
from sla.clockwork import Folded
from sla.models import Clock
from tickets.events import Derived, record_derived
from tickets.handover import hand_over
from tickets.models import Ticket, User

logger = logging.getLogger(__name__)


@dataclass
class Plan:
    """What one ticket's clocks came to: the clocks as they must be, and the events to record."""

    ticket: Ticket
    clocks: list[Clock] = field(default_factory=list)
    drafts: list[Derived] = field(default_factory=list)


def claim(limit: int, now: datetime | None = None) -> tuple[list[Ticket], datetime]:
    """Lock the tickets of up to `limit` clocks that something came to, the longest overdue first, passing
    over what others hold. Returns them with the instant that counts: the database's, hosts may disagree."""
    now = now or database_now()
    due = Clock.objects.filter(next_check_at__lt=now).order_by("next_check_at")
    claimed = due.select_for_update(of=("ticket",), skip_locked=True).select_related("ticket")[:limit]
    return list({clock.ticket_id: clock.ticket for clock in claimed}.values()), now


def fire(tickets: Sequence[Ticket], now: datetime) -> Counter[str]:
    """Record what the clocks of these locked tickets came to before `now`. Returns how many of each kind.

    What is broken in one ticket is put aside (`Clock.fault`) and stops no other.
    """
    done: Counter[str] = Counter()
    there: dict[int, list[Clock]] = {}
    for clock in Clock.objects.filter(ticket__in=[ticket.pk for ticket in tickets]):
        there.setdefault(clock.ticket_id, []).append(clock)
    histories = dict(clockwork.events_of([ticket.pk for ticket in tickets]))
    plans = []
    for ticket in tickets:
        try:
            folded = clockwork.fold(ticket.pk, histories.get(ticket.pk, []))
            plans.append(_plan(ticket, folded, there.get(ticket.pk, []), now))
        except Exception as error:
            done += _park(ticket, error, now)
    try:
        with transaction.atomic():
            return done + _carry_out(plans, now)
    except Exception:
        if len(plans) > 1:
            logger.warning("a batch of %s tickets could not be swept at once", len(plans), exc_info=True)
    for plan in plans:
        try:
            with transaction.atomic():
                done += _carry_out([plan], now)
        except Exception as error:
            done += _park(plan.ticket, error, now)
    return done


def _plan(ticket: Ticket, folded: Folded, there: Iterable[Clock], now: datetime) -> Plan:
    """Compare rows and events of one ticket, and say what fell due."""
    plan, rows = Plan(ticket), {(clock.metric, clock.instance): clock for clock in there}
    for reading in folded.readings:
        clock = rows.pop((reading.metric, reading.instance), None)
        if clock is None:
            continue  # the rebuild writes missing rows
        told = folded.told.setdefault((reading.metric, reading.instance), clockwork.Told())
        fallen = [fall for fall in clockwork.falls(reading, told) if fall.at < now]
        late = any(fall.kind == "sla.breached" for fall in fallen)
        for fall in fallen:
            if fall.kind == "sla.warned" and late:
                continue  # nobody is warned of what has happened
            plan.drafts.append(_draft(ticket, clock, fall, reading.due_at))
            if fall.kind == "sla.warned":
                told.warned_at = fall.at
            elif fall.kind == "sla.breached":
                told.breached_at = fall.at
            else:
                told.levels[fall.level] = fall.at
        row = clockwork.clock_row(folded, reading)
        stands = (row.breached_at, row.warned_at, row.next_check_at, "", 0)
        if stands != (clock.breached_at, clock.warned_at, clock.next_check_at, clock.fault, clock.faults):
            clock.breached_at, clock.warned_at, clock.next_check_at, clock.fault, clock.faults = stands
            plan.clocks.append(clock)
    for clock in rows.values():
        raise LookupError(f"the events of the ticket tell of no clock {clock.metric} {clock.instance}")
    return plan


def _draft(ticket: Ticket, clock: Clock, fall: clockwork.Fall, due_at: datetime | None) -> Derived:
    data = {"clock": clock.pk, "metric": clock.metric, "instance": clock.instance, "due_at": due_at}
    if fall.kind == "sla.escalated":
        data |= {"level": fall.level}
        data |= {"policy_version": clock.policy_version_id, "calendar_version": clock.calendar_version_id}
    return Derived(fall.kind, ticket, clock, fall.at, data)


def _carry_out(plans: Sequence[Plan], now: datetime) -> Counter[str]:
    clocks = [clock for plan in plans for clock in plan.clocks]
    drafts = [draft for plan in plans for draft in plan.drafts]
    if clocks:
        _write(clocks)
    if drafts:
        plan_steps(record_derived(drafts, recorded_at=now), now)
    return Counter(draft.kind.removeprefix("sla.") for draft in drafts)


def _write(clocks: Sequence[Clock]) -> None:
    """Only what time changes: everything else of a clock changes with an event."""
    columns = list(
        zip(*((c.pk, c.breached_at, c.warned_at, c.next_check_at) for c in clocks), strict=True),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sla_clock SET breached_at = now_is.breached, warned_at = now_is.warned,"
            " next_check_at = now_is.next, fault = '', faults = 0"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])"
            " AS now_is(id, breached, warned, next) WHERE sla_clock.id = now_is.id",
            [list(column) for column in columns],
        )


def _park(ticket: Ticket, error: Exception, now: datetime) -> Counter[str]:
    """Put aside what is due of a ticket, with the reason. A database that has no time is nobody's fault."""
    if isinstance(error, OperationalError):
        logger.warning("the clocks of ticket %s have to wait: %s", ticket.pk, type(error).__name__)
        return Counter()
    logger.error("the clocks of ticket %s could not be checked", ticket.pk, exc_info=error)
    fault = f"{type(error).__name__}: {error}"[:500]
    for clock in Clock.objects.filter(ticket=ticket, next_check_at__lt=now):
        again_at = now + AGAIN[min(clock.faults, len(AGAIN) - 1)]
        Clock.objects.filter(pk=clock.pk).update(next_check_at=again_at, fault=fault, faults=clock.faults + 1)
    return Counter(parked=1)


def database_now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def retry_clock(clock: Clock, *, by: User | None) -> None:
    """Have the sweep look at a clock that was put aside again, now. Raises NotAllowed for people who do not
    administer."""
    demand_administrator(by)
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=clock.ticket_id)
        again = Clock.objects.filter(pk=clock.pk, ticket=ticket).exclude(fault="")
        if again.update(next_check_at=Now() - timedelta(seconds=1)):
            hand_over("sla.join_sweep", clock.pk)


def retry_clocks(*, by: User | None) -> int:
    """The same for all clocks that were put aside. Returns how many."""
    demand_administrator(by)
    with transaction.atomic():
        waiting = Clock.objects.exclude(fault="").filter(next_check_at__isnull=False)
        found = waiting.update(next_check_at=Now() - timedelta(seconds=1))
        if found:
            hand_over("sla.join_sweep", 0)
    return found
