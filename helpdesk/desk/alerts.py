"""What a notification says, in words: one line each, read for a whole page at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from helpdesk.clock_words import METRIC_WORDS
from helpdesk.context import path_of
from helpdesk.desk.changes import Names, names_in, words_for
from helpdesk.models import Notification
from helpdesk.notifications import Group
from tickets import access
from tickets.models import Message, Ticket

LINES = 4
"""So many lines of one ticket are shown."""
QUOTED = 100  # characters

GLYPHS = {
    "ticket.assigned": "person",
    "ticket.answered": "reply",
    "ticket.opened": "plus",
    "side_talk.heard": "globe",
    "side_talk.undelivered": "alert",
    "ticket.mentioned": "at",
    "sla.warned": "clock",
    "sla.breached": "alert",
    "delivery.failed": "alert",
    "delivery.delayed": "clock",
    "draft.cancelled": "pen",
    "survey.scored_low": "star",
    "case.assigned": "flag",
    "case.late": "alert",
}
TONES = {
    "sla.breached": "late",
    "delivery.failed": "late",
    "case.late": "late",
    "side_talk.undelivered": "late",
    "sla.warned": "warn",
}


@dataclass(frozen=True)
class Line:
    glyph: str
    tone: str
    text: str
    quote: str
    at: datetime
    path: str = ""
    """Where it leads, if not to the ticket."""


@dataclass(frozen=True)
class Shown:
    """One ticket on the page: its unread lines, else its newest one, and how many more there are."""

    ticket: Ticket
    is_unread: bool
    lines: list[Line]
    more: int
    newest: int


def shown(groups: list[Group], reader: Any) -> list[Shown]:
    """The groups in words: six queries at most, whatever their number."""
    chosen = {group.ticket.pk: group.unread[:LINES] or group.rows[:1] for group in groups}
    rows = [row for found in chosen.values() for row in found]
    names = names_in([row.event for row in rows])
    words = _words_said(rows, reader)
    return [
        Shown(
            ticket=group.ticket,
            is_unread=bool(group.unread),
            lines=[_line(row, group.ticket, names, words) for row in chosen[group.ticket.pk]],
            more=max(0, len(group.unread) - LINES),
            newest=group.rows[0].pk,
        )
        for group in groups
    ]


def _words_said(rows: list[Notification], reader: Any) -> dict[int, Message]:
    """The messages that customers' answers are about, as far as the reader may read them."""
    spoken = {row.event.data["message"] for row in rows if row.kind == "ticket.answered"}
    tickets = access.worked_by(reader)
    found = Message.objects.filter(pk__in=spoken, ticket__in=tickets, withdrawn_at=None)
    return {message.pk: message for message in found.select_related("author")} if spoken else {}


def _line(row: Notification, ticket: Ticket, names: Names, words: dict[int, Message]) -> Line:
    message = words.get(row.event.data.get("message", 0)) if row.kind == "ticket.answered" else None
    quote = " ".join((message.fresh or message.text)[: QUOTED * 2].split()) if message else ""
    return Line(
        glyph=GLYPHS.get(row.kind, "bell"),
        tone=TONES.get(row.kind, "plain"),
        text=_text(row, ticket, names),
        quote=quote[:QUOTED] + "…" if len(quote) > QUOTED else quote,
        at=row.told_at,
        path=_case_path(row),
    )


def _case_path(row: Notification) -> str:
    """The recovery case, or those that are overdue."""
    if not row.kind.startswith("case.") or not (cases := path_of("reports:cases")):
        return ""
    return f"{cases}{row.event.data['case']}/" if "case" in row.event.data else f"{cases}?show=overdue"


def _text(row: Notification, ticket: Ticket, names: Names) -> str:
    event = row.event
    if row.kind == "ticket.answered":
        return _("%(name)s answered") % {"name": event.actor or ticket.requester}
    if row.kind == "case.assigned":
        return _("A recovery case is yours")
    if row.kind in ("sla.warned", "sla.breached"):
        words = _("Late: %(metric)s") if row.kind == "sla.breached" else _("Due soon: %(metric)s")
        return words % {"metric": METRIC_WORDS[event.data["metric"]]}
    if row.kind == "ticket.assigned" and event.actor is not None:
        return _("%(name)s assigned it to you") % {"name": event.actor}
    if row.kind == "ticket.mentioned":
        return _("%(name)s mentioned you in a note") % {"name": event.actor or ""}
    if row.kind == "side_talk.heard":
        return _("Somebody outside answered")
    if row.kind == "ticket.opened" or event.kind == "ticket.opened":
        words = _("%(name)s opened the ticket")
        return words % {"name": event.actor or ticket.requester}
    return words_for(event, names)
