"""Rows of feedback: one for each resolution or round, with how far it came on the way to an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models import Kind, Survey
from feedback.questions import SCALES
from helpdesk.models import Delivery
from helpdesk.reports.filters import Filters
from helpdesk.reports.waits import Slices, within
from tickets.models import Event


class Ask(NamedTuple):
    """One resolution and what became of asking about it; `value` is the rating.

    Whether somebody would recommend us is asked in rounds, which have no ticket, no priority and no channel.
    """

    ticket: int | None
    value: int | None
    stage: str
    reason: str
    at: datetime
    team: int | None
    agent: int | None
    priority: int | None
    channel: str
    comment: str
    answered_at: datetime | None
    person: int | None
    survey: int | None

    @property
    def verdict(self) -> str:
        return self.stage


STAGE_WORDS = {
    "resolved": _("resolved"),
    "eligible": _("to be asked"),
    "sent": _("asked"),
    "delivered": _("delivered"),
    "answered": _("answered"),
}
STAGES = tuple(STAGE_WORDS)
"""How far a resolution came on the way to an answer."""
_NOT_ELIGIBLE = (Survey.State.SUPPRESSED, Survey.State.CANCELLED, None)
_ON_ITS_WAY = (Delivery.State.QUEUED, Delivery.State.IN_FLIGHT, Delivery.State.RETRYING)
_NOT_DELIVERED = (Delivery.State.FAILED, Delivery.State.SUPPRESSED)


def feedback_rows(filters: Filters) -> list[Ask]:
    """Resolutions of the period with how far each came, or (by answering date) the answers given in it.

    Those that were asked something else are no part of these figures; those that were asked nothing are.
    """
    return _resolution_rows(filters, Q(survey=None) | Q(survey__kind=Kind.CSAT))


def effort_rows(filters: Filters) -> list[Ask]:
    """As `feedback_rows`, of the resolutions for which the survey about effort was chosen."""
    return _resolution_rows(filters, Q(survey__kind=Kind.CES))


def _resolution_rows(filters: Filters, condition: Q) -> list[Ask]:
    resolutions = _resolutions(filters, condition)
    if filters.reason:
        resolutions = resolutions.filter(survey__in=_surveys_with(filters.reason))
    mails = _delivery_states(Survey.objects.filter(resolution__in=resolutions))
    found = resolutions.values_list(*_COLUMNS).iterator(chunk_size=5000)
    return said([_ask(filters.by, mails, *columns) for columns in found], filters.words)


def _resolutions(filters: Filters, condition: Q) -> Any:
    events: Any = Event.objects.filter(kind="ticket.resolved", ticket__spam_at=None, ticket__deleted_at=None)
    events = events.filter(condition).annotate(team=Coalesce("survey__team_id", "ticket__team_id"))
    events = events.filter(
        filters.condition(
            team="team",
            agent="survey__agent",
            priority="ticket__priority",
            channel="ticket__channel",
            tag="ticket__tags",
        )
    )
    if filters.by != "answered":
        return events.filter(**within(filters.period, "at"))
    return events.filter(survey__state=Survey.State.ANSWERED, **within(filters.period, "survey__answered_at"))


_COLUMNS = (
    "at",
    "survey__pk",
    "survey__state",
    "survey__reason",
    "survey__answered_at",
    "survey__answer__score",
    "survey__answer__comment",
    "survey__agent_id",
    "survey__person_id",
    "team",
    "ticket_id",
    "ticket__priority",
    "ticket__channel",
)
_ROUND_COLUMNS = (
    "resolved_at",
    "pk",
    "state",
    "reason",
    "answered_at",
    "answer__score",
    "answer__comment",
    "agent_id",
    "person_id",
    "team_id",
)


def recommendation_rows(filters: Filters) -> list[Ask]:
    """Rounds in which somebody was to be asked whether they would recommend us, by the day each was planned
    or answered."""
    rounds = _rounds(filters)
    if filters.reason:
        rounds = rounds.filter(pk__in=_surveys_with(filters.reason))
    mails = _delivery_states(rounds)
    found = rounds.values_list(*_ROUND_COLUMNS).iterator(chunk_size=5000)
    return said([_ask(filters.by, mails, *columns) for columns in found], filters.words)


def _rounds(filters: Filters) -> QuerySet[Survey]:
    if filters.priority or filters.channel or filters.tag:
        return Survey.objects.none()
    rounds = Survey.objects.filter(
        filters.condition(team="team", agent="agent"), kind=Kind.NPS, cadence__isnull=False
    )
    if filters.by != "answered":
        return rounds.filter(**within(filters.period, "resolved_at"))
    return rounds.filter(state=Survey.State.ANSWERED, **within(filters.period, "answered_at"))


def answered_surveys(filters: Filters, kind: str) -> QuerySet[Survey]:
    """The surveys behind the answers among a report's rows."""
    if kind == Kind.NPS:
        found = _rounds(filters)
    else:
        asked_nothing = Q(survey=None) if kind == Kind.CSAT else Q()
        found = Survey.objects.filter(
            resolution__in=_resolutions(filters, asked_nothing | Q(survey__kind=kind)), kind=kind
        )
    return found.filter(state=Survey.State.ANSWERED)


