"""Rows of feedback: one for each resolution or round, with how far it came on the way to an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, F, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models import Kind, Survey
from feedback.questions import SCALES
from helpdesk.models import Delivery
from helpdesk.reports.filters import Filters
from helpdesk.reports.relation import Slices, columns_of
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
_OUT = (Survey.State.INVITED, Survey.State.EXPIRED)
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
    return [_values(found, asked | ticket)]


def _values(found: Any, columns: dict[str, Any]) -> Any:
    return found.values_list(*(columns[name] for name in columns_of(Ask, ASK_FACTS, ASK_DERIVED)))


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
    return [_values(found, asked | ticket)]


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
    """The columns and the facts of an `Ask` that its survey gives; `to_survey` leads from the rows to it."""
    answered = F(f"{to_survey}answered_at")
    return {
        "value": F(f"{to_survey}answer__score"),
        "at": answered if filters.by == "answered" else F(at),
        "team": team,
        "agent": F(f"{to_survey}agent_id"),
        "comment": Coalesce(f"{to_survey}answer__comment", Value(""), output_field=TextField()),
        "answered_at": answered,
        "person": F(f"{to_survey}person_id"),
        "survey": F(f"{to_survey}pk"),
        "state": F(f"{to_survey}state"),
        "why": F(f"{to_survey}reason"),
        **{
            fact: _is(Q(**{f"{to_survey}state__in": _OUT}) & Q(**{f"{to_survey}pk__in": _invited(*states)}))
            for fact, states in (("is_on_its_way", _ON_ITS_WAY), ("is_lost", _NOT_DELIVERED))
        },
        "has_comment": _is(
            Q(**{f"{to_survey}state": Survey.State.ANSWERED, f"{to_survey}answer__comment__gt": ""})
        ),
    }


def _is(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, BooleanField())


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


def _one_of(values: Iterable[str]) -> str:
    return "({})".format(", ".join(f"'{value}'" for value in values))


_ASKED = f"state IN {_one_of((*_OUT, Survey.State.ANSWERED))}"


def _slices(kind: str, first: Any, groups: Slices) -> Slices:
    low, high = SCALES[kind]
    return {
        "all": (first, EVERY),
        "eligible": (_("to be asked"), f"({_ASKED} OR state = 'scheduled')"),
        "sent": (_("asked"), _ASKED),
        "delivered": (_("reached"), f"{_ASKED} AND stage <> 'sent'"),
        "answered": (_("answered"), "state = 'answered'"),
        "silent": (_("reached, not answered"), f"state IN {_one_of(_OUT)} AND stage <> 'sent'"),
        **groups,
        "commented": (_("with a comment"), "has_comment"),
        **{f"score-{score}": (_("rated %(score)d"), f"value = {score}") for score in range(low, high + 1)},
        **{f"not-{reason}": (word, f"reason = '{reason}'") for reason, word in REASON_WORDS.items()},
    }


ASK_FACTS = ("state", "why", "is_on_its_way", "is_lost", "value", "has_comment")
_WAS_NOT_ELIGIBLE = f"state IS NULL OR state IN {_one_of(_NOT_ELIGIBLE)}"
ASK_DERIVED = {
    "stage": f"CASE WHEN {_WAS_NOT_ELIGIBLE} THEN 'resolved' WHEN state = 'scheduled' THEN 'eligible'"
    " WHEN state = 'answered' THEN 'answered' WHEN is_on_its_way OR is_lost THEN 'sent' ELSE 'delivered' END",
    "reason": f"CASE WHEN {_WAS_NOT_ELIGIBLE} THEN coalesce(nullif(why, ''), 'off')"
    " WHEN state = 'scheduled' THEN 'scheduled' WHEN state = 'answered' THEN ''"
    " WHEN is_on_its_way THEN 'on_its_way' WHEN is_lost THEN 'not_delivered' ELSE 'unanswered' END",
}
"""How far a survey came, and why not further. Only mails that did not arrive need to be looked at."""
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
