"""Rows of the queue: what a ticket says of itself in one line, read for a whole page at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from helpdesk import presence
from helpdesk.desk.changes import names_in, words_for
from helpdesk.desk.clocks import NO_CHIP, Chip, due_chips
from helpdesk.models import Delivery
from helpdesk.times import clock_time
from tickets import access, queries
from tickets.models import Event, ReadMark, Ticket, User

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

    ticket: Ticket
    due: Chip
    is_unread: bool = False
    words: str = ""
    marks: list[tuple[str, str, str]] = field(default_factory=list)
    left: str = ""
    here: list[presence.Seen] = field(default_factory=list)
    """Who else is at the ticket at this moment."""

    @property
    def is_late(self) -> bool:
        return self.due.weight == "late"


def rows_for(tickets: list[Ticket], reader: User) -> list[Row]:
    """The rows of one page of tickets: seven queries, whatever their number."""
    latest = queries.latest_words(tickets)
    unread = unread_among(tickets, reader)
    undelivered = set(
        Delivery.objects.filter(message__ticket__in=tickets, state=Delivery.State.FAILED).values_list(
            "message__ticket_id", flat=True
        )
    )
    written = set(access.own_drafts(reader).filter(ticket__in=tickets).values_list("ticket", flat=True))
    chips = due_chips(tickets)
    here = presence.among([ticket.pk for ticket in tickets], reader)
    rows = []
    for ticket in tickets:
        message = latest.get(ticket.pk)
        row = Row(ticket, chips.get(ticket.pk, NO_CHIP), ticket.pk in unread)
        row.here = here.get(ticket.pk, [])
        row.words = (
            " ".join((message.fresh or message.text)[: SNIPPET * 2].split())[:SNIPPET] if message else ""
        )
        if ticket.pk in written:
            row.marks.append(("pen", _("Draft"), ""))
        if ticket.pk in undelivered:
            row.marks.append(("alert", _("Not delivered"), "late"))
        if ticket.snoozed_until:
            row.marks.append(("moon", _("Until %(time)s") % {"time": clock_time(ticket.snoozed_until)}, ""))
        rows.append(row)
    return rows


def unread_among(tickets: list[Ticket], reader: User) -> set[int]:
    """Ids of the tickets on which the customer waits with words that the reader has not seen."""
    waiting = [ticket.pk for ticket in tickets if ticket.unanswered_since]
    kinds = ("ticket.opened", "ticket.replied")
    spoken = Event.objects.filter(ticket__in=waiting, kind__in=kinds).exclude(actor=reader.pk)
    newest = dict(spoken.values_list("ticket").annotate(newest=Max("seq")).order_by())
    marks: Any = ReadMark.objects.filter(ticket__in=waiting, person=reader.pk).values_list("ticket", "seq")
    read = dict(marks)
    return {pk for pk, seq in newest.items() if seq > read.get(pk, 0)}


def why_left(tickets: list[Ticket]) -> dict[int, str]:
    """For tickets that left a view: by whom and when, in words. Five queries."""
    events = Event.objects.filter(ticket__in=tickets, kind__in=LEAVING)
    last = list(events.order_by("ticket", "-seq").distinct("ticket").select_related("actor"))
    names = names_in(last)
    return {
        event.ticket_id or 0: _("%(what)s at %(time)s, left this view")
        % {"what": words_for(event, names), "time": clock_time(event.at)}
        for event in last
    }
