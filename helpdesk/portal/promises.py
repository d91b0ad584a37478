"""What the portal may promise: until when we aim to answer, how long it usually takes, where to rate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from feedback import asking
from feedback import queries as feedback_queries
from feedback.models import Survey
from sla import queries as sla_queries
from tickets.models import Team, Ticket, User

USUAL_DAYS = timedelta(days=30)
USUAL_SHARE = 0.8
FEWEST = 30
"""With fewer answers than this, "usually" would be a guess."""


def due_of(tickets: Collection[Ticket]) -> dict[int, datetime]:
    """Until when each ticket's next answer is promised, by ticket number. Promises that are over, paused or
    about something else than an answer are not told."""
    return sla_queries.next_word_due(tickets, timezone.now())


def usual_wait(team: Team) -> timedelta | None:
    """The working time within which eight in ten people got their first answer from the team in the last 30
    days; None when too few asked."""
    answers = sla_queries.measured(
        Ticket.objects.all(), team=[team.pk], start=timezone.now() - USUAL_DAYS
    ).order_by()
    found = answers.aggregate(n=Count("pk"), wait=sla_queries.Percentile("working", at=USUAL_SHARE))
    return found["wait"] if found["n"] >= FEWEST else None


@dataclass(frozen=True)
class Rating:
    """The survey of a settled ticket as it stands on the ticket's page. What is sent goes to the survey's own
    address (`path`), which records it; showing it here records nothing."""

    survey: Survey
    path: str
    asked: list[asking.Asked]

    @property
    def given(self) -> asking.Offer | None:
        """What the person has answered so far."""
        return next((offer for offer in self.asked[0].offers if offer.is_chosen), None)


def rating(ticket: Ticket, person: User) -> Rating | None:
    """Where the person may rate how the ticket was solved, while that is open."""
    if ticket.is_unresolved:
        return None
    survey = feedback_queries.open_to(ticket, person, timezone.now())
    path = feedback_queries.path_of(survey) if survey is not None else None
    if survey is None or path is None:
        return None
    return Rating(survey, path, asking.asked(survey, asking.answered(survey)))
