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
from typing import NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from sla import clockwork
from sla.actions.steps import AGAIN, plan_steps
from sla.clockwork import Folded
from sla.models import NEVER, Clock
from tickets.actions import demand_administrator
from tickets.events import Derived, record_derived
from tickets.handover import hand_over
from tickets.models import Ticket, User

logger = logging.getLogger(__name__)


CLAIM = """
SELECT ticket.id, coalesce(%(now)s::timestamptz, statement_timestamp())
FROM sla_clock AS clock JOIN tickets_ticket AS ticket ON ticket.id = clock.ticket_id
WHERE next_check_at < coalesce(%(now)s::timestamptz, statement_timestamp())
ORDER BY next_check_at LIMIT %(limit)s FOR UPDATE OF ticket SKIP LOCKED
"""


class Row(NamedTuple):
    """As much of a clock as time changes or an event needs; a row object costs five times as much."""

    pk: int
    ticket_id: int
    metric: str
    instance: int
    breached_at: datetime | None
    warned_at: datetime | None
    next_check_at: datetime | None
    fault: str
    faults: int
    policy_version_id: int | None
    calendar_version_id: int | None


@dataclass
class Plan:
    """What one ticket's clocks came to: the clocks as they must be, and the events to record."""

    ticket_id: int
    clocks: list[Row] = field(default_factory=list)
    events: list[Derived] = field(default_factory=list)


def claim(limit: int, now: datetime | None = None) -> tuple[list[int], datetime]:
    """Lock the tickets of up to `limit` clocks that something came to, the longest overdue first, passing
    over what others hold. Returns their ids with the instant that counts: the database's, hosts may
    disagree."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "limit": limit})
        rows = cursor.fetchall()
    return list(dict.fromkeys(pk for pk, _at in rows)), rows[0][1] if rows else NEVER


def fire(tickets: Sequence[int], now: datetime) -> Counter[str]:
    """Record what the clocks of these locked tickets came to before `now`. Returns how many of each kind.

    What is broken in one ticket is put aside (`Clock.fault`) and stops no other.
    """
    done: Counter[str] = Counter()
    there: dict[int, list[Row]] = {}
    for row in map(Row._make, Clock.objects.filter(ticket__in=tickets).values_list(*Row._fields)):
        there.setdefault(row.ticket_id, []).append(row)
    histories = dict(clockwork.events_of(tickets))
    plans = []
    for ticket_id in tickets:
        try:
            folded = clockwork.fold(ticket_id, histories.get(ticket_id, []))
            plans.append(_plan(folded, there.get(ticket_id, []), now))
        except Exception as error:
            done += _park(ticket_id, error, now)
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
            done += _park(plan.ticket_id, error, now)
    return done


def _plan(folded: Folded, there: Iterable[Row], now: datetime) -> Plan:
    """Compare rows and events of one ticket, and say what fell due."""
    plan, rows = Plan(folded.ticket_id), {(row.metric, row.instance): row for row in there}
    for reading in folded.readings:
        row = rows.pop((reading.metric, reading.instance), None)
        if row is None:
            continue  # the rebuild writes missing rows
        told = folded.told.setdefault((reading.metric, reading.instance), clockwork.Told())
        fallen = [fall for fall in clockwork.falls(reading, told) if fall.at < now]
        late = any(fall.kind == "sla.breached" for fall in fallen)
        for fall in fallen:
            if fall.kind == "sla.warned" and late:
                continue  # nobody is warned of what has happened
            plan.events.append(_event(row, fall, reading.due_at))
            told.note(*fall)
        stands = row._replace(
            breached_at=clockwork.breach_of(reading, told),
            warned_at=told.warned_at,
            next_check_at=clockwork.next_check(reading, told),
            fault="",
            faults=0,
        )
        if stands != row:
            plan.clocks.append(stands)
    for row in rows.values():
        raise LookupError(f"the events of the ticket tell of no clock {row.metric} {row.instance}")
    return plan


def _event(row: Row, fall: clockwork.Fall, due_at: datetime | None) -> Derived:
    data = {"clock": row.pk, "metric": row.metric, "instance": row.instance, "due_at": due_at}
    if fall.kind == "sla.escalated":
        data |= {"level": fall.level}
        data |= {"policy_version": row.policy_version_id, "calendar_version": row.calendar_version_id}
    return Derived(fall.kind, row.ticket_id, (Clock, row.pk), fall.at, data)


def _carry_out(plans: Sequence[Plan], now: datetime) -> Counter[str]:
    clocks = [row for plan in plans for row in plan.clocks]
    events = [event for plan in plans for event in plan.events]
    if clocks:
        _write(clocks)
    if events:
        plan_steps(record_derived(events, recorded_at=now), now)
    return Counter(event.kind.removeprefix("sla.") for event in events)


def _write(clocks: Sequence[Row]) -> None:
    """Only what time changes: everything else of a clock changes with an event."""
    columns = zip(*((c.pk, c.breached_at, c.warned_at, c.next_check_at) for c in clocks), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sla_clock SET breached_at = now_is.breached, warned_at = now_is.warned,"
            " next_check_at = now_is.next, fault = '', faults = 0"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])"
            " AS now_is(id, breached, warned, next) WHERE sla_clock.id = now_is.id",
            [list(column) for column in columns],
        )


def _park(ticket_id: int, error: Exception, now: datetime) -> Counter[str]:
    """Put aside what is due of a ticket, with the reason. A database that has no time is nobody's fault."""
    if isinstance(error, OperationalError):
        logger.warning("the clocks of ticket %s have to wait: %s", ticket_id, type(error).__name__)
        return Counter()
    logger.error("the clocks of ticket %s could not be checked", ticket_id, exc_info=error)
    fault = f"{type(error).__name__}: {error}"[:500]
    for clock in Clock.objects.filter(ticket=ticket_id, next_check_at__lt=now):
        again_at = now + AGAIN[min(clock.faults, len(AGAIN) - 1)]
        Clock.objects.filter(pk=clock.pk).update(next_check_at=again_at, fault=fault, faults=clock.faults + 1)
    return Counter(parked=1)


def retry_clock(clock: Clock, *, by: User | None) -> None:
    """Have the sweep look at a clock that was put aside again, now. Raises NotAllowed for people who do not
    administer."""
    demand_administrator(by)
    with transaction.atomic():
        ticket = Ticket.with_deleted.select_for_update().get(pk=clock.ticket_id)
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
