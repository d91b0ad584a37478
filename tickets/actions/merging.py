"""Two tickets that turn out to be one request."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant, require_transaction
from tickets.actions.drafts import cancel_waiting
from tickets.actions.properties import propose_follower
from tickets.actions.status import change_status
from tickets.events import record
from tickets.models import Draft, Status, Ticket, User
from tickets.queries import where_it_goes


def merge(ticket: Ticket, *, into: Ticket, by: User | None, at: datetime | None = None) -> Ticket:
    """Let another ticket stand for this one: it is closed, its promises are void, and whatever its customer
    writes goes there; replies that wait for their time are not sent. What was said stays where it was said;
    reopening undoes it.

    The other one must be the older, so that nobody's waiting begins anew. Its clocks go on untouched. Who
    asked here is proposed there as a follower. Raises NotAllowed.
    """
    into = where_it_goes(into)
    if ticket.pk == into.pk:
        return ticket
    with transaction.atomic():
        ticket, into = _lock_both(ticket, into)
        demand_work(by, ticket)
        demand_work(by, into)
        if ticket.merged_into_id == into.pk:
            return ticket
        _demand_order(ticket, into)
        at = instant(instant(at, ticket), into)
        cancel_waiting(ticket, Draft.WhyNot.MERGED, at)
        ticket.merged_into = into
        ticket.save(update_fields=["merged_into"])
        record("ticket.merged", ticket=ticket, subject=ticket, by=by, at=at, data={"into": into.pk})
        if ticket.status != Status.CLOSED:
            change_status(ticket, Status.CLOSED, "ticket.closed", by=by, at=at)
        record("ticket.took_over", ticket=into, subject=into, by=by, at=at, data={"ticket": ticket.pk})
        propose_follower(into, ticket.requester, by=by, at=at)
        return ticket


def _lock_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Always in the order of their numbers, so that two merges never wait for each other."""
    require_transaction()
    rows = Ticket.objects.select_for_update().filter(pk__in=(one.pk, other.pk)).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[one.pk], found[other.pk]


def _demand_order(ticket: Ticket, into: Ticket) -> None:
    if ticket.merged_into_id is not None:
        raise NotAllowed(_("This ticket was merged before. Reopen it first."))
    if into.merged_into_id is not None:
        raise NotAllowed(_("The other ticket was merged meanwhile. Merge into that one."))
    if (into.opened_at, into.pk) > (ticket.opened_at, ticket.pk):
        raise NotAllowed(_("Merge the newer ticket into the older one, so that nobody waits anew."))
