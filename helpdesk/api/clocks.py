"""A ticket's clocks, each explained as the desk's “Why?” explains it, and deadlines set by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import clock_shapes as shapes
from helpdesk.api import represent
from helpdesk.api.base import Answer, ApiView, read_body, reader, refusing_values
from helpdesk.api.parts import ONCE, READ_REFUSALS, REFUSALS, Deed, visible
from helpdesk.clock_words import Sources, sentence, sources_of, stretch_words
from sla import actions as sla_actions
from sla import queries as sla_queries
from sla.ledger import Ledger, Stretch
from sla.measure import ByHand
from sla.rules import Target
from tickets import access, queries
from tickets.actions import NotAllowed
from tickets.models import Event, Ticket


class Clocks(ApiView):
    @extend_schema(
        operation_id="read_clocks",
        summary="Read why a ticket's clocks read what they read",
        responses={200: shapes.ClocksOut, 403: REFUSALS[403], **READ_REFUSALS},
    )
    def get(self, request: Request, number: int) -> Response:
        """Every clock of the ticket with its ledger: what counted, what did not and why, the events that
        began and ended each stretch, the running sum, the versions in force, and one sentence. For members
        who work on the ticket."""
        row = visible(request, number)
        if not access.can_work(request.user, row):
            raise NotAllowed(_("You may not read this ticket's clocks."))
        return Response(explained(row))


class SetDeadline(Deed):
    @extend_schema(
        operation_id="set_deadline",
        summary="Set a clock's deadline by hand",
        parameters=[ONCE],
        request=shapes.NewDeadline,
        responses={200: shapes.ClocksOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Let the open clock of a metric be due at an instant. Nothing but releasing it moves that: no
        status, priority or policy."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, shapes.NewDeadline, user=request.user)
        with refusing_values("due_at"):
            sla_actions.set_deadline(
                row, body["metric"], body["due_at"], by=reader(request), reason=body.get("reason", "")
            )
        return 200, explained(row)


class ReleaseDeadline(Deed):
    @extend_schema(
        operation_id="release_deadline",
        summary="Let the policy decide again when a clock is due",
        parameters=[ONCE],
        request=shapes.OneMetric,
        responses={200: shapes.ClocksOut, **REFUSALS},
    )
    def post(self, request: Request, number: int) -> Response:
        """Take back a deadline set by hand; what the clock used so far counts."""
        return super().post(request, number)

    def act(self, request: Request, row: Ticket) -> Answer:
        body = read_body(request, shapes.OneMetric, user=request.user)
        sla_actions.release_deadline(row, body["metric"], by=reader(request))
        return 200, explained(row)


# --- the ledger -----------------------------------------------------------------------------------------


def explained(row: Ticket) -> dict[str, Any]:
    """All clocks of a ticket as of now, in the order of the metrics: a constant number of queries."""
    now, events = timezone.now(), queries.timeline(row)
    ledgers = sla_queries.ledgers_from(row, events, now)
    sources = sources_of([told.reading for told in ledgers], events)
    clocks = [_clock(told, sources) for told in ledgers]
    return dict(shapes.ClocksOut({"now": now, "clocks": clocks}).data)


def _clock(told: Ledger, sources: Sources) -> dict[str, Any]:
    reading = told.reading
    end = reading.stopped_at or told.now
    return {
        "metric": reading.metric,
        "instance": reading.instance,
        "state": reading.state,
        "sentence": sentence(told, sources),
        "started_at": reading.started_at,
        "due_at": reading.due_at,
        "stopped_at": reading.stopped_at,
        "breached_at": reading.breached_at
        or (reading.due_at if _is_over(reading.due_at, end, told) else None),
        "used_seconds": told.consumed.total_seconds(),
        "used_working_seconds": reading.elapsed(end, working=True).total_seconds(),
        "used_calendar_seconds": reading.elapsed(end, working=False).total_seconds(),
        "remaining_seconds": _seconds(told.remaining),
        "overrun_seconds": reading.overrun(end).total_seconds(),
        "target": _target(reading.target),
        "policy": _version(sources.policies.get(reading.policy_version or 0)),
        "calendar": _version(sources.calendars.get(reading.calendar_version or 0)),
        "by_hand": _by_hand(reading.by_hand, sources),
        "intervals": [_interval(one, told, sources) for one in told.stretches],
    }


def _is_over(due_at: datetime | None, end: datetime, told: Ledger) -> bool:
    """Whether an open clock is past its due time, seen by a sweep or not."""
    return due_at is not None and told.reading.is_open and due_at < end


def _interval(one: Stretch, told: Ledger, sources: Sources) -> dict[str, Any]:
    span = one.span
    return {
        "kind": one.kind,
        "reason": one.reason,
        "holiday": one.holiday,
        "start": one.start,
        "end": one.end,
        "seconds": one.spent.total_seconds(),
        "sum_seconds": one.total.total_seconds(),
        "words": stretch_words(one, told, sources),
        "started_by": _cause(sources.events.get(one.seq or 0)),
        "ended_by": _cause(sources.events.get(one.end_seq or 0)),
        "target": _target(span.target),
        "policy": _version(sources.policies.get(span.policy_version or 0)),
        "calendar": _version(sources.calendars.get(span.calendar_version or 0)),
        "by_hand": _by_hand(span.by_hand, sources),
    }


def _seconds(amount: timedelta | None) -> float | None:
    return None if amount is None else amount.total_seconds()


def _target(target: Target | None) -> dict[str, Any] | None:
    if target is None:
        return None
    return {
        "seconds": target.amount.total_seconds(),
        "basis": "working" if target.working else "calendar",
    }


def _version(version: sla_queries.Version | None) -> dict[str, Any] | None:
    return {"id": version.of, "name": version.name, "version": version.number} if version else None


def _by_hand(by_hand: ByHand | None, sources: Sources) -> dict[str, Any] | None:
    if by_hand is None:
        return None
    event = sources.events.get(by_hand.seq or 0)
    by = represent.person(event.actor, works=True) if event else None
    return {"due_at": by_hand.due_at, "set_at": by_hand.set_at, "by": by}


def _cause(event: Event | None) -> dict[str, Any] | None:
    if event is None:
        return None
    by = represent.person(event.actor, works=True)
    return {"seq": event.seq, "kind": event.kind, "at": event.at, "by": by}
