"""Rows of feedback: one per resolution, with how far it came on the way to an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models import Kind, Survey
from helpdesk.models import Delivery
from helpdesk.reports.filters import Filters
from helpdesk.reports.waits import Slices, within
from tickets.models import Event


class Ask(NamedTuple):
    """One resolution and what became of asking about it; `value` is the rating."""

    ticket: int
    value: int | None
    stage: str
    reason: str
    at: datetime
    team: int | None
    agent: int | None
    priority: int
    channel: str
    comment: str
    answered_at: datetime | None

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
    """Resolutions of the period with how far each came, or (by answering date) the answers given in it."""
    events: Any = Event.objects.filter(kind="ticket.resolved", ticket__spam_at=None, ticket__deleted_at=None)
    # Who was asked something else after this resolution is no part of these figures.
    events = events.filter(Q(survey=None) | Q(survey__kind=Kind.CSAT))
    resolutions = events.annotate(team=Coalesce("survey__team_id", "ticket__team_id")).filter(
        filters.condition(
            team="team", agent="survey__agent", priority="ticket__priority", channel="ticket__channel"
        )
    )
    if filters.by == "answered":
        resolutions = resolutions.filter(
            survey__state=Survey.State.ANSWERED, **within(filters.period, "survey__answered_at")
        )
    else:
        resolutions = resolutions.filter(**within(filters.period, "at"))
    delivered = _delivery_states(resolutions)
    return [_ask(row, delivered.get(row["survey__pk"]), filters.by) for row in _survey_values(resolutions)]


def _survey_values(resolutions: Any) -> Iterable[dict[str, Any]]:
    return resolutions.values(
        "ticket_id",
        "at",
        "survey__pk",
        "survey__state",
        "survey__reason",
        "survey__invited_at",
        "survey__answered_at",
        "survey__answer__score",
        "survey__answer__comment",
        "survey__agent_id",
        "team",
        priority=F("ticket__priority"),
        channel=F("ticket__channel"),
    ).iterator(chunk_size=5000)


def _delivery_states(resolutions: QuerySet[Event]) -> dict[int, str]:
    """How the mail of each survey stands, by survey."""
    sent = Survey.objects.filter(resolution__in=resolutions, invited_at__isnull=False).values("pk")
    mails = Delivery.objects.filter(
        event__kind="survey.invited", event__subject_kind="feedback.survey", event__subject_id__in=sent
    )
    return {survey: state for survey, state in mails.values_list("event__subject_id", "state") if survey}


def _ask(row: dict[str, Any], mail: str | None, by: str) -> Ask:
    stage, reason = _stage(row, mail)
    return Ask(
        ticket=row["ticket_id"],
        value=row["survey__answer__score"],
        stage=stage,
        reason=reason,
        at=row["survey__answered_at"] if by == "answered" else row["at"],
        team=row["team"],
        agent=row["survey__agent_id"],
        priority=row["priority"],
        channel=row["channel"],
        comment=row["survey__answer__comment"] or "",
        answered_at=row["survey__answered_at"],
    )


def _stage(row: dict[str, Any], mail: str | None) -> tuple[str, str]:
    """How far a resolution came, and why not further."""
    state = row["survey__state"]
    if state in _NOT_ELIGIBLE:
        return "resolved", row["survey__reason"] or "off"
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


ASK_SLICES: Slices = {
    "all": (_("resolved"), lambda row: True),
    "eligible": (_("to be asked"), reached("eligible")),
    "sent": (_("asked"), reached("sent")),
    "delivered": (_("reached"), reached("delivered")),
    "answered": (_("answered"), reached("answered")),
    "satisfied": (_("rated 4 or 5"), lambda row: row.value is not None and row.value >= 4),
    "commented": (_("with a comment"), lambda row: bool(row.comment)),
    **{f"score-{score}": (_("rated %(score)d"), _with("value", score)) for score in range(1, 6)},
    **{f"not-{reason}": (word, _with("reason", reason)) for reason, word in REASON_WORDS.items()},
}
