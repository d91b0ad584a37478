"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from followup import actions
from followup.models import SILENT, Kind
from followup.silence import FOLDED
from tickets.models import Event, Speaker, Status, Ticket

MOVED = "ticket.moved"
"""Another team's rules hold from now on."""
ENDING = frozenset({"ticket.marked_spam", "ticket.merged", "ticket.purged", "ticket.requester_changed"})
"""After these nothing more goes out about what was."""


def on_ticket_event(event: Event) -> None:
    """A ticket begins to wait for its customer, or no longer does; a resolution, a reopening, an answer."""
    on_ticket_events([event])


def on_ticket_events(events: Sequence[Event]) -> None:
    """The same for many at once."""
    silent: dict[int, Ticket] = {}
    over: list[int] = []
    for event in events:
        if event.kind == "survey.answered":
            actions.follow_answer(event)
        ticket = event.ticket if event.ticket_id is not None and _may_matter(event) else None
        if ticket is None:
            continue
        if event.kind == "ticket.resolved":
            actions.follow_resolution(event)
        elif event.kind == "ticket.reopened":
            actions.cancel_about([ticket.pk], only=[Kind.FIXED])
        elif event.kind in ENDING:
            actions.cancel_about([ticket.pk])
        waits = _changes_silence(event, ticket)
        if waits:
            silent[ticket.pk] = ticket
        if event.kind == MOVED if waits else _ends_silence(event):
            over.append(ticket.pk)
    if over:
        actions.cancel_about(over, only=SILENT)
    if silent:
        actions.follow_silences(list(silent.values()))


def _may_matter(event: Event) -> bool:
    return event.kind in FOLDED or event.kind in ENDING or event.kind == MOVED


def _changes_silence(event: Event, ticket: Ticket) -> bool:
    """The ticket waits for its customer, and the event may have begun the silence anew. A word of theirs is
    followed by another status, unless nobody knows who wrote it."""
    if ticket.status != Status.WAITING or ticket.deleted_at is not None:
        return False
    theirs = event.kind == "ticket.replied" and event.data["by"] == Speaker.CUSTOMER
    return not theirs or event.actor_id is None


def _ends_silence(event: Event) -> bool:
    status = event.data.get("status")
    return isinstance(status, list) and status[0] == Status.WAITING
