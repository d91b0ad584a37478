"""One survey from its resolution to its answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback import queries, tokens, words
from feedback.actions.definitions import version_to_send
from feedback.models import Answer, Survey, SurveyVersion
from feedback.timing import sending_time
from tickets.actions import NotAllowed, edit_person
from tickets.events import record
from tickets.models import Event, Message, Speaker, Ticket, User
from tickets.text import clean_line, clean_text


class Closed(NotAllowed):
    """The survey takes no answer (any more). The text is for the reader."""


def schedule(resolution: Event) -> Survey | None:
    """Plan the survey about one resolution, or note why nobody is asked. None where surveys are switched off.

    Called in the transaction of the `ticket.resolved` event, under its ticket's lock; a function of the
    event.
    """
    ticket = resolution.ticket
    version = version_to_send()
    if ticket is None or version is None or Survey.objects.filter(resolution=resolution).exists():
        return None
    reason = _why_not(ticket, resolution)
    survey = Survey.objects.create(
        ticket=ticket,
        resolution=resolution,
        version=version,
        person=ticket.requester,
        state=Survey.State.SUPPRESSED if reason else Survey.State.SCHEDULED,
        reason=reason,
        resolved_at=resolution.at,
        send_at=sending_time(ticket, resolution.at, version.delay),
        resolver=resolution.actor if resolution.actor and resolution.actor.is_member else None,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
        agent_id=ticket.assignee_id,
    )
    if not reason:
        _tell("survey.scheduled", survey, at=resolution.at)
    return survey


def _why_not(ticket: Ticket, resolution: Event) -> str:
    """The reason for which nobody is asked about this resolution, or ""."""
    person = ticket.requester
    if resolution.actor_id is None:
        return Survey.Reason.AUTOMATIC
    if ticket.spam_at is not None:
        return Survey.Reason.SPAM
    if person.is_member:
        return Survey.Reason.INTERNAL
    if not _is_reachable(person):
        return Survey.Reason.NO_ADDRESS
    if has_declined(person):
        return Survey.Reason.DECLINED
    spoken = Message.objects.filter(ticket=ticket, by=Speaker.CUSTOMER, automatic=False)
    if ticket.spoke_first == Speaker.CUSTOMER and not spoken.exists():
        return Survey.Reason.ROBOT
    return ""


def _is_reachable(person: User) -> bool:
    return bool(person.email and person.is_active and person.undeliverable_at is None)


def has_declined(person: User) -> bool:
    """The person wants no surveys any more."""
    return person.preferences.get("surveys") is False


def decline(survey: Survey, *, at: datetime | None = None) -> None:
    """The person whom a survey was put to wants no others. This one can still be answered."""
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=survey.person_id)
        if not has_declined(person):
            wishes = {**person.preferences, "surveys": False}
            edit_person(person, by=person, at=at, preferences=wishes)


def cancel_scheduled(reopening: Event) -> None:
    """A ticket reopened: what was still to be sent about its resolution is not sent."""
    for survey in Survey.objects.filter(ticket=reopening.ticket, state=Survey.State.SCHEDULED):
        _cancel(survey, Survey.State.CANCELLED, Survey.Reason.REOPENED, reopening.at)


def cancel_open(marking: Event) -> None:
    """A ticket turned out to be spam: nobody is asked about it, and who was asked already cannot answer."""
    still_open = (Survey.State.SCHEDULED, Survey.State.INVITED)
    for survey in Survey.objects.filter(ticket=marking.ticket, state__in=still_open):
        _cancel(survey, Survey.State.CANCELLED, Survey.Reason.SPAM, marking.at)


def erase_comments(purge: Event) -> None:
    """The words of the answers go with the ticket's."""
    Answer.objects.filter(survey__ticket=purge.ticket).update(comment="", user_agent="")


def follow_requester(change: Event) -> None:
    """What is still to be sent goes to the new requester; what the old one was sent takes no answer."""
    surveys = Survey.objects.filter(ticket=change.ticket)
    surveys.filter(state=Survey.State.SCHEDULED).update(person=change.data["requester"][1])
    for survey in surveys.filter(state=Survey.State.INVITED):
        _cancel(survey, Survey.State.CANCELLED, Survey.Reason.REQUESTER, change.at)