def _surveys_with(reason: str) -> QuerySet[Any, Any]:
    """The surveys in whose answer a reason was chosen; `reason` as in `helpdesk.reports.reasons`."""
    definition, _dot, rest = reason.partition(".")
    key, _dot, choice = rest.partition(".")
    return Survey.objects.filter(
        version__definition=int(definition), answer__items__key=key, answer__items__choice=choice
    ).values("pk")


def said(rows: list[Ask], words: str) -> list[Ask]:
    """The rows whose comment has these words; all rows without words."""
    wanted = words.casefold().split()
    return [row for row in rows if all(word in row.comment.casefold() for word in wanted)] if wanted else rows


def _delivery_states(surveys: QuerySet[Survey]) -> dict[int, str]:
    """How the mail of each survey stands, by survey."""
    sent = surveys.filter(invited_at__isnull=False).values("pk")
    mails = Delivery.objects.filter(
        event__kind="survey.invited", event__subject_kind="feedback.survey", event__subject_id__in=sent
    )
    return {survey: state for survey, state in mails.values_list("event__subject_id", "state") if survey}


def _ask(
    by: str,
    mails: dict[int, str],
    at: datetime,
    survey: int | None,
    state: str | None,
    why_not: str | None,
    answered_at: datetime | None,
    score: int | None,
    comment: str | None,
    agent: int | None,
    person: int | None,
    team: int | None,
    ticket: int | None = None,
    priority: int | None = None,
    channel: str = "",
) -> Ask:
    stage, reason = _stage(state, why_not, mails.get(survey) if survey else None)
    return Ask(
        ticket=ticket,
        value=score,
        stage=stage,
        reason=reason,
        at=answered_at if by == "answered" and answered_at else at,
        team=team,
        agent=agent,
        priority=priority,
        channel=channel,
        comment=comment or "",
        answered_at=answered_at,
        person=person,
        survey=survey,
    )


def _stage(state: str | None, why_not: str | None, mail: str | None) -> tuple[str, str]:
    """How far it came, and why not further."""
    if state in _NOT_ELIGIBLE:
        return "resolved", why_not or "off"
    if state == Survey.State.SCHEDULED:
        return "eligible", "scheduled"
    if state == Survey.State.ANSWERED:
        return "answered", ""
    if mail in _ON_ITS_WAY:
        return "sent", "on_its_way"
    if mail in _NOT_DELIVERED:
        return "sent", "not_delivered"
    return "delivered", "unanswered"


REASON_WORDS = {
    **dict(Survey.Reason.choices),
    "off": _("surveys were off"),
    "scheduled": _("sent later"),
    "on_its_way": _("on their way"),
    "not_delivered": _("not delivered"),
    "unanswered": _("no answer"),
}


def reached(stage: str) -> Callable[[Ask], bool]:
    """Whether a resolution came at least as far as `stage`."""
    least = STAGES.index(stage)
    return lambda row: STAGES.index(row.stage) >= least


def _with(name: str, value: object) -> Callable[[Ask], bool]:
    return lambda row: getattr(row, name) == value


def _between(low: int, high: int) -> Callable[[Ask], bool]:
    return lambda row: row.value is not None and low <= row.value <= high


def _slices(kind: str, first: Any, groups: Slices) -> Slices:
    low, high = SCALES[kind]
    return {
        "all": (first, lambda row: True),
        "eligible": (_("to be asked"), reached("eligible")),
        "sent": (_("asked"), reached("sent")),
        "delivered": (_("reached"), reached("delivered")),
        "answered": (_("answered"), reached("answered")),
        "silent": (_("reached, not answered"), _with("stage", "delivered")),
        **groups,
        "commented": (_("with a comment"), lambda row: bool(row.comment)),
        **{f"score-{score}": (_("rated %(score)d"), _with("value", score)) for score in range(low, high + 1)},
        **{f"not-{reason}": (word, _with("reason", reason)) for reason, word in REASON_WORDS.items()},
    }


ASK_SLICES = _slices(Kind.CSAT, _("resolved"), {"satisfied": (_("rated 4 or 5"), _between(4, 5))})
EFFORT_SLICES = _slices(Kind.CES, _("resolved"), {"agree": (_("found it easy (5 to 7)"), _between(5, 7))})
RECOMMENDATION_SLICES = _slices(
    Kind.NPS,
    _("planned"),
    {
        "promoters": (_("promoters (9 or 10)"), _between(9, 10)),
        "passives": (_("passives (7 or 8)"), _between(7, 8)),
        "detractors": (_("detractors (0 to 6)"), _between(0, 6)),
    },
)
