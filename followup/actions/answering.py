"""What a customer answers to the question whether it stayed solved."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.actions import decline_for
from followup import queries
from followup.models import FollowUp
from tickets import actions
from tickets.actions import NotAllowed
from tickets.actions.base import instant, lock
from tickets.events import record
from tickets.models import Channel
from tickets.text import clean_text

LONGEST = 5000
"""Characters of what is wrong now."""


class Closed(NotAllowed):
    """The question takes no answer (any more). The text is for the reader."""


def answer(follow_up: FollowUp, *, stayed: bool, words: str = "", at: datetime | None = None) -> FollowUp:
    """It stayed solved, or it did not: then the ticket opens again with the customer's word, however long
    ago it was resolved. The same answer twice is one; a changed one counts.

    Raises Closed when nobody was asked or the time is over, ValueError for words that are too long.
    """
    words = clean_text(words).strip()
    if len(words) > LONGEST:
        raise ValueError(_("Write at most %(number)s characters.") % {"number": LONGEST})
    with transaction.atomic():
        assert follow_up.ticket is not None
        ticket = lock(follow_up.ticket)
        at = instant(at or timezone.now(), ticket)
        row = FollowUp.objects.select_related("person").get(pk=follow_up.pk)
        row.ticket = ticket
        if not queries.is_open(row, at) or ticket.deleted_at is not None:
            raise Closed(_("This question is closed."))
        if row.stayed is stayed:
            return row
        row.stayed, row.answered_at = stayed, at
        row.save(update_fields=["stayed", "answered_at"])
        data = {"followup": row.pk, "stayed": stayed}
        record("followup.answered", ticket=ticket, subject=row, by=row.person, at=at, data=data)
        if not stayed:
            said = "\n\n".join(filter(None, [_("It did not stay solved."), words]))
            ticket = actions.reopen(ticket, by=row.person, at=at)
            actions.reply(ticket, said, by=row.person, channel=Channel.PORTAL, as_customer=True, at=at)
        return row


def decline(follow_up: FollowUp, *, at: datetime | None = None) -> None:
    """The person whom a question was put to wants no others, nor surveys."""
    decline_for(follow_up.person, at=at)