def invite(survey: Survey, *, at: datetime | None = None) -> Survey | None:
    """Send a survey whose time has come: freeze the credit, make the link, record `survey.invited`.

    Whoever was asked anything within the cool-down is left in peace. Returns None when another worker has the
    ticket at the moment (the sweep comes again) and the survey as it is now otherwise.
    """
    at = at or timezone.now()
    with transaction.atomic():
        if not Ticket.objects.select_for_update(skip_locked=True).filter(pk=survey.ticket_id).exists():
            return None
        survey = Survey.objects.select_related("version", "ticket").get(pk=survey.pk)
        if survey.state != Survey.State.SCHEDULED or survey.send_at > at:
            return survey
        # Two surveys of one person are decided one after the other, or both would be sent.
        person = User.objects.select_for_update(no_key=True).get(pk=survey.person_id)
        if person.is_member:
            return _cancel(survey, Survey.State.SUPPRESSED, Survey.Reason.INTERNAL, at)
        if not _is_reachable(person):
            return _cancel(survey, Survey.State.SUPPRESSED, Survey.Reason.NO_ADDRESS, at)
        if has_declined(person):
            return _cancel(survey, Survey.State.SUPPRESSED, Survey.Reason.DECLINED, at)
        if _was_asked(person, since=at - survey.version.cool_down):
            return _cancel(survey, Survey.State.SUPPRESSED, Survey.Reason.COOL_DOWN, at)
        _freeze_credit(survey)
        survey.state = Survey.State.INVITED
        survey.invited_at = at
        survey.expires_at = at + survey.version.open_for
        survey.token_hash = tokens.hash_token(tokens.new_token(survey.pk))
        survey.save()
        _tell("survey.invited", survey, at=at)
        return survey


def _was_asked(person: User, *, since: datetime) -> bool:
    return Survey.objects.filter(person=person, invited_at__gt=since).exists()


def _freeze_credit(survey: Survey) -> None:
    """From now on the score counts for the assignee, else who answered last, else who resolved."""
    ticket = survey.ticket
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


def answer(
    survey: Survey, *, score: int, comment: str = "", at: datetime | None = None, user_agent: str = ""
) -> Survey:
    """Record what the person answered. The last answer counts, the same one twice is one.

    Raises Closed when the survey was not sent or its time is over, ValueError (with words for the reader) for
    a score off the scale or a comment that is too long.
    """
    comment = clean_text(comment).strip()
    at = at or timezone.now()
    with transaction.atomic():
        Ticket.with_deleted.select_for_update().get(pk=survey.ticket_id)
        survey = Survey.objects.select_related("version", "answer", "ticket", "person").get(pk=survey.pk)
        if not queries.is_open(survey, at):
            raise Closed(_("This survey is closed."))
        _demand_fitting(survey.version, score, comment)
        if survey.answer and (survey.answer.score, survey.answer.comment) == (score, comment):
            return survey
        survey.answer = Answer.objects.create(
            survey=survey,
            score=score,
            comment=comment,
            at=at,
            latency=max(timedelta(0), at - (survey.invited_at or at)),
            user_agent=clean_line(user_agent, 300),
        )
        survey.state = Survey.State.ANSWERED
        survey.answered_at = at
        survey.save(update_fields=["answer", "state", "answered_at"])
        data = {"survey": survey.pk, "answer": survey.answer.pk, "score": score}
        record("survey.answered", ticket=survey.ticket, subject=survey, by=survey.person, at=at, data=data)
        return survey


def _demand_fitting(version: SurveyVersion, score: int, comment: str) -> None:
    low, high = version.scale
    if not isinstance(score, int) or isinstance(score, bool) or not low <= score <= high:
        raise ValueError(words.off_the_scale(version))
    if len(comment) > version.comment_limit:
        raise ValueError(words.too_long(len(comment), version.comment_limit))


def expire(survey: Survey, *, at: datetime | None = None) -> Survey:
    """Close a survey that nobody answered in time."""
    at = at or timezone.now()
    with transaction.atomic():
        Ticket.with_deleted.select_for_update().get(pk=survey.ticket_id)
        survey = Survey.objects.select_related("ticket").get(pk=survey.pk)
        if survey.state == Survey.State.INVITED and survey.expires_at and survey.expires_at <= at:
            survey.state = Survey.State.EXPIRED
            survey.save(update_fields=["state"])
            _tell("survey.expired", survey, at=survey.expires_at)
        return survey


def _cancel(survey: Survey, state: str, reason: str, at: datetime) -> Survey:
    survey.state, survey.reason = state, reason
    survey.save(update_fields=["state", "reason"])
    record(
        "survey.cancelled",
        ticket=survey.ticket,
        subject=survey,
        at=at,
        data={"survey": survey.pk, "reason": str(reason)},
    )
    return survey


def _tell(kind: str, survey: Survey, *, at: datetime) -> None:
    record(kind, ticket=survey.ticket, subject=survey, at=at, data={"survey": survey.pk})
