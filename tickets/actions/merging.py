"""Two tickets that turn out to be one request."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant, lock, require_transaction
from tickets.actions.drafts import cancel_waiting
from tickets.actions.properties import propose_follower
from tickets.actions.status import STATUS_ACTIONS, change_status
from tickets.events import record
from tickets.models import UNRESOLVED_STATUSES, Draft, Follower, Status, Ticket, User
from tickets.queries import where_it_goes


def merge(ticket: Ticket, *, into: Ticket, by: User | None, at: datetime | None = None) -> Ticket:
    """Let another ticket stand for this one: it is closed, its promises are void, and whatever its customer
    writes goes there; replies that wait for their time are not sent. What was said stays where it was said;
    `unmerge` undoes it.

    The other one must be the older, so that nobody's waiting begins anew. Its clocks go on untouched. Who
    asked here is proposed there as a follower. Raises NotAllowed.
    """
    into = where_it_goes(into)
    if ticket.pk == into.pk:
        return ticket
    with transaction.atomic():
        ticket, into = lock_both(ticket, into)
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


def unmerge(ticket: Ticket, *, by: User | None, at: datetime | None = None) -> Ticket:
    """Let a merged ticket stand for itself again: it is as open, waiting or on hold as it was, and what was
    settled before stays closed. What was said stays where it was said, so nothing has to move back.

    The proposal of a follower that the merge made goes, unless somebody has decided on it. Raises NotAllowed.
    """
    with transaction.atomic():
        into_id = Ticket.with_deleted.values_list("merged_into", flat=True).get(pk=ticket.pk)
        if into_id is None:
            return lock(ticket)
        ticket, into = lock_both(ticket, Ticket(pk=into_id))
        demand_work(by, ticket)
        if ticket.merged_into_id != into.pk:
            return ticket
        at = instant(instant(at, ticket), into)
        before = _status_before(ticket)
        ticket.merged_into = None
        ticket.save(update_fields=["merged_into"])
        record("ticket.unmerged", ticket=ticket, subject=ticket, by=by, at=at, data={"from": into.pk})
        if before in UNRESOLVED_STATUSES:
            change_status(ticket, Status.OPEN, "ticket.reopened", by=by, at=at)
            if before in (Status.WAITING, Status.ON_HOLD):
                STATUS_ACTIONS[Status(before)](ticket, by=by, at=at)
        record("ticket.gave_back", ticket=into, subject=into, by=by, at=at, data={"ticket": ticket.pk})
        _forget_proposal(into, ticket, by=by, at=at)
        return lock(ticket)


def _status_before(ticket: Ticket) -> str:
    """The status from which the merge closed it; the present one if it was settled before or moved since."""
    merged = ticket.events.filter(kind="ticket.merged").order_by("-seq").values_list("seq", flat=True)[0]
    closed = ticket.events.filter(kind="ticket.closed", seq__gt=merged).order_by("seq").first()
    was_closed_by_it = closed is not None and ticket.status == Status.CLOSED
    return str(closed.data["status"][0]) if closed and was_closed_by_it else ticket.status


def _forget_proposal(into: Ticket, ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Take back the proposed follower whom this merge, and nothing before it, brought to the other ticket."""
    row = Follower.objects.filter(
        ticket=into, person=ticket.requester_id, state=Follower.State.PROPOSED
    ).first()
    took = into.events.filter(kind="ticket.took_over", data__ticket=ticket.pk).order_by("-seq").first()
    if row is None or took is None:
        return
    proposed = into.events.filter(kind="ticket.follower_proposed", data__person=row.person_id)
    if proposed.filter(seq__lt=took.seq).exists():
        return
    data = {"person": row.person_id}
    record("ticket.follower_removed", ticket=into, subject=row, by=by, at=at, data=data)
    row.delete()


def lock_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Always in the order of their numbers, so that two merges never wait for each other."""
    require_transaction()
    rows = Ticket.with_deleted.select_for_update().filter(pk__in=(one.pk, other.pk)).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[one.pk], found[other.pk]


def _demand_order(ticket: Ticket, into: Ticket) -> None:
    if ticket.merged_into_id is not None:
        raise NotAllowed(_("This ticket was merged before. Reopen it first."))
    if into.merged_into_id is not None:
        raise NotAllowed(_("The other ticket was merged meanwhile. Merge into that one."))
    if (into.opened_at, into.pk) > (ticket.opened_at, ticket.pk):
        raise NotAllowed(_("Merge the newer ticket into the older one, so that nobody waits anew."))
