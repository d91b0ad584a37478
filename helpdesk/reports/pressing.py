"""Rows of tickets that need somebody now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.functions import Abs

from helpdesk.models import Delivery
from helpdesk.reports.filters import Filters
from helpdesk.reports.waits import NO, Parts, as_waits, of_ticket_itself
from sla.elapsed import seconds_between
from sla.queries import due_between, late
from tickets.models import UNRESOLVED_STATUSES, Status, Ticket

SOON = timedelta(hours=1)


def needing(filters: Filters, key: str) -> Parts:
    """The tickets that one of the numbers counts. No period: it is about now."""
    tickets: Any = Ticket.objects.filter(of_ticket_itself(filters))
    now, at = filters.now, "opened_at"
    if key == "late":
        tickets, at = late(tickets, now), "due__due_at"
    elif key == "due-soon":
        tickets, at = due_between(tickets, now, now + SOON), "due__due_at"
    elif key == "unassigned":
        tickets = tickets.filter(assignee=None, status__in=(Status.NEW, Status.OPEN))
    else:
        failed = Delivery.objects.filter(state=Delivery.State.FAILED, message__public=True)
        tickets = tickets.filter(pk__in=failed.values("message__ticket"), status__in=UNRESOLVED_STATUSES)
    return [as_waits(tickets, at, value=Abs(seconds_between(at, now)), done=NO)]
