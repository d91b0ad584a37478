"""Sharing out a team's tickets: noting what came in, choosing whose it is."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from duty import queries
from duty.actions.availability import AWAY
from duty.choosing import choose
from duty.models import Arrival, Sharing, Turn
from tickets import actions
from tickets.actions.base import lock
from tickets.bulk import insert
from tickets.events import record
from tickets.handover import hand_over
from tickets.models import OPEN_STATUSES, Event, Ticket, User
from tickets.queries import HISTORY

Mode = Sharing.Mode


def note_arrivals(events: Sequence[Event]) -> None:
    """Remember the tickets that came into a sharing team without an owner. For the events' transaction."""
    came = {event: team for event in events if (team := _team_entered(event)) is not None}
    if not came:
        return
    sharing = Sharing.objects.filter(team__in=set(came.values())).exclude(mode=Mode.BY_HAND)
    teams = set(sharing.values_list("team", flat=True))
    rows = [
        Arrival(ticket_id=event.ticket_id or 0, team_id=team, event=event, arrived_at=event.recorded_at)
        for event, team in came.items()
        if team in teams
    ]
    insert(rows)
    for row in rows:
        hand_over("duty.share_out", row.pk)


def _team_entered(event: Event) -> int | None:
    """The team into which a ticket came by this event and without an owner, as far as the event tells."""
    if event.recorded_at - event.at > HISTORY:
        return None
    data = event.data
    if event.kind == "ticket.opened" and data["assignee"] is None:
        return int(data["team"])
    if event.kind == "ticket.moved":
        return int(data["team"][1])  # whoever does not work there is taken off after it
    if event.kind == "ticket.assigned" and data.get("reason") == AWAY:
        return int(data["team"])
    return None


def note_turns(events: Sequence[Event]) -> None:
    """Remember who was given a ticket by the sharing. For the events' transaction."""
    for event in events:
        if event.kind == "ticket.assigned" and event.data.get("reason") in (Mode.IN_TURN, Mode.BY_LOAD):
            Turn.objects.update_or_create(
                team_id=event.data["team"],
                person_id=event.data["assignee"][1],
                defaults={"event": event},
            )


def share_out(arrival: int) -> User | None:
    """Give a ticket that came in to whoever is next; None where it was done, or has an owner, or stays in the
    queue because nobody is there or everybody has as many as they may."""
    with transaction.atomic():
        row = Arrival.objects.filter(pk=arrival).select_related("ticket").first()
        if row is None:
            return None
        ticket = lock(row.ticket)
        row = Arrival.objects.filter(pk=arrival).first()
        if row is None:
            return None  # another worker was faster
        taken = ticket.team_id != row.team_id or ticket.assignee_id or ticket.deleted_at
        if taken or ticket.status not in OPEN_STATUSES:
            row.delete()
            return None
        # One ticket of a team after the other: each choice sees the one before it.
        sharing = (
            Sharing.objects.select_for_update(of=("self",)).select_related("team").get(team=ticket.team_id)
        )
        if sharing.mode == Mode.BY_HAND:
            row.delete()
            return None
        return _give(ticket, sharing, row)


def share_out_left() -> list[int]:
    """Of what waits because nobody was there: the numbers of the arrivals to share out now, of each team the
    most urgent ones, one for each person who is there and has room. What was taken by hand is forgotten."""
    left = Arrival.objects.filter(left_at__isnull=False)
    sharing = Sharing.objects.exclude(mode=Mode.BY_HAND)
    waits = Q(ticket__assignee=None, ticket__status__in=OPEN_STATUSES, ticket__deleted_at=None)
    if not left.exists():
        return []
    left.exclude(waits, ticket__team=F("team"), team__in=sharing.values("team")).delete()
    found: list[int] = []
    for row in sharing.filter(team__in=left.values("team")).select_related("team"):
        free = sum(one.has_room for one in queries.candidates(row, timezone.now()))
        if free:
            found += queries.left_waiting(row.team_id)[:free]
    return found


def _give(ticket: Ticket, sharing: Sharing, row: Arrival) -> User | None:
    """To whoever is next; else it waits in the queue, which is said once, until somebody is there."""
    now = timezone.now()
    there = queries.candidates(sharing, now)
    free = [one for one in there if one.has_room] if row.left_at else there
    chosen = choose(free, by_load=sharing.mode == Mode.BY_LOAD)
    if chosen is None:
        if row.left_at is None:
            Arrival.objects.filter(pk=row.pk).update(left_at=now)
            data = {"team": sharing.team_id, "reason": "full" if there else "nobody"}
            record("ticket.left_waiting", ticket=ticket, subject=ticket, data=data)
        return None
    row.delete()
    person = User.objects.get(pk=chosen)
    actions.assign(ticket, person, by=None, reason=sharing.mode)
    return person
