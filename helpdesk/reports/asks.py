"""Rows of feedback: one for each resolution or round, with how far it came on the way to an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    F,
    IntegerField,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models import Kind, Survey
from feedback.questions import SCALES
from helpdesk.models import Delivery
from helpdesk.reports.filters import Filters
from helpdesk.reports.relation import Slices
from helpdesk.reports.waits import EVERY, LOOKED_UP, Parts, within, words
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
    has_comment: bool
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
LOST_BEFORE = {
    "eligible": (*Survey.Reason.values, "off"),
    "sent": ("scheduled",),
    "delivered": ("on_its_way", "not_delivered"),
}
"""Why somebody did not come to a stage."""
_NOT_ELIGIBLE = (Survey.State.SUPPRESSED, Survey.State.CANCELLED)
_ON_ITS_WAY = (Delivery.State.QUEUED, Delivery.State.IN_FLIGHT, Delivery.State.RETRYING)
_NOT_DELIVERED = (Delivery.State.FAILED, Delivery.State.SUPPRESSED)


def satisfaction(filters: Filters) -> Parts:
    """Resolutions of the period with how far each came, or (by answering date) the answers given in it.

    Those that were asked something else are no part of these figures; those that were asked nothing are.
    """
    return _of_resolutions(filters, Q(survey=None) | Q(survey__kind=Kind.CSAT))


def effort(filters: Filters) -> Parts:
    """As `satisfaction`, of the resolutions for which the survey about effort was chosen."""
    return _of_resolutions(filters, Q(survey__kind=Kind.CES))


def _of_resolutions(filters: Filters, condition: Q) -> Parts:
    found = _narrowed(_resolutions(filters, condition), filters, "survey__")
    asked = _asked(filters, "survey__", "at", Coalesce("survey__team_id", "ticket__team_id"))
    ticket = {"ticket": "ticket_id", "priority": "ticket__priority", "channel": "ticket__channel"}
    return [found.values_list(*((asked | ticket)[name] for name in Ask._fields))]


def _resolutions(filters: Filters, condition: Q) -> Any:
    events: Any = Event.objects.filter(kind="ticket.resolved", ticket__spam_at=None, ticket__deleted_at=None)
    events = events.filter(condition).annotate(team=Coalesce("survey__team_id", "ticket__team_id"))
    events = events.filter(
        filters.condition(
            team="team",
            agent="survey__agent",
            priority="ticket__priority",
            channel="ticket__channel",
            **LOOKED_UP,
        )
    )
    if filters.by != "answered":
        return events.filter(**within(filters.period, "at"))
    return events.filter(survey__state=Survey.State.ANSWERED, **within(filters.period, "survey__answered_at"))


def recommendation(filters: Filters) -> Parts:
    """Rounds in which somebody was to be asked whether they would recommend us, by the day each was planned
    or answered."""
    asked = _asked(filters, "", "resolved_at", F("team_id"))
    ticket = {"ticket": F("ticket_id"), "priority": Cast(Value(None), IntegerField()), "channel": words("")}
    found = _narrowed(_rounds(filters), filters, "")
    return [found.values_list(*((asked | ticket)[name] for name in Ask._fields))]


def _rounds(filters: Filters) -> QuerySet[Survey]:
    rounds = Survey.objects.filter(
        filters.condition(team="team", agent="agent"), kind=Kind.NPS, cadence__isnull=False
    )
    if filters.priority or filters.channel or filters.organization or filters.tag:
        rounds = rounds.filter(ticket__isnull=False)  # no round has what it takes to fit
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


def _narrowed(rows: Any, filters: Filters, to_survey: str) -> Any:
    """Those in whose comment some words stand, and in whose answer a reason was chosen."""
    if filters.reason:
        rows = rows.filter(**{f"{to_survey}pk__in": _surveys_with(filters.reason)})
    for word in filters.words.split():
        rows = rows.filter(**{f"{to_survey}answer__comment__icontains": word})
    return rows


def _surveys_with(reason: str) -> QuerySet[Any, Any]:
    """The surveys in whose answer a reason was chosen; `reason` as in `helpdesk.reports.reasons`."""
    definition, _dot, rest = reason.partition(".")
    key, _dot, choice = rest.partition(".")
    return Survey.objects.filter(
        version__definition=int(definition), answer__items__key=key, answer__items__choice=choice
    ).values("pk")


def _asked(filters: Filters, to_survey: str, at: str, team: Any) -> dict[str, Any]:
    """The columns of an `Ask` that its survey gives; `to_survey` leads from the rows to it."""
    stage, reason = _stage(to_survey)
    comment = Coalesce(f"{to_survey}answer__comment", Value(""), output_field=TextField())
    said = Case(When(Q(**{f"{to_survey}answer__comment__gt": ""}), then=True), default=False)
    answered = F(f"{to_survey}answered_at")
    return {
        "value": F(f"{to_survey}answer__score"),
        "stage": stage,
        "reason": reason,
        "at": answered if filters.by == "answered" else F(at),
        "team": team,
        "agent": F(f"{to_survey}agent_id"),
        "comment": comment,
        "has_comment": Cast(said, BooleanField()),
        "answered_at": answered,
        "person": F(f"{to_survey}person_id"),
        "survey": F(f"{to_survey}pk"),
    }


def _stage(to_survey: str) -> tuple[Cast, Cast]:
    """How far a survey came, and why not further. Only mails that did not arrive need to be looked at."""
    state, reason = f"{to_survey}state", f"{to_survey}reason"
    was_not_eligible = Q(**{state: None}) | Q(**{f"{state}__in": _NOT_ELIGIBLE})
    is_scheduled, has_answer = (
        Q(**{state: each}) for each in (Survey.State.SCHEDULED, Survey.State.ANSWERED)
    )
    is_on_its_way, is_lost = (
        Q(**{f"{to_survey}pk__in": _invited(*states)}) for states in (_ON_ITS_WAY, _NOT_DELIVERED)
    )
    stage = Case(
        When(was_not_eligible, then=Value("resolved")),
        When(is_scheduled, then=Value("eligible")),
        When(has_answer, then=Value("answered")),
        When(is_on_its_way | is_lost, then=Value("sent")),
        default=Value("delivered"),
        output_field=CharField(),
    )
    why_not = Case(
        When(was_not_eligible & Q(**{f"{reason}__gt": ""}), then=F(reason)),
        When(was_not_eligible, then=Value("off")),
        When(is_scheduled, then=Value("scheduled")),
        When(has_answer, then=Value("")),
        When(is_on_its_way, then=Value("on_its_way")),
        When(is_lost, then=Value("not_delivered")),
        default=Value("unanswered"),
        output_field=CharField(),
    )
    return words(stage), words(why_not)


def _invited(*states: str) -> QuerySet[Any, Any]:
    """The surveys whose invitation stands in one of some states."""
    mails = Delivery.objects.filter(
        state__in=states, event__kind="survey.invited", event__subject_kind="feedback.survey"
    )
    return mails.values("event__subject_id")


REASON_WORDS = {
    **dict(Survey.Reason.choices),
    "off": _("surveys were off"),
    "scheduled": _("sent later"),
    "on_its_way": _("on their way"),
    "not_delivered": _("not delivered"),
    "unanswered": _("no answer"),
}


def _reached(stage: str) -> str:
    """A resolution came at least as far as `stage`."""
    further = STAGES[STAGES.index(stage) :]
    return "stage IN ({})".format(", ".join(f"'{each}'" for each in further))


def _slices(kind: str, first: Any, groups: Slices) -> Slices:
    low, high = SCALES[kind]
    return {
        "all": (first, EVERY),
        "eligible": (_("to be asked"), _reached("eligible")),
        "sent": (_("asked"), _reached("sent")),
        "delivered": (_("reached"), _reached("delivered")),
        "answered": (_("answered"), _reached("answered")),
        "silent": (_("reached, not answered"), "stage = 'delivered'"),
        **groups,
        "commented": (_("with a comment"), "has_comment"),
        **{f"score-{score}": (_("rated %(score)d"), f"value = {score}") for score in range(low, high + 1)},
        **{f"not-{reason}": (word, f"reason = '{reason}'") for reason, word in REASON_WORDS.items()},
    }


ASK_FACTS = ("stage", "reason", "value", "has_comment")
ASK_SLICES = _slices(Kind.CSAT, _("resolved"), {"satisfied": (_("rated 4 or 5"), "value BETWEEN 4 AND 5")})
EFFORT_SLICES = _slices(
    Kind.CES, _("resolved"), {"agree": (_("found it easy (5 to 7)"), "value BETWEEN 5 AND 7")}
)
RECOMMENDATION_SLICES = _slices(
    Kind.NPS,
    _("planned"),
    {
        "promoters": (_("promoters (9 or 10)"), "value BETWEEN 9 AND 10"),
        "passives": (_("passives (7 or 8)"), "value BETWEEN 7 AND 8"),
        "detractors": (_("detractors (0 to 6)"), "value BETWEEN 0 AND 6"),
    },
)
