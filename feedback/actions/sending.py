"""Sending a survey whose time has come, and the one reminder."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from feedback import queries, tokens
from feedback.actions.base import give_up, has_declined, hold, kept_from, tell
from feedback.models import Survey
from feedback.timing import in_window
from tickets.models import Message, Speaker, User

HELD = Survey.objects.select_related("version", "ticket")
LEFT_TO_ANSWER = timedelta(days=1)
"""Nobody is reminded of what closes sooner."""


def invite(survey: Survey, *, at: datetime | None = None) -> Survey | None:
    """Send a survey whose time has come: freeze the credit, make the link, record `survey.invited`.

    Whoever was asked anything within the cool-down is left in peace (in a round: until it is over); what
    comes due outside the reader's window waits for it to open. Returns None when another worker has the
    survey at the moment (the sweep comes again) and the survey as it is now otherwise.
    """
    at = at or timezone.now()
    with transaction.atomic():
        held = hold(HELD, survey)
        if held is None:
            return None
        survey, person = held
        if survey.state != Survey.State.SCHEDULED or survey.send_at > at:
            return survey
        if reason := _why_not_any_more(survey, person):
            return _do_not(survey, reason, at)
        rest = queries.rest_over_at(person, survey.version.cool_down, at)
        if survey.after_case_id is not None:
            rest = at  # asked again by somebody who has spoken to them
        if rest > at and survey.cadence_id is None:
            return _do_not(survey, Survey.Reason.COOL_DOWN, at)
        later = in_window(max(rest, at), person, survey.version)
        if later > at:
            survey.send_at = later
            survey.save(update_fields=["send_at"])
            return survey
        return _send(survey, person, at)


def _why_not_any_more(survey: Survey, person: User) -> str:
    """What has happened since it was planned that keeps it from being sent; ""."""
    return kept_from(survey.ticket, person) or (Survey.Reason.DECLINED if has_declined(person) else "")


def _do_not(survey: Survey, reason: str, at: datetime) -> Survey:
    overtaken = reason in (Survey.Reason.SPAM, Survey.Reason.MERGED)
    state = Survey.State.CANCELLED if overtaken else Survey.State.SUPPRESSED
    return give_up(survey, state, reason, at)


def _send(survey: Survey, person: User, at: datetime) -> Survey:
    version = survey.version
    _freeze_credit(survey)
    survey.state = Survey.State.INVITED
    survey.invited_at = at
    survey.expires_at = at + version.open_for
    survey.token_hash = tokens.hash_token(tokens.new_token(survey.pk))
    if version.remind_after:
        reminder = in_window(at + version.remind_after, person, version)
        survey.remind_at = reminder if reminder + LEFT_TO_ANSWER <= survey.expires_at else None
    survey.save()
    tell("survey.invited", survey, at=at)
    return survey


def _freeze_credit(survey: Survey) -> None:
    """From now on the score counts for the assignee, else who answered last, else who resolved. A survey in a
    round, or one after a recovery case, counts for nobody."""
    ticket = survey.ticket
    if ticket is None or survey.after_case_id is not None:
        return
    last = (
        Message.objects.filter(
            ticket=ticket, public=True, by=Speaker.AGENT, automatic=False, withdrawn_at=None
        )
        .order_by("-said_at", "-pk")
        .first()
    )
    survey.team_id = ticket.team_id
    survey.assignee_id = ticket.assignee_id
    survey.replier_id = last.author_id if last else None
    survey.agent_id = survey.assignee_id or survey.replier_id or survey.resolver_id


def remind(survey: Survey, *, at: datetime | None = None) -> Survey | None:
    """Remind, once, of a survey that nobody answered. Returns as `invite`."""
    at = at or timezone.now()
    with transaction.atomic():
        held = hold(HELD, survey)
        if held is None:
            return None
        survey, person = held
        if survey.state != Survey.State.INVITED or survey.remind_at is None or survey.remind_at > at:
            return survey
        later = in_window(at, person, survey.version)
        closes = survey.expires_at or at
        reopened = survey.ticket is not None and survey.ticket.is_unresolved
        if reopened or later + LEFT_TO_ANSWER > closes or _why_not_any_more(survey, person):
            survey.remind_at = None
        elif later > at:
            survey.remind_at = later
        else:
            survey.remind_at, survey.reminded_at = None, at
            tell("survey.reminded", survey, at=at)
        survey.save(update_fields=["remind_at", "reminded_at"])
        return survey
