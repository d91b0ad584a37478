"""The kinds of event, the keys their data may hold, and `record()`, the one way to write an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from tickets import hints
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
            "split_from",
        }
    ),
    "ticket.replied": frozenset({"message", "by", "human", "shared", "channel"}),
    "ticket.noted": frozenset({"message"}),
    "ticket.mentioned": frozenset({"people"}),
    "ticket.heard_automatic": frozenset({"message"}),
    "side_talk.opened": frozenset({"side_talk"}),
    "side_talk.written": frozenset({"side_talk", "message", "quoted"}),
    "side_talk.withdrawn": frozenset({"side_talk", "message"}),
    "side_talk.heard": frozenset({"side_talk", "message"}),
    "side_talk.undelivered": frozenset({"side_talk", "message", "delivery"}),
    "side_talk.closed": frozenset({"side_talk"}),
    "side_talk.reopened": frozenset({"side_talk"}),
    "message.held": frozenset({"message"}),
    "message.accepted": frozenset({"message"}),
    "message.dismissed": frozenset({"message"}),
    "message.doubted": frozenset({"message"}),
    "message.read": frozenset({"message"}),
    "message.complained": frozenset({"message"}),
    "message.links_revoked": frozenset({"message"}),
    "message.withdrawn": frozenset({"message"}),
    "draft.scheduled": frozenset({"draft", "send_at"}),
    "draft.unscheduled": frozenset({"draft"}),
    "draft.cancelled": frozenset({"draft", "author", "reason"}),
    "delivery.failed": frozenset({"message", "delivery"}),
    "delivery.delayed": frozenset({"message", "delivery"}),
    "delivery.recovered": frozenset({"message", "delivery"}),
    **{kind: frozenset({"status"}) for kind in STATUS_KINDS},
    "ticket.resolved": frozenset({"status", "silent_days"}),
    "ticket.assigned": frozenset({"assignee", "reason", "team"}),
    "ticket.left_waiting": frozenset({"team", "reason"}),
    "ticket.prioritized": frozenset({"priority"}),
    "ticket.moved": frozenset({"team"}),
    "ticket.typed": frozenset({"type"}),
    "ticket.tagged": frozenset({"tag"}),
    "ticket.untagged": frozenset({"tag"}),
    "ticket.requester_changed": frozenset({"requester", "organization", "keep"}),
    "ticket.snoozed": frozenset({"until"}),
    "ticket.unsnoozed": frozenset({"until", "reason"}),
    "ticket.merged": frozenset({"into"}),
    "ticket.took_over": frozenset({"ticket"}),
    "ticket.marked_spam": frozenset({"block"}),
    "ticket.unmarked_spam": frozenset(),
    "ticket.split": frozenset({"ticket", "messages"}),
    "ticket.split_undone": frozenset({"ticket"}),
    "ticket.carried": frozenset({"message", "by", "human", "shared", "channel"}),
    "ticket.carried_quietly": frozenset({"message"}),
    "ticket.deleted": frozenset(),
    "ticket.restored": frozenset(),
    "ticket.purged": frozenset(),
    "ticket.linked": frozenset({"ticket", "word"}),
    "ticket.unlinked": frozenset({"ticket"}),
    "ticket.unmerged": frozenset({"from"}),
    "ticket.gave_back": frozenset({"ticket"}),
    "ticket.related": frozenset({"ticket"}),
    "ticket.also_addressed": frozenset({"address"}),
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
    "survey.reminded": frozenset({"survey"}),
    "survey.answered": frozenset({"survey", "answer", "score", "kind"}),
    "survey.cancelled": frozenset({"survey", "reason"}),
    "survey.expired": frozenset({"survey"}),
    "followup.sent": frozenset({"followup", "kind"}),
    "followup.answered": frozenset({"followup", "stayed"}),
    "case.opened": frozenset({"case", "survey", "cause", "rated"}),
    "case.assigned": frozenset({"case", "owner"}),
    "case.contacted": frozenset({"case", "how", "message"}),
    "case.contact_lost": frozenset({"case", "message"}),
    "case.closed": frozenset({"case", "outcome", "root_cause", "reason"}),
    "case.asked_again": frozenset({"case", "survey"}),
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
    "person.went_away": frozenset({"person", "until"}),
    "person.came_back": frozenset({"person"}),
    "person.duty_changed": frozenset({"person", "limit", "calendar"}),
    "team.created": frozenset({"team"}),
    "team.edited": frozenset({"team", "fields"}),
    "team.sharing_changed": frozenset({"team", "mode", "calendar"}),
    "organization.created": frozenset({"organization"}),
    "organization.edited": frozenset({"organization", "fields"}),
    "wording.changed": frozenset({"wording", "version"}),
    "company.edited": frozenset({"fields"}),
    "address.created": frozenset({"address", "team"}),
    "address.edited": frozenset({"address", "fields"}),
    "source.created": frozenset({"source"}),
    "source.edited": frozenset({"source", "fields"}),
    "saved_reply.created": frozenset({"saved_reply"}),
    "saved_reply.edited": frozenset({"saved_reply"}),
    "saved_reply.deleted": frozenset({"saved_reply"}),
    "topic.created": frozenset({"topic", "team"}),
    "topic.edited": frozenset({"topic", "fields"}),
    "saved_view.created": frozenset({"saved_view"}),
    "saved_view.edited": frozenset({"saved_view"}),
    "saved_view.deleted": frozenset({"saved_view"}),
    "calendar.changed": frozenset({"calendar", "version"}),
    "policy.changed": frozenset({"policy", "version"}),
    "followup_rule.changed": frozenset({"rule", "kind", "team", "fields"}),
    "cause.created": frozenset({"cause"}),
    "cause.edited": frozenset({"cause", "fields"}),
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
    "mail.flood_settled": frozenset({"mails", "ticket", "how"}),
    "sender.blocked": frozenset({"block"}),
    "sender.unblocked": frozenset({"block"}),
    "report.subscribed": frozenset({"report_mail"}),
    "report.paused": frozenset({"report_mail"}),
    "report.resumed": frozenset({"report_mail"}),
    "report.unsubscribed": frozenset({"report_mail"}),
    "report.came_due": frozenset({"report_mail", "due_at"}),
    "token.issued": frozenset({"person", "token"}),
    "token.revoked": frozenset({"person", "token"}),
}

DERIVED_PREFIXES = ("sla.", "survey.", "followup.")
"""Kinds that subscribers and sweeps derive from other events. They carry the instant that they are about
(a breach
its due time), so they neither obey nor move the ticket's forward-only instant; the clock fold reads none of
them."""
FORWARD = frozenset({"sla.applied", "sla.deadline_set", "sla.deadline_released"})
"""Kinds with such a prefix that count from their instant on: nothing later may be dated before them."""


class NotInTransaction(RuntimeError):
    """An event was to be recorded outside a transaction: it could survive without the rows it speaks of."""


@dataclass(frozen=True)
class NewEvent:
    """An event that is still to be written; the arguments of `record`."""

    kind: str
    ticket: Ticket | None = None
    subject: models.Model | None = None
    by: User | None = None
    at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


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
    return record_all([NewEvent(kind, ticket, subject, by, at, data or {})])[0]


def record_all(drafts: Sequence[NewEvent]) -> list[Event]:
    """Write many events in a few statements, at most one a ticket, and let every subscriber react to them.

    As `record` otherwise, whose many calls it saves.
    """
    for draft in drafts:
        _check(draft.kind, draft.data)
    now = timezone.now()
    places = _next_in_tickets(drafts, now)
    events = []
    for draft in drafts:
        seq, at = None, draft.at or now
        if draft.ticket is not None:
            seq, latest = places[draft.ticket.pk]
            draft.ticket.event_seq = seq
            if not _is_derived(draft.kind):
                draft.ticket.last_event_at = at = latest
        events.append(
            Event(
                ticket=draft.ticket,
                seq=seq,
                kind=draft.kind,
                subject_kind=draft.subject._meta.label_lower if draft.subject else "",
                subject_id=draft.subject.pk if draft.subject else None,
                actor=draft.by,
                at=at,
                recorded_at=now,
                data=dict(draft.data),
            )
        )
    insert(events)
    if (written := _PAST.get()) is not None:
        written |= {event.ticket_id: event for event in events if event.ticket_id}
    for react in subscribers():
        react(events)
    hints.announce([_hint_of(draft) for draft in drafts if draft.ticket and not _is_derived(draft.kind)])
    return events


def _hint_of(draft: NewEvent) -> hints.Hint:
    ticket = draft.ticket
    assert ticket is not None
    return hints.Hint(ticket.pk, ticket.event_seq, draft.kind, ticket.team_id, ticket.assignee_id)


def _check(kind: str, data: Mapping[str, Any]) -> None:
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{kind} must be recorded in the transaction that writes its rows")
    if kind not in KINDS:
        raise ValueError(f"unknown event kind {kind!r}: add it to tickets.events.KINDS")
    if extra := data.keys() - KINDS[kind]:
        raise ValueError(f"{kind} does not carry {sorted(extra)}")


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
    for draft in drafts:
        _check(draft.kind, draft.data)
        if not _is_derived(draft.kind):
            raise ValueError(f"{draft.kind} is not derived: record() it")
    seqs, told = _next_several(Counter(draft.ticket_id for draft in drafts), drafts)
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
    for react in subscribers():
        react(events)
    hints.announce(told)
    return events


def _next_several(
    counts: Mapping[int, int], drafts: Sequence[Derived]
) -> tuple[dict[int, Iterator[int]], list[hints.Hint]]:
    """The next sequence numbers of each ticket, as many as it needs, and what open desks are told of each.
    Its latest instant stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_ticket SET event_seq = event_seq + wanted.n"
            " FROM unnest(%s::bigint[], %s::int[]) AS wanted(id, n) WHERE tickets_ticket.id = wanted.id"
            " RETURNING tickets_ticket.id, event_seq, team_id, assignee_id",
            [list(counts), list(counts.values())],
        )
        rows = cursor.fetchall()
    kinds = {draft.ticket_id: draft.kind for draft in drafts}
    told = [hints.Hint(pk, seq, kinds[pk], team, assignee) for pk, seq, team, assignee in rows]
    seqs = {pk: iter(range(seq - counts[pk] + 1, seq + 1)) for pk, seq, *_rest in rows}
    return seqs, told


