"""One mail instead of a storm: what waits to be told to the same person about promises goes together.

Escalation levels write a delivery each. When the first of them is claimed, everything that waits for the same
address at that moment is collected into its mail. Beyond a few mails in a few minutes the rest waits for the
end of those minutes; after an outage all of it waits until the sweep has caught up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from helpdesk.models import Delivery
from sla import queries as clocks
from tickets.models import Event

State = Delivery.State

EARLY, LATE = TEMPLATES = ("sla.warned", "sla.breached")
"""What is collected."""


def is_collected(row: Delivery) -> bool:
    """Its mail may carry others: it is about a promise and was never tried."""
    return row.template in TEMPLATES and row.attempts == 0 and row.state == State.QUEUED


def try_address(row: Delivery) -> bool:
    """Keep others from collecting for the same address until the transaction ends. False if one is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1043))", [row.address])
        return bool(cursor.fetchone()[0])


def wait_until(row: Delivery, now: datetime) -> datetime | None:
    """Until when the mail has to wait; None if it may go. The address is held (`try_address`).

    A level that was found long after it fell is part of a backlog: it waits, within reason, for the rest.
    """
    event = row.event
    if event is not None and event.recorded_at - event.at > settings.ESCALATION_LATE:
        reasonable = row.created_at + settings.ESCALATION_HOLD > now
        if reasonable and clocks.has_backlog(now - settings.ESCALATION_LATE):
            return now + timedelta(minutes=1)
    gap = settings.ESCALATION_GAP
    tried = Delivery.objects.filter(
        address=row.address, template__in=TEMPLATES, first_tried_at__gt=now - gap
    ).exclude(state__in=(State.SUPPRESSED, State.COLLECTED))
    lately = list(
        tried.order_by("-first_tried_at").values_list("first_tried_at", flat=True)[
            : settings.ESCALATION_MAILS
        ]
    )
    return lately[0] + gap if len(lately) == settings.ESCALATION_MAILS and lately[0] else None


def postpone(row: Delivery, until: datetime, now: datetime) -> None:
    """Let everything that waits for the same address wait until then."""
    _waiting(row, now).update(send_at=until)


def collect(row: Delivery, now: datetime) -> int:
    """Have the claimed delivery carry everything else that waits for its address. Returns how many."""
    others = _waiting(row, now).exclude(pk=row.pk)
    return others.update(state=State.COLLECTED, carried_by=row, ended_at=now)


def _waiting(row: Delivery, now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        address=row.address,
        template__in=TEMPLATES,
        state=State.QUEUED,
        attempts=0,
        ended_at=None,
        send_at__lte=now,
    )


class Item(NamedTuple):
    """One promise to be told of: the ticket, what is promised, and until when."""

    ticket_id: int
    metric: str
    instance: int
    due_at: datetime


def items(row: Delivery) -> list[Item]:
    """What the mail of `row` tells, one for each clock, the first due first, without clocks that have ended
    meanwhile: there is nothing left to do about them."""
    told = Event.objects.filter(Q(deliveries=row.pk) | Q(deliveries__carried_by=row.pk)).order_by("pk")
    found: dict[tuple[int, str, int], Item] = {}
    for ticket_id, at, data in told.values_list("ticket_id", "at", "data"):
        key = (ticket_id or 0, str(data["metric"]), int(data["instance"]))
        found[key] = Item(*key, parse_datetime(str(data["due_at"])) or at)
    open_now = clocks.open_clocks({item.ticket_id for item in found.values()})
    return sorted((item for key, item in found.items() if key in open_now), key=lambda item: item.due_at)
