"""What the portal may promise: until when we aim to answer, how long it usually takes, where to rate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from feedback import asking
from feedback import queries as feedback_queries
from feedback.models import Survey
from helpdesk.models import Topic
from helpdesk.topics import Offer
from sla import queries as sla_queries
from sla.models import MetricName
from sla.trial import Candidate, candidates, try_ticket
from tickets.models import Channel, Team, Ticket, TicketType, User

USUAL_DAYS = timedelta(days=30)
USUAL_SHARE = 0.8
FEWEST = 30
"""With fewer answers than this, "usually" would be a guess."""


def due_of(tickets: Collection[Ticket]) -> dict[int, datetime]:
    """Until when each ticket's next answer is promised, by ticket number. Promises that are over, paused or
    about something else than an answer are not told."""
    return sla_queries.next_word_due(tickets, timezone.now())


def aims(offered: Sequence[Offer], team: Team, user: User | None) -> dict[int | None, datetime]:
    """Until when a ticket that is sent now gets its first answer, by topic (None stands for a form without a
    choice); topics for which nothing is promised are left out.

    The policies are tried on a ticket as this form would open it, so nothing is told that its clock would
    not say too.
    """
    asked, now = candidates(), timezone.now()
    several = len(offered) > 1
    as_opened: list[tuple[int | None, Topic]] = [
        (offer.topic.pk if several else None, offer.topic) for offer in offered
    ] or [(None, Topic(team=team))]
    known = _known_of(user)
    found = {key: _first_due(asked, known | _known_by(topic), now) for key, topic in as_opened}
    return {key: due_at for key, due_at in found.items() if due_at is not None}


def _known_of(user: User | None) -> dict[str, list[Any]]:
    """What `sla.matching` may ask about whoever writes; of a guest nothing is known yet."""
    known: dict[str, list[Any]] = {"channel": [Channel.PORTAL.value], "type": [TicketType.QUESTION.value]}
    if user is None:
        return known
    tags = list(user.tags.values_list("name", flat=True))
    if user.organization is not None:
        known["organization"] = [user.organization.pk]
        tags += user.organization.tags.values_list("name", flat=True)
    return known | {"customer_tag": tags}


def _known_by(topic: Topic) -> dict[str, list[Any]]:
    return {"team": [topic.team_id], "priority": [topic.priority], "tag": topic.tags}


def _first_due(asked: list[Candidate], known: dict[str, list[Any]], now: datetime) -> datetime | None:
    dues = try_ticket(asked, known, now).dues
    first = (due.reading for due in dues if due.metric == MetricName.FIRST_RESPONSE and not due.later)
    return next((reading.due_at for reading in first if reading is not None), None)


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
