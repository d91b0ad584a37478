"""How this app reacts to events: by writing its own rows, in the same transaction, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from sla import actions
from sla.metrics import RELEVANT
from tickets.events import is_past
from tickets.models import Event

CHOOSING = frozenset({"ticket.opened", *actions.ASKED})
"""After these a ticket may fall under another policy."""


def on_ticket_event(event: Event) -> None:
    """Choose the policy where it may have changed, and bring the ticket's clocks up to the event."""
    on_ticket_events([event])


def on_ticket_events(events: Sequence[Event]) -> None:
    """The same for many at once, each of another ticket or derived."""
    events = [event for event in events if event.ticket_id is not None]
    # An application is an event of its own, on which the clocks are set.
    applied = actions.apply_policies([event for event in events if event.kind in CHOOSING])
    if not is_past():
        actions.set_clocks([event for event in events if event.pk not in applied and _moves_clocks(event)])


def on_ticket_past(events: Sequence[Event]) -> None:
    """Clocks are folded from all events of a ticket: of a history written at once the last is enough."""
    actions.set_clocks(events)


def _moves_clocks(event: Event) -> bool:
    if event.kind == "ticket.noted":
        return event.ticket_id is not None and actions.notes_answer(event.ticket_id)
    return event.kind in RELEVANT
