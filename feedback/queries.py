"""What is asked about surveys: which are due, who holds a link, what their mail says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Max, Q, QuerySet

from feedback import questions, tokens, words
from feedback.models import Answer, Cadence, Cause, Recovery, Survey, SurveyDefinition, SurveyVersion
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
    return found.select_related(
        "ticket", "version__definition", "answer", "person", "agent", "resolver"
    ).first()


def due_to_remind(now: datetime) -> QuerySet[Survey]:
    """Sent surveys of which somebody is to be reminded by now, oldest first. Those about deleted tickets
    wait."""
    rows = Survey.objects.filter(state=Survey.State.INVITED, remind_at__lte=now, ticket__deleted_at=None)
    return rows.order_by("remind_at", "pk")


def due_rounds(now: datetime) -> QuerySet[Cadence]:
    """Turns that have come, of surveys that are in use, oldest first."""
    return Cadence.objects.filter(due_at__lte=now, definition__is_active=True).order_by("due_at", "pk")


def rest_over_at(person: User, cool_down: timedelta, at: datetime) -> datetime:
    """From when on a person may be asked again, who was asked anything within `cool_down` before `at`; `at`
    itself for all others."""
    asked = Survey.objects.filter(person=person, invited_at__gt=at - cool_down)
    last = asked.aggregate(last=Max("invited_at"))["last"]
    return last + cool_down if last else at


def was_in_touch(person: User, since: datetime) -> bool:
    """Whether a request of theirs was resolved since then."""
    return Ticket.objects.filter(requester=person, resolved_at__gte=since, spam_at=None).exists()


def low_scores() -> QuerySet[Survey]:
    """The surveys whose answer, as it stands, is a low score (`questions.is_low`)."""
    lows = [Q(kind=kind, answer__score__lte=highest) for kind, highest in questions.LOW.items()]
    return Survey.objects.filter(reduce(or_, lows), state=Survey.State.ANSWERED)


def parts_of(answer: Answer) -> list[questions.Part]:
    """What an answer says to each question, in the order of the questions."""
    rows = answer.items.order_by("pk")
    return [questions.Part(row.key, row.kind, row.number, row.choice, row.text) for row in rows]


def is_open(survey: Survey, at: datetime) -> bool:
    """Whether the survey takes an answer: it was sent, and its time is not over."""
    is_out = survey.state in (Survey.State.INVITED, Survey.State.ANSWERED)
    return is_out and survey.expires_at is not None and survey.expires_at > at


def answer(pk: int) -> Answer:
    """One answer, with its survey and the questions that were put."""
    return Answer.objects.select_related("survey__version").get(pk=pk)


def put_to(survey: int) -> tuple[User, str]:
    """Whom a survey is put to, and its kind."""
    row = Survey.objects.select_related("person").only("kind", "person").get(pk=survey)
    return row.person, row.kind


def credited_with_low_score(survey: int) -> User | None:
    """Whom an answered survey counts for, if its score is a low one; else None."""
    row = Survey.objects.select_related("answer", "agent").get(pk=survey)
    return row.agent if row.is_low else None


def question(survey: Survey) -> str:
    """The rating question as it is put, in the current language.

    The subject is the customer's own text, which is not repeated to an address that nobody has proven.
    """
    return words.text_of(survey.version.rating, subject_of(survey))


def subject_of(survey: Survey) -> str:
    """What the survey is about, where it may be repeated to its reader; else ""."""
    return survey.ticket.subject if survey.ticket is not None and survey.person.proven_at else ""


@dataclass(frozen=True)
class Link:
    """One rating in the mail: its number, its word, and the path that preselects it."""

    value: int
    word: str
    path: str


def invitation(survey: int) -> dict[str, Any] | None:
    """What the mail of a sent survey says, in the current language; None when it is not to be sent any more.

    `ticket` (None in a person's round) and its `reference`, `subject` ("" where it may not be repeated),
    `question`, `path` of the survey page (relative), `stop_path` where surveys are declined, `choices` (each
    `Link` preselects its rating and records nothing), `invited_at`, `expires_at`, `person`, `agent`.
    """
    rows = Survey.objects.select_related("ticket__team", "version", "person", "agent")
    row = rows.filter(pk=survey).first()
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
        "reference": row.ticket.reference if row.ticket else "",
        "subject": subject_of(row),
        "question": question(row),
        "path": path,
        "stop_path": f"{path}stop/",
        "choices": [
            Link(choice.value, choice.word, f"{path}?score={choice.value}")
            for choice in words.choices(row.version)
        ],
        "invited_at": row.invited_at,
        "expires_at": row.expires_at,
    }


def open_to(ticket: Ticket, person: User, at: datetime) -> Survey | None:
    """The survey in which `person` may rate how `ticket` was settled last, while it is open; one query."""
    found = Survey.objects.filter(ticket=ticket, person=person).order_by("-pk")
    survey = found.select_related("ticket", "version", "answer", "person", "resolver").first()
    return survey if survey is not None and is_open(survey, at) else None


def path_of(survey: Survey) -> str | None:
    """The path of a sent survey's page."""
    token = tokens.find_token(survey.pk, survey.token_hash)
    return f"/survey/{token}/" if token else None


def latest_version(definition: SurveyDefinition) -> SurveyVersion:
    """The version that is sent from now on."""
    return definition.versions.order_by("-number")[0]


def definitions() -> list[SurveyDefinition]:
    """All surveys in the order in which they are asked."""
    return list(SurveyDefinition.objects.all())


def sent_version() -> SurveyVersion:
    """What the company's survey is at present; an unsaved standard one while none is installed."""
    definition = SurveyDefinition.objects.order_by("pk").first()
    return latest_version(definition) if definition else SurveyVersion(questions=words.STANDARD_QUESTIONS)


def owner_of_case(case: int) -> User | None:
    """Who sees to a recovery case."""
    return Recovery.objects.select_related("owner").get(pk=case).owner


def owners_who_wait(ticket: Ticket, instance: int) -> list[User]:
    """The owners of the open cases whose contact this clock of the ticket measures, and that had none."""
    cases = Recovery.objects.filter(ticket=ticket, instance=instance, closed_at=None, contacted_at=None)
    return list(User.objects.filter(pk__in=cases.values("owner")).order_by("pk"))


def case_of(kind: str, data: Mapping[str, Any], ticket: Ticket) -> Recovery | None:
    """The recovery case that an event tells its owner of: a case's own, or a breach of its clock."""
    cases = Recovery.objects.filter(ticket=ticket).select_related("survey__answer", "survey__version")
    if kind == "sla.breached":
        return cases.filter(instance=data["instance"], closed_at=None).order_by("pk").first()
    return cases.filter(pk=data["case"]).first()


def cases_about(surveys: Iterable[int]) -> dict[int, int]:
    """The recovery case of each of these surveys that has one; one query."""
    found = Recovery.objects.filter(survey__in=list(surveys), ticket__deleted_at=None)
    return dict(found.values_list("survey", "pk"))


def causes() -> QuerySet[Cause]:
    """All that may have gone wrong, in the order in which it is offered."""
    return Cause.objects.order_by("position", "pk")


def cause_names(*, offered: bool = False) -> dict[str, str]:
    """What the causes are called in the current language, by code and in their order; of all, or of those
    that are `offered`."""
    found = causes().filter(is_active=True) if offered else causes()
    return {row.code: words.own(row.words) for row in found}
