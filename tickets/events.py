"""The kinds of event, the keys their data may hold, and `record()`, the one way to write an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from tickets.bulk import insert
from tickets.models import Event, Ticket, User

STATUS_KINDS = frozenset(
    {
        "ticket.resolved",
        "ticket.reopened",
        "ticket.closed",
        "ticket.set_waiting",
        "ticket.put_on_hold",
        "ticket.set_open",
    }
)

KINDS: dict[str, frozenset[str]] = {
    "ticket.opened": frozenset(
        {
            "requester",
            "organization",
            "team",
            "assignee",
            "priority",
            "type",
            "status",
            "channel",
            "spoke_first",
            "message",
            "human",
            "imported",
            "follows",
        }
    ),
    "ticket.replied": frozenset({"message", "by", "human", "shared", "channel"}),
    "ticket.noted": frozenset({"message"}),
    "ticket.heard_automatic": frozenset({"message"}),
    "message.held": frozenset({"message"}),
    "message.accepted": frozenset({"message"}),
    "message.dismissed": frozenset({"message"}),
    "message.withdrawn": frozenset({"message"}),
    "draft.scheduled": frozenset({"draft", "send_at"}),
    "draft.unscheduled": frozenset({"draft"}),
    "draft.cancelled": frozenset({"draft", "author", "reason"}),
    "delivery.failed": frozenset({"message", "delivery"}),
    "delivery.recovered": frozenset({"message", "delivery"}),
    **{kind: frozenset({"status"}) for kind in STATUS_KINDS},
    "ticket.assigned": frozenset({"assignee"}),
    "ticket.prioritized": frozenset({"priority"}),
    "ticket.moved": frozenset({"team"}),
    "ticket.typed": frozenset({"type"}),
    "ticket.tagged": frozenset({"tag"}),
    "ticket.untagged": frozenset({"tag"}),
    "ticket.follower_proposed": frozenset({"person"}),
    "ticket.follower_accepted": frozenset({"person"}),
    "ticket.follower_removed": frozenset({"person"}),
    "sla.applied": frozenset({"policy_version", "calendar_version"}),
    "sla.deadline_set": frozenset({"metric", "instance", "due_at", "note"}),
    "sla.deadline_released": frozenset({"metric", "instance"}),
    "sla.warned": frozenset({"clock", "metric", "instance", "due_at"}),
    "sla.breached": frozenset({"clock", "metric", "instance", "due_at"}),
    "sla.escalated": frozenset(
        {"clock", "metric", "instance", "level", "due_at", "policy_version", "calendar_version"}
    ),
    "survey.scheduled": frozenset({"survey"}),
    "survey.invited": frozenset({"survey"}),
    "survey.answered": frozenset({"survey", "answer", "score"}),
    "survey.cancelled": frozenset({"survey", "reason"}),
    "survey.expired": frozenset({"survey"}),
    "person.met": frozenset({"person"}),
    "person.invited": frozenset({"person", "role"}),
    "person.joined": frozenset({"person"}),
    "person.proved_address": frozenset({"person"}),
    "person.role_changed": frozenset({"person", "role"}),
    "person.teams_changed": frozenset({"person", "teams"}),
    "person.edited": frozenset({"person"}),
    "person.deactivated": frozenset({"person"}),
    "person.reactivated": frozenset({"person"}),
    "person.address_failed": frozenset({"person"}),
    "team.created": frozenset({"team"}),
    "team.edited": frozenset({"team", "fields"}),
    "organization.created": frozenset({"organization"}),
    "organization.edited": frozenset({"organization", "fields"}),
    "company.edited": frozenset({"fields"}),
    "address.created": frozenset({"address", "team"}),
    "address.edited": frozenset({"address", "fields"}),
    "saved_reply.created": frozenset({"saved_reply"}),
    "saved_reply.edited": frozenset({"saved_reply"}),
    "saved_reply.deleted": frozenset({"saved_reply"}),
    "calendar.changed": frozenset({"calendar", "version"}),
    "policy.changed": frozenset({"policy", "version"}),
    "survey_definition.changed": frozenset({"definition", "version"}),
    "job.asked": frozenset({"job", "kind"}),
    "job.cancelled": frozenset({"job", "kind"}),
    "job.retried": frozenset({"job", "kind"}),
    "job.done": frozenset({"job", "kind"}),
    "job.failed": frozenset({"job", "kind"}),
    "mail.read_again": frozenset({"mail"}),
    "mail.released": frozenset({"mail"}),
    "mail.refiled": frozenset({"mail", "ticket"}),
    "mail.deleted": frozenset({"mail"}),
    "token.issued": frozenset({"person", "token"}),
    "token.revoked": frozenset({"person", "token"}),
}

DERIVED_PREFIXES = ("sla.", "survey.")
"""Kinds that subscribers and sweeps derive from other events. They carry the instant that they are about
(a breach
its due time), so they neither obey nor move the ticket's forward-only instant; the clock fold reads none of
them."""
FORWARD = frozenset({"sla.applied", "sla.deadline_set", "sla.deadline_released"})
"""Kinds with such a prefix that count from their instant on: nothing later may be dated before them."""


class NotInTransaction(RuntimeError):
    """An event was to be recorded outside a transaction: it could survive without the rows it speaks of."""


def record(
    kind: str,
    *,
    ticket: Ticket | None = None,
    subject: models.Model | None = None,
    by: User | None = None,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write one event and let every subscriber react to it, in the caller's transaction.

    The caller holds the ticket's row lock. `at` (aware, UTC) defaults to now; within a ticket it is moved
    forward to the latest instant already recorded, except for derived kinds.

    Raises NotInTransaction outside a transaction and ValueError for an unknown kind or data key.
    """
    payload = dict(data or {})
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{kind} must be recorded in the transaction that writes its rows")
    if kind not in KINDS:
        raise ValueError(f"unknown event kind {kind!r}: add it to tickets.events.KINDS")
    if extra := payload.keys() - KINDS[kind]:
        raise ValueError(f"{kind} does not carry {sorted(extra)}")
    at = at or timezone.now()
    seq = None
    if ticket is not None:
        seq, at = _next_in_ticket(ticket, at, derived=_is_derived(kind))
    event = Event.objects.create(
        ticket=ticket,
        seq=seq,
        kind=kind,
        subject_kind=subject._meta.label_lower if subject else "",
        subject_id=subject.pk if subject else None,
        actor=by,
        at=at,
        data=payload,
    )
    for react in subscribers():
        react(event)
    return event


