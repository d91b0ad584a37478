"""Taking the next ticket: the most urgent one that nobody owns."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from duty import queries
from tickets import actions
from tickets.actions import NotAllowed
from tickets.models import Ticket, User


def take_next(person: User, *, at: datetime | None = None) -> Ticket | None:
    """Make `person` the owner of the ticket of their teams that is due next and belongs to nobody; None when
    there is none.

    Two who take at once never get the same: each passes over what the other holds. Only where nothing else is
    left does one wait for the other, so that a ticket that is merely being answered is not overlooked.
    Raises NotAllowed for somebody who is away or whose working hours are over in all their teams.
    """
    now = at or timezone.now()
    if queries.duty_of(person).is_away(now):
        raise NotAllowed(_("You are away. Say that you are back, then take a ticket."))
    teams, is_off = queries.teams_on_shift(person, now)
    if is_off and not teams:
        raise NotAllowed(
            _("These are not your working hours. A ticket that cannot wait can be taken on its own page.")
        )
    with transaction.atomic():
        waiting = queries.takeable(person, teams)
        ticket = waiting.select_for_update(of=("self",), skip_locked=True).first()
        ticket = ticket or waiting.select_for_update(of=("self",)).first()
        return actions.assign(ticket, person, by=person, at=at) if ticket else None
