"""The ticket turns out to be somebody else's request."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import Conflict, NotAllowed, demand_work, instant, lock
from tickets.actions.drafts import cancel_waiting
from tickets.actions.properties import accept_follower, remove_follower
from tickets.events import record
from tickets.models import Draft, Follower, Ticket, User
from tickets.queries import with_held_words


def change_requester(
    ticket: Ticket, to: User, *, keep: bool = False, by: User | None, at: datetime | None = None
) -> Ticket:
    """From now on `to` is whom we answer, and the ticket is of their organisation.

    Who asked so far loses the ticket: portal, links, surveys and mail. With `keep` they go on to get copies.
    Replies that wait for their time were written for somebody else and are not sent. Raises NotAllowed, and
    Conflict while words of ours are still held back: those would reach neither.
    """
    with transaction.atomic():
        ticket = lock(ticket)
        demand_work(by, ticket)
        old = ticket.requester
        if old.pk == to.pk:
            return ticket
        _demand_possible(ticket, to)
        at = instant(at, ticket)
        cancel_waiting(ticket, Draft.WhyNot.REQUESTER, at)
        if Follower.objects.filter(ticket=ticket, person=to, state=Follower.State.ACCEPTED).exists():
            remove_follower(ticket, to, by=by, at=at)
        companies = [ticket.organization_id, to.organization_id]
        ticket.requester, ticket.organization, ticket.updated_at = to, to.organization, at
        ticket.save(update_fields=["requester", "organization", "updated_at"])
        keep = keep and old.email is not None
        data = {"requester": [old.pk, to.pk], "organization": companies, "keep": keep}
        record("ticket.requester_changed", ticket=ticket, subject=ticket, by=by, at=at, data=data)
        if keep:
            accept_follower(ticket, old, by=by, at=at)
        return ticket


def _demand_possible(ticket: Ticket, to: User) -> None:
    if ticket.merged_into_id is not None:
        raise NotAllowed(_("This ticket was merged into another. Undo the merge first."))
    if not to.is_active:
        raise NotAllowed(_("%(name)s is deactivated. Choose somebody else.") % {"name": to})
    if with_held_words([ticket]):
        words = _("A reply to %(name)s is just being sent. Take it back, or wait some seconds.")
        raise Conflict(words % {"name": ticket.requester})