def _is_derived(kind: str) -> bool:
    return kind.startswith(DERIVED_PREFIXES) and kind not in FORWARD


@dataclass(frozen=True)
class Derived:
    """A derived event (`DERIVED_PREFIXES`) that is still to be written; as the arguments of `record`,
    `subject` as a model and a primary key."""

    kind: str
    ticket_id: int
    subject: tuple[type[models.Model], int]
    at: datetime
    data: Mapping[str, Any]


def record_derived(drafts: Sequence[Derived], *, recorded_at: datetime) -> list[Event]:
    """Write many derived events of locked tickets in a few statements, and let every subscriber react to
    each.

    Events of one ticket keep the order in which they are given. Raises as `record` does.
    """
    require_transaction()
    for draft in drafts:
        if not _is_derived(draft.kind):
            raise ValueError(f"{draft.kind} is not derived: record() it")
        if extra := draft.data.keys() - KINDS[draft.kind]:
            raise ValueError(f"{draft.kind} does not carry {sorted(extra)}")
    seqs = _next_in_tickets(Counter(draft.ticket_id for draft in drafts))
    events = [
        Event(
            ticket_id=draft.ticket_id,
            seq=next(seqs[draft.ticket_id]),
            kind=draft.kind,
            subject_kind=draft.subject[0]._meta.label_lower,
            subject_id=draft.subject[1],
            at=draft.at,
            recorded_at=recorded_at,
            data=dict(draft.data),
        )
        for draft in drafts
    ]
    insert(events)
    for react in subscribers_to_many():
        react(events)
    return events


def _next_in_tickets(counts: Mapping[int, int]) -> dict[int, Iterator[int]]:
    """The next sequence numbers of each ticket, as many as it needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_ticket SET event_seq = event_seq + wanted.n"
            " FROM unnest(%s::bigint[], %s::int[]) AS wanted(id, n) WHERE tickets_ticket.id = wanted.id"
            " RETURNING tickets_ticket.id, event_seq",
            [list(counts), list(counts.values())],
        )
        last = dict(cursor.fetchall())
    return {pk: iter(range(last[pk] - n + 1, last[pk] + 1)) for pk, n in counts.items()}


def _next_in_ticket(ticket: Ticket, at: datetime, *, derived: bool) -> tuple[int, datetime]:
    """The next sequence number and the instant to record, kept from running backwards."""
    forward = "last_event_at" if derived else "GREATEST(last_event_at, %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE tickets_ticket SET event_seq = event_seq + 1, last_event_at = {forward}"  # noqa: S608
            " WHERE id = %s RETURNING event_seq, last_event_at",
            [ticket.pk] if derived else [at, ticket.pk],
        )
        seq, latest = cursor.fetchone()
    ticket.event_seq = seq
    if not derived:
        ticket.last_event_at = latest
        at = latest
    return seq, at


@cache
def subscribers() -> tuple[Callable[[Event], None], ...]:
    """The functions named in `settings.TICKET_SUBSCRIBERS`, in order. They only write rows."""
    return tuple(import_string(path) for path in settings.TICKET_SUBSCRIBERS)


@cache
def subscribers_to_many() -> tuple[Callable[[Sequence[Event]], None], ...]:
    """The same for many events at once: a module that names its subscriber `on_ticket_event` may have an
    `on_ticket_events` that does in a few statements what the other does event by event."""

    def one_by_one(react: Callable[[Event], None]) -> Callable[[Sequence[Event]], None]:
        def react_to_each(events: Sequence[Event]) -> None:
            for event in events:
                react(event)

        return react_to_each

    paths = [path.rpartition(".") for path in settings.TICKET_SUBSCRIBERS]
    return tuple(
        getattr(import_module(module), f"{name}s", None) or one_by_one(import_string(f"{module}.{name}"))
        for module, _dot, name in paths
    )


def require_transaction() -> None:
    """Raise NotInTransaction unless a transaction is open."""
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction("this must run inside a transaction")
