"""Sending a follow-up whose time has come."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from feedback import tokens
from feedback.actions.base import has_declined, hold, is_robots, kept_from
from feedback.models import Recovery
from feedback.queries import rest_over_at
from feedback.timing import in_window
from followup import queries
from followup.models import RATED, SILENT, FollowUp, Kind, Rule
from followup.silence import working_days_between
from sla.calendar import CalendarError
from sla.queries import calendar_of
from tickets import actions
from tickets.actions.base import instant
from tickets.events import record
from tickets.models import Ticket, User

State, Reason = FollowUp.State, FollowUp.Reason
HELD = FollowUp.objects.select_related("ticket__team", "survey__answer")

ASKS_FOR = timedelta(days=14)
"""For so long the question whether it stayed solved takes an answer."""
AFTER_A_SURVEY = timedelta(days=1)
"""Nobody gets a survey and that question on one day."""


def send(follow_up: FollowUp, *, at: datetime | None = None) -> FollowUp | None:
    """Do what a follow-up is for, and record `followup.sent`, of which the outbox makes the mail.

    What comes due outside the reader's window waits for it to open; a reminder or resolution above the
    budget waits until it has room, anything else above it is not sent. Returns None when another worker has
    it at the moment (the sweep comes again) and the follow-up as it is now otherwise.
    """
    at = at or timezone.now()
    with transaction.atomic():
        held = hold(HELD, follow_up)
        if held is None:
            return None
        row, person = held
        if row.state != State.PLANNED or row.due_at > at:
            return row
        rule = queries.rule_for(row.kind, row.ticket.team_id if row.ticket else None)
        if rule is None:
            return _give_up(row, State.CANCELLED, Reason.OFF)
        if _is_overtaken(row):
            return _give_up(row, State.CANCELLED, Reason.OVERTAKEN)
        if reason := _why_not(row, person):
            return _give_up(row, State.SUPPRESSED, reason)
        free = queries.free_at(rule, person, at)
        if free > at and row.kind not in SILENT:
            return _give_up(row, State.SUPPRESSED, Reason.BUDGET)
        later = _allowed_at(row, person, rule, free)
        if later > at:
            row.due_at = later
            row.save(update_fields=["due_at"])
            return row
        return _send(row, at)


def _is_overtaken(row: FollowUp) -> bool:
    """It has no cause any more. Each event takes back what it ends; this is asked again all the same, since
    mail cannot be taken back."""
    ticket = row.ticket
    if row.kind in SILENT and ticket is not None:
        silence = queries.silences([ticket.pk]).get(ticket.pk)
        return silence is None or silence.cause != row.cause_id
    if row.kind == Kind.FIXED and ticket is not None:
        return ticket.is_unresolved
    return False


def _why_not(row: FollowUp, person: User) -> str:
    """Why this person gets no such mail about this; ""."""
    if reason := kept_from(row.ticket, person):
        return reason
    if row.kind not in SILENT and has_declined(person):
        return Reason.DECLINED
    if row.ticket is not None and is_robots(row.ticket):
        return Reason.ROBOT
    return _why_not_after_answer(row) if row.kind in RATED or row.kind == Kind.FIXED else ""


def _why_not_after_answer(row: FollowUp) -> str:
    case = queries.case_of(row)
    if row.kind == Kind.FIXED:
        return Reason.CASE if case is not None else ""
    if row.kind == Kind.SORRY:
        if case is not None and (case.contacted_at or case.closed_at):
            return Reason.CONTACTED
        return "" if _signer(row, case) else Reason.NOBODY
    return ""


def _signer(row: FollowUp, case: Recovery | None) -> User | None:
    """In whose name we say sorry: who owns the recovery case, else the lead of the team, else whom the score
    counts for."""
    survey = row.survey
    assert survey is not None
    team = survey.team or (row.ticket.team if row.ticket else None)
    people = [case.owner if case else None, team.lead if team else None, survey.agent]
    return next((one for one in people if one is not None and one.is_active and one.name), None)


def _allowed_at(row: FollowUp, person: User, rule: Rule, free: datetime) -> datetime:
    if row.kind == Kind.FIXED:
        free = max(free, rest_over_at(person, AFTER_A_SURVEY, free))
    return in_window(free, person, rule)


def _send(row: FollowUp, at: datetime) -> FollowUp:
    ticket = row.ticket
    at = instant(at, ticket)
    row.state, row.sent_at = State.SENT, at
    if row.kind == Kind.SORRY:
        row.author = _signer(row, queries.case_of(row))
    if row.kind == Kind.FIXED:
        row.token_hash = tokens.hash_token(tokens.new_token(row.pk, queries.TOKEN))
        row.expires_at = at + ASKS_FOR
    row.save()
    if row.kind == Kind.SILENCE and ticket is not None:
        ticket = actions.resolve(ticket, by=None, at=at, silent_days=_days_of(row, ticket, at))
    data = {"followup": row.pk, "kind": row.kind}
    record("followup.sent", ticket=ticket, subject=row, at=at, data=data)
    return row


def _days_of(row: FollowUp, ticket: Ticket, at: datetime) -> int:
    try:
        return working_days_between(calendar_of(ticket), row.since, at)
    except CalendarError:
        return (at - row.since).days


def _give_up(row: FollowUp, state: str, reason: str) -> FollowUp:
    row.state, row.reason = state, reason
    row.save(update_fields=["state", "reason"])
    return row
