"""What a customer and we had to do with each other, over all their tickets, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.desk.changes import names_in, words_for
from tickets import access
from tickets.models import Channel, Event, Message, Ticket, User

KINDS = {
    "tickets": (gettext_lazy("Tickets"), ("ticket.opened", "ticket.resolved", "ticket.reopened")),
    "messages": (gettext_lazy("Messages"), ("ticket.replied",)),
    "scores": (gettext_lazy("Scores"), ("survey.answered",)),
    "cases": (gettext_lazy("Recovery cases"), ("case.opened", "case.contacted", "case.closed")),
}
"""By the word in the address: what it is called, and the events that belong to it."""
GLYPHS = {
    "ticket.opened": "plus",
    "ticket.resolved": "check",
    "ticket.reopened": "undo",
    "survey.answered": "star",
}
FIRST, STEP, MOST = 8, 20, 200
"""So many lines stand there at first, so many more each time, and so many at most."""
TICKETS = 200
"""So many of the newest tickets are looked at: the customer's page has all of them."""


@dataclass(frozen=True)
class Line:
    """One thing that happened: on which ticket, what, and a small drawing for it."""

    at: datetime
    glyph: str
    words: str
    ticket: Ticket


@dataclass(frozen=True)
class Timeline:
    """`more` is how many lines to ask for next; 0 where no older ones are shown."""

    lines: list[Line]
    kind: str
    more: int


def timeline(person: User, reader: User, *, kind: str = "", shown: int = FIRST) -> Timeline:
    """The latest lines of a person's tickets, as far as the reader may work on them. Three queries, and those
    for names."""
    kind = kind if kind in KINDS else ""
    shown = max(FIRST, min(shown, MOST))
    rows = access.worked_by(reader).filter(requester=person.pk).order_by("-pk")
    tickets = {row.pk: row for row in rows.only("pk", "subject")[:TICKETS]}
    kinds = [name for key, (_word, names) in KINDS.items() for name in names if kind in ("", key)]
    found = Event.objects.filter(ticket__in=list(tickets), kind__in=kinds).select_related("actor")
    events = list(found.order_by("-at", "-pk")[: shown + 1]) if tickets else []
    taken_back = _taken_back(events)
    names = names_in(events)
    lines = [
        Line(event.at, _glyph(event), _words(event) or words_for(event, names), tickets[event.ticket_id or 0])
        for event in events[:shown]
        if event.data.get("message") not in taken_back or event.kind != "ticket.replied"
    ]
    return Timeline(lines, kind, shown + STEP if len(events) > shown and shown < MOST else 0)


def _taken_back(events: list[Event]) -> set[int]:
    """Messages that never left."""
    pks = [event.data["message"] for event in events if event.kind == "ticket.replied"]
    gone = Message.objects.filter(pk__in=pks, withdrawn_at__isnull=False)
    return set(gone.values_list("pk", flat=True)) if pks else set()


def _glyph(event: Event) -> str:
    if event.kind == "ticket.replied":
        return "phone" if event.data.get("channel") == Channel.PHONE else _side(event, "mail", "reply")
    return GLYPHS.get(event.kind, "flag")


def _words(event: Event) -> str:
    """Of words that were said; "" for the rest, which the history of a ticket describes."""
    channel = event.data.get("channel", "")
    words = {"channel": Channel(channel).label if channel in Channel.values else _("the import")}
    if event.kind == "ticket.opened":
        return _("Opened · %(channel)s") % words
    if event.kind == "ticket.replied":
        words["name"] = event.actor.first_name if event.actor else _("The system")
        text = _side(event, _("Wrote · %(channel)s"), _("%(name)s answered"))
        return text % words
    return ""


def _side(event: Event, customer: str, ours: str) -> str:
    return customer if event.data.get("by") == "customer" else ours
