"""What a report says when its period is empty: the latest one that is not."""

from __future__ import annotations

from calendar import monthrange

from helpdesk.reports.filters import Filters
from helpdesk.reports.periods import Period
from helpdesk.reports.waits import of_ticket_itself
from tickets.models import Ticket


def latest_period(filters: Filters, column: str) -> Filters | None:
    """The same question about the month of the latest ticket that fits it; None when there is none at all."""
    tickets = Ticket.objects.filter(
        of_ticket_itself(filters),
        spam_at=None,
        **{f"{column}__isnull": False},
    )
    latest = tickets.order_by(f"-{column}").values_list(column, flat=True).first()
    if latest is None:
        return None
    day = latest.astimezone(filters.zone).date()
    end = day.replace(day=monthrange(day.year, day.month)[1])
    return filters.during(Period(day.replace(day=1), end, filters.zone))
