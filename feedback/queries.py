"""What is asked about surveys: which are due, who holds a link, what their mail says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from feedback import tokens, words
from feedback.models import Answer, Survey, SurveyDefinition, SurveyVersion
from tickets.models import Ticket, User


def due_to_send(now: datetime) -> QuerySet[Survey]:
    """Planned surveys whose time has come, oldest first. Those about deleted tickets wait."""
    due = Survey.objects.filter(state=Survey.State.SCHEDULED, send_at__lte=now, ticket__deleted_at=None)
    return due.order_by("send_at", "pk")


def due_to_expire(now: datetime) -> QuerySet[Survey]:
    """Unanswered surveys whose time is over, oldest first."""
    return Survey.objects.filter(state=Survey.State.INVITED, expires_at__lte=now).order_by("expires_at", "pk")


def survey_by_token(token: str) -> Survey | None:
    """The survey of a link, found by the token's hash: a near miss takes as long as any other. None while its
    ticket is deleted."""
    found = Survey.objects.filter(token_hash=tokens.hash_token(token), ticket__deleted_at=None)
    return found.select_related("ticket", "version__definition", "answer", "person", "agent").first()


def is_open(survey: Survey, at: datetime) -> bool:
    """Whether the survey takes an answer: it was sent, and its time is not over."""
    is_out = survey.state in (Survey.State.INVITED, Survey.State.ANSWERED)
    return is_out and survey.expires_at is not None and survey.expires_at > at


def answer(pk: int) -> Answer:
    """One answer, with its survey and the questions that were put."""
    return Answer.objects.select_related("survey__version").get(pk=pk)


def credited_with_low_score(survey: int) -> User | None:
    """Whom an answered survey counts for, if its score lies in the lower half of its scale; else None."""
    row = Survey.objects.select_related("version", "answer", "agent").get(pk=survey)
    low, high = row.version.scale
    return row.agent if row.answer and row.answer.score * 2 < low + high else None


def question(survey: Survey) -> str:
    """The rating question as it is put, in the current language.

    The subject is the customer's own text, which is not repeated to an address that nobody has proven.
    """
    if survey.person.proven_at is None:
        return _("How was our help?")
    return _("How was our help with “%(subject)s”?") % {"subject": survey.ticket.subject}


@dataclass(frozen=True)
class Link:
    """One rating in the mail: its number, its word, and the path that preselects it."""

    value: int
    word: str
    path: str


def invitation(survey: int) -> dict[str, Any] | None:
    """What the mail of a sent survey says, in the current language; None when it is not to be sent any more.

    `reference`, `subject` ("" where it may not be repeated), `question`, `path` of the survey page
    (relative), `stop_path` where surveys are declined, `choices` (each `Link` preselects its rating and
    records nothing), `expires_at`, `person`, `agent`, `ticket`.
    """
    row = Survey.objects.select_related("ticket", "version", "person", "agent").filter(pk=survey).first()
    if row is None or row.state != Survey.State.INVITED:
        return None
    token = tokens.find_token(row.pk, row.token_hash)
    if token is None:
        return None
    path = f"/survey/{token}/"
    return {
        "ticket": row.ticket,
        "person": row.person,
        "agent": row.agent,
        "reference": row.ticket.reference,
        "subject": row.ticket.subject if row.person.proven_at else "",
        "question": question(row),
        "path": path,
        "stop_path": f"{path}stop/",
        "choices": [
            Link(choice.value, choice.word, f"{path}?score={choice.value}")
            for choice in words.choices(row.version)
        ],
        "expires_at": row.expires_at,
    }


def open_to(ticket: Ticket, person: User, at: datetime) -> Survey | None:
    """The survey in which `person` may rate how `ticket` was settled last, while it is open; one query."""
    found = Survey.objects.filter(ticket=ticket, person=person).order_by("-pk")
    survey = found.select_related("ticket", "version", "answer", "person").first()
    return survey if survey is not None and is_open(survey, at) else None


def path_of(survey: Survey) -> str | None:
    """The path of a sent survey's page."""
    token = tokens.find_token(survey.pk, survey.token_hash)
    return f"/survey/{token}/" if token else None


def latest_version(definition: SurveyDefinition) -> SurveyVersion:
    """The version that is sent from now on."""
    return definition.versions.order_by("-number")[0]


def sent_version() -> SurveyVersion:
    """What the company's survey is at present; an unsaved standard one while none is installed."""
    definition = SurveyDefinition.objects.order_by("pk").first()
    return latest_version(definition) if definition else SurveyVersion(questions=words.STANDARD_QUESTIONS)
