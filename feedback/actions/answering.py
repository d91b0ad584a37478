"""What comes back: answers, which may be changed, a wish to be left in peace, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback import queries
from feedback.actions.base import has_declined, tell
from feedback.models import Answer, AnswerItem, Survey, SurveyVersion
from feedback.questions import Part, first_text, read
from tickets.actions import NotAllowed, edit_person
from tickets.events import record
from tickets.models import Ticket, User
from tickets.text import clean_line, clean_text


class Closed(NotAllowed):
    """The survey takes no answer (any more). The text is for the reader."""


def answer(
    survey: Survey,
    *,
    score: int,
    comment: str = "",
    given: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    user_agent: str = "",
) -> Survey:
    """Record what the person answered: the rating, the comment, and to other questions by their key what is
    `given` (ints, choices' keys, lists of them, texts). The last answer counts, the same one twice is one.

    Raises Closed when the survey was not sent or its time is over, `questions.Unfit` (a ValueError with words
    for the reader) for a score off the scale, a comment that is too long, or a choice that is not offered.
    """
    at = at or timezone.now()
    with transaction.atomic():
        _lock(survey)
        survey = Survey.objects.select_related("version", "answer", "ticket", "person").get(pk=survey.pk)
        if not queries.is_open(survey, at):
            raise Closed(_("This survey is closed."))
        parts = read(survey.version.questions, _by_key(survey.version, score, comment, given or {}))
        if survey.answer and queries.parts_of(survey.answer) == parts:
            return survey
        survey.answer = _write(survey, parts, at, user_agent)
        survey.state, survey.answered_at, survey.remind_at = Survey.State.ANSWERED, at, None
        survey.save(update_fields=["answer", "state", "answered_at", "remind_at"])
        data = {"survey": survey.pk, "answer": survey.answer.pk, "score": score, "kind": survey.kind}
        record("survey.answered", ticket=survey.ticket, subject=survey, by=survey.person, at=at, data=data)
        return survey


def _by_key(version: SurveyVersion, score: int, comment: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was given by the key of its question, texts cleaned."""
    text = first_text(version.questions)
    said: dict[str, Any] = dict(given) | {version.rating["key"]: score}
    if text is not None:
        said[text["key"]] = comment
    elif comment:
        raise ValueError(_("This survey asks for no comment."))
    texts = {one["key"] for one in version.questions if one["kind"] == "text"}
    return {
        key: clean_text(value).strip() if key in texts and isinstance(value, str) else value
        for key, value in said.items()
    }


def _write(survey: Survey, parts: list[Part], at: datetime, user_agent: str) -> Answer:
    text = first_text(survey.version.questions)
    row = Answer.objects.create(
        survey=survey,
        score=parts[0].number or 0,
        comment=next((part.text for part in parts if text and part.key == text["key"]), ""),
        at=at,
        latency=max(timedelta(0), at - (survey.invited_at or at)),
        user_agent=clean_line(user_agent, 300),
    )
    AnswerItem.objects.bulk_create(
        AnswerItem(
            answer=row, key=one.key, kind=one.kind, number=one.number, choice=one.choice, text=one.text
        )
        for one in parts
    )
    return row


def decline(survey: Survey, *, at: datetime | None = None) -> None:
    """The person whom a survey was put to wants no others. This one can still be answered."""
    decline_for(survey.person, at=at)


def decline_for(person: User, *, at: datetime | None = None) -> None:
    """This person wants to be asked nothing any more."""
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if not has_declined(person):
            wishes = {**person.preferences, "surveys": False}
            edit_person(person, by=person, at=at, preferences=wishes)


def expire(survey: Survey, *, at: datetime | None = None) -> Survey:
    """Close a survey that nobody answered in time."""
    at = at or timezone.now()
    with transaction.atomic():
        _lock(survey)
        survey = Survey.objects.select_related("ticket").get(pk=survey.pk)
        if survey.state == Survey.State.INVITED and survey.expires_at and survey.expires_at <= at:
            survey.state, survey.remind_at = Survey.State.EXPIRED, None
            survey.save(update_fields=["state", "remind_at"])
            tell("survey.expired", survey, at=survey.expires_at)
        return survey


def _lock(survey: Survey) -> None:
    """The lock under which a survey changes: its ticket's, or its own where it is about none."""
    if survey.ticket_id is not None:
        Ticket.with_deleted.select_for_update().get(pk=survey.ticket_id)
    else:
        Survey.objects.select_for_update().get(pk=survey.pk)
