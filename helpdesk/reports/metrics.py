"""The metric definitions: what each figure counts, in words and in rows.

Page, click-through list, table and export all ask the same relation (`helpdesk.reports.relation`), so they
cannot disagree. A row is one ticket (for feedback: one resolution); every figure is a number of rows in a
named slice, which opens exactly these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from feedback.models import Kind
from helpdesk.reports import asks, cases, pressing, waits, work
from helpdesk.reports.filters import DIMENSIONS, LINKED, Filters
from helpdesk.reports.relation import Derived, Relation, Slices, relation
from helpdesk.reports.waits import EVERY, Parts
from sla.models import MetricName

TICKETS = _("tickets")
DAYS = _("Dates are whole days in the company’s time zone.")


@dataclass(frozen=True)
class Definition:
    """What stands under “How this is counted”; the rows, and their slices that figures open.

    `by` names the dates by which a row falls into the period, the default first. `is_now`: it is about this
    moment, whatever the period. `is_calendar`: its times are calendar time, whatever was chosen. `rating`:
    the kind of survey (`feedback.models.Kind`) whose answers its rows hold; "" for others. `kind`: what a row
    is, which decides on the columns of its file.
    """

    key: str
    name: Any
    question: Any
    parts: Callable[[Filters], Parts]
    formula: Any = ""
    unit: Any = TICKETS
    time: Any = DAYS
    included: Any = ""
    source: str = ""
    by: tuple[str, ...] = ()
    is_now: bool = False
    is_calendar: bool = False
    rating: str = ""
    kind: type = waits.Wait
    slices: Slices = field(default_factory=lambda: {"all": (_("all counted"), EVERY)})
    facts: tuple[str, ...] = ()
    derived: Derived = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """The dimensions by which its rows can be told apart."""
        own = ("cause",) if self.kind is cases.CaseRow else ()
        return (*DIMENSIONS, *LINKED, *own)

    def relation(self, filters: Filters) -> Relation:
        """The rows, from which every figure of this definition is taken."""
        rows = relation(self.kind, self.parts(filters), self.slices, self.facts, self.derived)
        return rows.at_hour(filters.zone.key, weekday=filters.weekday, hour=filters.hour)


_PROMISE: dict[str, Any] = {
    "unit": _("time; shares in per cent"),
    "time": _(
        "Working time of the calendar that held for the ticket, or calendar time, as chosen above. "
        "Dates are whole days in the company’s time zone. Times that differ by less than 0.2% are taken "
        "together: a median is a time that somebody really waited, at most 0.2% above the exact one."
    ),
    "source": "E. L. Kaplan, P. Meier 1958; E. B. Wilson 1927",
    "by": ("opened", "answered"),
    "slices": waits.WAIT_SLICES,
    "facts": waits.FACTS,
}

_FEEDBACK: dict[str, Any] = {
    "time": _(
        "Dates are whole days in the company’s time zone, of the resolution or of the answer, as chosen "
        "above."
    ),
    "by": ("resolved", "answered"),
}
_ASKED = _(
    "Agent and team are those who had the ticket when the survey was sent. Nobody is asked twice within the "
    "rest that the survey sets, after automatic closing, without a usable address, or when the ticket was "
    "reopened before sending; the funnel says how many."
)

_LIST = (
    Definition(
        key="first-response",
        name=_("First response"),
        question=_("How long do customers wait for the first answer of a person?"),
        formula=_(
            "From the customer’s first message to the first public message of a person on our side, counted "
            "when it was sent. Median and nine in ten come from the Kaplan–Meier curve: tickets that still "
            "wait count with the time they have waited so far, instead of being left out. Share within "
            "target: met ÷ (met + missed), with the 95% Wilson interval; who waits past the target counts "
            "as missed."
        ),
        included=_(
            "Automatic mails, notes and status changes are never an answer. A reply that was taken back or "
            "could not be delivered does not count. Left out: tickets that we opened by writing first, and "
            "tickets resolved before anybody answered; both are counted below."
        ),
        parts=partial(waits.promises, metrics=(MetricName.FIRST_RESPONSE,)),
        **_PROMISE,
    ),
    Definition(
        key="next-response",
        name=_("Next response"),
        question=_("How long do customers wait for answers after the first one?"),
        formula=_(
            "From the first message that nobody has answered to the next public message of a person on our "
            "side."
        ),
        included=_("Every stretch of waiting after the first answer is a row of its own."),
        parts=partial(waits.promises, metrics=(MetricName.NEXT_RESPONSE,)),
        **_PROMISE,
    ),
    Definition(
        key="resolution",
        name=_("Resolution"),
        question=_("How long does it take until a request is settled?"),
        formula=_("From opening to resolution, without the time in which the policy pauses the clock."),
        included=_("Tickets that are not resolved yet count with the time they have taken so far."),
        parts=partial(waits.promises, metrics=(MetricName.RESOLUTION,)),
        **_PROMISE,
    ),
    Definition(
        key="periodic-update",
        name=_("Updates"),
        question=_("How long do customers go without news while their ticket is open?"),
        formula=_(
            "From one public message of a person on our side to the next, without the time in which we wait "
            "for the customer."
        ),
        included=_(
            "Only tickets whose policy promises updates or asks to measure them. What was left when the "
            "ticket was resolved is not counted."
        ),
        parts=partial(waits.promises, metrics=(MetricName.PERIODIC_UPDATE,)),
        **_PROMISE,
    ),
    Definition(
        key="requester-wait",
        name=_("Total wait"),
        question=_("How long does a customer wait for us in all?"),
        formula=_(
            "The time from opening to resolution in which we had to act or waited for others; reopening "
            "takes the same sum up again."
        ),
        included=_("Only tickets whose policy promises it or asks to measure it."),
        parts=partial(waits.promises, metrics=(MetricName.REQUESTER_WAIT,)),
        **_PROMISE,
    ),
    Definition(
        key="agent-work",
        name=_("Total work"),
        question=_("How long is a request in our own hands?"),
        formula=_(
            "The time from opening to resolution in which the ticket was new or open; reopening takes the "
            "same sum up again."
        ),
        included=_("Only tickets whose policy promises it or asks to measure it."),
        parts=partial(waits.promises, metrics=(MetricName.AGENT_WORK,)),
        **_PROMISE,
    ),
    Definition(
        key="total-resolution",
        name=_("Final resolution"),
        question=_("How long does it take until a request is settled for good?"),
        formula=_("From opening to the last resolution, nothing left out unless the policy says so."),
        included=_("Only tickets whose policy promises it or asks to measure it."),
        parts=partial(waits.promises, metrics=(MetricName.TOTAL_RESOLUTION,)),
        **_PROMISE,
    ),
    Definition(
        key="feedback",
        name=_("Feedback"),
        question=_("Are those who answer our survey satisfied, and how many answer?"),
        formula=_(
            "Satisfied: ratings of 4 and 5 ÷ all ratings. Response rate: answered ÷ delivered. Both with the "
            "95% Wilson interval. A changed answer counts once, as it stands now."
        ),
        unit=_("per cent; ratings from 1 to 5"),
        included=_ASKED,
        source="P. W. Farris et al., Marketing Metrics 2010; E. B. Wilson 1927",
        rating=Kind.CSAT,
        parts=asks.satisfaction,
        kind=asks.Ask,
        slices=asks.ASK_SLICES,
        facts=asks.ASK_FACTS,
        derived=asks.ASK_DERIVED,
        **_FEEDBACK,
    ),
    Definition(
        key="effort",
        name=_("Effort"),
        question=_("How easy do those who answer find it to get help?"),
        formula=_(
            "Mean of all ratings, with Student’s t interval. Found it easy: ratings of 5 to 7 ÷ all ratings, "
            "and response rate: answered ÷ delivered, both with the 95% Wilson interval. A changed answer "
            "counts once, as it stands now."
        ),
        unit=_("agreement from 1 to 7, higher is better; shares in per cent"),
        included=_ASKED,
        source="M. Dixon, N. Toman, R. DeLisi, The Effortless Experience 2013; E. B. Wilson 1927",
        rating=Kind.CES,
        parts=asks.effort,
        kind=asks.Ask,
        slices=asks.EFFORT_SLICES,
        facts=asks.ASK_FACTS,
        derived=asks.ASK_DERIVED,
        **_FEEDBACK,
    ),
    Definition(
        key="recommendation",
        name=_("Recommendation"),
        question=_("Would those who answer recommend us?"),
        formula=_(
            "Promoters (9, 10) in per cent of all ratings minus detractors (0 to 6) in per cent of all "
            "ratings; passives (7, 8) stay in the denominator. With the 95% adjusted Wald interval. Response "
            "rate: answered ÷ delivered, with the 95% Wilson interval."
        ),
        unit=_("points from −100 to +100, never per cent"),
        included=_(
            "Customers are asked in rounds, not about a ticket, so no team and nobody in particular is "
            "rated. Net Promoter and NPS are registered marks."
        ),
        source="F. F. Reichheld 2003; A. Agresti, Y. Min 2005",
        rating=Kind.NPS,
        parts=asks.recommendation,
        kind=asks.Ask,
        slices=asks.RECOMMENDATION_SLICES,
        facts=asks.ASK_FACTS,
        derived=asks.ASK_DERIVED,
        time=_(
            "Dates are whole days in the company’s time zone, of the day on which the round was planned or "
            "of the answer, as chosen above."
        ),
        by=("resolved", "answered"),
    ),
    Definition(
        key="opened",
        name=_("Opened"),
        question=_("How many tickets were opened?"),
        parts=waits.opened,
    ),
    Definition(
        key="resolved",
        name=_("Resolved"),
        question=_("How many resolutions were there? A reopened ticket may have several."),
        parts=waits.resolved,
    ),
    Definition(
        key="unanswered",
        name=_("Resolved unanswered"),
        question=_("Which tickets were resolved although nobody had answered?"),
        parts=waits.unanswered,
    ),
    Definition(
        key="no-policy",
        name=_("Without a policy"),
        question=_("Which tickets did no policy match, so that nothing was promised?"),
        parts=waits.unmatched,
    ),
    Definition(
        key="outgoing",
        name=_("Opened by us"),
        question=_("On which tickets did we write first, so that nobody waited for an answer?"),
        parts=waits.outgoing,
    ),
    Definition(
        key="work",
        name=_("Settled tickets"),
        question=_("How much did it take to settle a request?"),
        formula=_(
            "Settled by one answer: exactly one public answer of a person, never reopened. Handed over: the "
            "team changed, or more than one person had it. Time: from opening to the last resolution; the "
            "median and nine in ten are times that a ticket really took."
        ),
        unit=_("tickets; shares in per cent; time"),
        time=_("Calendar time. Dates are whole days in the company’s time zone, of the last resolution."),
        included=_(
            "Tickets that are settled now. A reopened ticket counts once, by its last resolution. Left out: "
            "spam, deleted tickets, and tickets merged into another. Answers that were taken back do not "
            "count."
        ),
        source="R. J. Hyndman, Y. Fan 1996 (definition 1); E. B. Wilson 1927",
        by=("resolved",),
        parts=work.work,
        slices=work.WORK_SLICES,
        facts=work.WORK_FACTS,
        kind=work.Work,
        is_calendar=True,
    ),
    Definition(
        key="backlog",
        name=_("Backlog"),
        question=_("Which tickets are not settled, and how old are they?"),
        unit=_("tickets; age as calendar time"),
        time=_("This moment; the period plays no part."),
        included=_("New, open, waiting and on hold. Left out: spam and deleted tickets."),
        parts=work.backlog,
        slices=work.AGE_SLICES,
        facts=work.AGE_FACTS,
        is_calendar=True,
        is_now=True,
    ),
    Definition(
        key="cases",
        name=_("Recovery cases"),
        question=_("Do we speak in time to those whom we let down, and see it through?"),
        formula=_(
            "Loop-closure rate: cases that are closed and whose customer was contacted within the target ÷ "
            "cases opened, with the 95% Wilson interval. The target is one working day: eight hours of the "
            "working time that held for the ticket."
        ),
        unit=_("per cent; time"),
        time=_(
            "Working time for those who were contacted, else calendar time so far. Dates are whole days in "
            "the company’s time zone, of the opening of the case."
        ),
        included=_(
            "Cases opened by a low score (1 or 2 of 5, 1 to 3 of 7, 0 to 6 of 10) or by hand about a "
            "comment. A case that is still open counts as not closed. Left out: cases that fell away because "
            "the customer changed the answer, or the ticket was spam. Agent is who owns the case."
        ),
        source="E. B. Wilson 1927",
        by=("opened",),
        parts=cases.cases,
        kind=cases.CaseRow,
        slices=cases.CASE_SLICES,
        facts=cases.CASE_FACTS,
    ),
    Definition(
        key="asked-again",
        name=_("Recovered score"),
        question=_("Do those to whom we spoke after a low score think better of us?"),
        formula=_(
            "Answers that are no longer low ÷ answers of customers who were asked again after a case, with "
            "the 95% Wilson interval."
        ),
        unit=_("per cent"),
        time=_("Dates are whole days in the company’s time zone, of the opening of the case."),
        included=_(
            "Each case is asked again at most once, when somebody chooses to. These answers count in no "
            "other figure and for no agent."
        ),
        source="E. B. Wilson 1927",
        parts=cases.asked_again,
        kind=cases.CaseRow,
        slices=cases.AGAIN_SLICES,
        facts=cases.CASE_FACTS,
    ),
    *(
        Definition(
            key=key,
            name=name,
            question=_("Which tickets need somebody now?"),
            parts=partial(pressing.needing, key=key),
            is_now=True,
        )
        for key, name in (
            ("late", _("Late")),
            ("due-soon", _("Due within 1 h")),
            ("unassigned", _("Unassigned")),
            ("undelivered", _("Not delivered")),
        )
    ),
    Definition(
        key="overdue-cases",
        name=_("Overdue cases"),
        question=_("Which customers should have heard from us after a low score, and have not?"),
        parts=cases.overdue_cases,
        kind=cases.CaseRow,
        is_now=True,
        is_calendar=True,
    ),
)
DEFINITIONS: dict[str, Definition] = {definition.key: definition for definition in _LIST}


def named(key: str) -> str:
    """The metric (`sla.models.MetricName`) that a definition of promises is about."""
    return key.replace("-", "_")


def promised(keys: Sequence[str]) -> Definition:
    """The promises of several definitions as one, which tells them apart by a fact more: `metric`."""
    first = DEFINITIONS[keys[0]]
    parts = partial(waits.promises, metrics=[named(key) for key in keys], more=("metric",))
    return replace(first, parts=parts, facts=(*first.facts, "metric"))