def _next_in_tickets(drafts: Sequence[NewEvent], now: datetime) -> dict[int, tuple[int, datetime]]:
    """The next sequence number of each ticket, and its latest instant, which the drafts that are not derived
    move forward."""
    wanted = {
        draft.ticket.pk: None if _is_derived(draft.kind) else draft.at or now
        for draft in drafts
        if draft.ticket is not None
    }
    if len(wanted) < sum(draft.ticket is not None for draft in drafts):
        raise ValueError("a ticket's events are recorded one after the other")
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(  # GREATEST passes over what is null
            "UPDATE tickets_ticket"
            " SET event_seq = event_seq + 1, last_event_at = GREATEST(last_event_at, wanted.at)"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS wanted(id, at)"
            " WHERE tickets_ticket.id = wanted.id RETURNING tickets_ticket.id, event_seq, last_event_at",
            [list(wanted), list(wanted.values())],
        )
        return {pk: (seq, latest) for pk, seq, latest in cursor.fetchall()}


_PAST: ContextVar[dict[int, Event] | None] = ContextVar("past", default=None)


@contextmanager
def past() -> Iterator[None]:
    """Within it, whole histories of tickets are written, each in one transaction that nobody looks into.

    A subscriber whose rows say how a ticket stands now may pass over the steps on the way (`is_past`): its
    module's `on_ticket_past` is called with the last event of each ticket at the end.
    """
    require_transaction()
    written: dict[int, Event] = {}
    token = _PAST.set(written)
    try:
        yield
    finally:
        _PAST.reset(token)
    for path in settings.TICKET_SUBSCRIBERS:
        settle = getattr(import_module(path.rpartition(".")[0]), "on_ticket_past", None)
        if settle is not None and written:
            settle(list(written.values()))


def is_past() -> bool:
    """Whether what is recorded is the past of a ticket, more of which follows in this transaction."""
    return _PAST.get() is not None


@cache
def subscribers() -> tuple[Callable[[Sequence[Event]], None], ...]:
    """The functions named in `settings.TICKET_SUBSCRIBERS`, in order, for many events at once. They only
    write rows.

    A module that names its subscriber `on_ticket_event` may have an `on_ticket_events` that does in a few
    statements what the other does event by event."""

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
