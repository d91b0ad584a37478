"""Telling those who work here of an event, by each channel on which they wish it.

One function chooses for all channels, so that app and mail never disagree on who is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from helpdesk import outbox
from helpdesk.models import Delivery, Notification
from helpdesk.wishes import APP, MAIL, wants
from tickets.bulk import insert
from tickets.hints import TOLD, Hint, announce
from tickets.models import Event, User

Told = Delivery | Notification


def staff(
    event: Event,
    people: Iterable[User],
    kind: str,
    *,
    wish: str = "",
    times: Mapping[str, datetime] | None = None,
) -> list[Told]:
    """What tells active staff who wish it, not yet written; nobody is told of what they did themselves.

    `wish` is the kind that they chose by, where it is another. `times` are those of the mail.
    """
    rows: list[Told] = []
    for person in people:
        if person.pk == event.actor_id:
            continue
        if wants(person, wish or kind, MAIL):
            rows.append(outbox.mail_of(event, person, kind, **(times or {})))
        if wants(person, wish or kind, APP):
            rows.append(_in_app(event, person, kind))
    return rows


def _in_app(event: Event, person: User, kind: str) -> Notification:
    assert event.ticket_id is not None
    return Notification(
        event=event, ticket_id=event.ticket_id, person=person, kind=kind, told_at=event.recorded_at
    )


def write(rows: Sequence[Told]) -> None:
    """Write what is not there yet; mail that is due is handed over, and open desks of those who are told in
    the app hear of it, after commit."""
    outbox.add([row for row in rows if isinstance(row, Delivery)])
    in_app = [row for row in rows if isinstance(row, Notification)]
    insert(in_app, ignore_conflicts=True)
    told = {row.person_id: Hint(row.ticket_id, row.event.seq or 0, TOLD, 0, row.person_id) for row in in_app}
    announce(list(told.values()))
