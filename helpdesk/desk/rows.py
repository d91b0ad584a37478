"""Rows of the queue: what a ticket says of itself in one line, read for a whole page at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import presence
from helpdesk.desk.changes import names_in, words_for
from helpdesk.desk.clocks import NO_CHIP, Chip, Owed, chip_of
from helpdesk.desk.listing import Listed
from helpdesk.times import clock_time
from tickets.models import Event, User
from tickets.statements import answer

SNIPPET = 160  # characters
LEAVING = (
    "ticket.assigned",
    "ticket.moved",
    "ticket.resolved",
    "ticket.closed",
    "ticket.set_waiting",
    "ticket.snoozed",
)


@dataclass
class Row:
    """One ticket in the queue. `left` says why a row that is still shown no longer belongs to the view."""

    ticket: Listed
    due: Chip
    is_unread: bool = False
    words: str = ""
    marks: tuple[tuple[str, str, str], ...] = ()
    left: str = ""
    here: tuple[str, str] | None = None
    """Who else is at the ticket at this moment, as `presence.mark_of` says it."""

    @property
    def is_late(self) -> bool:
        return self.due.weight == "late"


FACTS = """
SELECT shown.id, word.said, spoken.seq > coalesce(mark.seq, 0),
    shown.id IN (SELECT m.ticket_id FROM helpdesk_delivery d JOIN tickets_message m ON m.id = d.message_id
        WHERE d.state = 'failed' AND m.ticket_id = ANY(%(tickets)s)),
    shown.id IN (SELECT ticket_id FROM tickets_draft
        WHERE author_id = %(reader)s AND ticket_id = ANY(%(tickets)s)),
    owed.metric, owed.state, owed.due_at, owed.remaining, owed.pause_reason, owed.warn_at,
    owed.target_working, owed.calendar_version_id, owed.due_set_at
FROM unnest(%(tickets)s::bigint[]) AS shown(id)
LEFT JOIN LATERAL (
    SELECT left(coalesce(nullif(fresh, ''), text), %(length)s::int) AS said FROM tickets_message
    WHERE ticket_id = shown.id AND public AND NOT automatic AND NOT held AND withdrawn_at IS NULL
    AND side_talk_id IS NULL
    ORDER BY said_at DESC, id DESC LIMIT 1) word ON TRUE
LEFT JOIN LATERAL (
    SELECT seq FROM tickets_event
    WHERE ticket_id = shown.id AND kind IN ('ticket.opened', 'ticket.replied', 'side_talk.heard')
    AND actor_id IS DISTINCT FROM %(reader)s ORDER BY seq DESC LIMIT 1) spoken ON TRUE
LEFT JOIN tickets_readmark mark ON mark.ticket_id = shown.id AND mark.person_id = %(reader)s
LEFT JOIN LATERAL (
    SELECT *, target - CASE WHEN target_working THEN elapsed_working ELSE elapsed_calendar END AS remaining
    FROM sla_clock
    WHERE ticket_id = shown.id AND state IN ('running', 'paused')
    AND (target IS NOT NULL OR due_at IS NOT NULL)
    ORDER BY due_at IS NULL, due_at, remaining, id LIMIT 1) owed ON TRUE
"""
"""Of tickets that the reader may work on: the newest public words, whether others' newest words were
not read, failed mail, the reader's own drafts, and the clock that ends next."""


def rows_for(tickets: Sequence[Listed], reader: User) -> list[Row]:
    """The rows of one page of tickets that the reader may work on: one query, whatever their number."""
    numbers = [ticket.pk for ticket in tickets]
    found = answer(FACTS, tickets=numbers, reader=reader.pk, length=SNIPPET * 2)
    facts = {fact[0]: fact[1:] for fact in found}
    here = presence.among(numbers, reader)
    now = timezone.now()
    return [_row(ticket, facts[ticket.pk], here.get(ticket.pk, []), now) for ticket in tickets]


def _row(ticket: Listed, facts: tuple[Any, ...], here: list[presence.Seen], now: datetime) -> Row:
    words, is_new, is_undelivered, is_drafted, *owed = facts
    due = chip_of(Owed(*owed), now) if owed[0] else NO_CHIP
    marks = []
    if is_drafted:
        marks.append(("pen", _("Draft"), ""))
    if is_undelivered:
        marks.append(("alert", _("Not delivered"), "late"))
    if ticket.snoozed_until:
        marks.append(("moon", _("Until %(time)s") % {"time": clock_time(ticket.snoozed_until)}, ""))
    said = " ".join(words.split())[:SNIPPET] if words else ""
    is_unread = bool(is_new and ticket.is_unanswered)
    return Row(ticket, due, is_unread, said, tuple(marks), here=presence.mark_of(here))


def why_left(tickets: Sequence[Listed]) -> dict[int, str]:
    """For tickets that left a view: by whom and when, in words. Five queries."""
    events = Event.objects.filter(ticket__in=[each.pk for each in tickets], kind__in=LEAVING)
    last = list(events.order_by("ticket", "-seq").distinct("ticket").select_related("actor"))
    names = names_in(last)
    return {
        event.ticket_id or 0: _("%(what)s at %(time)s, left this view")
        % {"what": words_for(event, names), "time": clock_time(event.at)}
        for event in last
    }
