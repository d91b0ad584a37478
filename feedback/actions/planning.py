"""Whether a resolution is asked about, by which survey and when; and what takes that back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from feedback.actions.base import give_up, has_declined, is_drawn, is_robots, kept_from, tell
from feedback.actions.definitions import versions_in_use
from feedback.actions.rounds import enrol
from feedback.models import Answer, AnswerItem, Kind, Survey, SurveyVersion
from feedback.timing import sending_time
from sla.actions.clocks import customer_tags
from sla.matching import matches
from tickets.models import Event, Ticket

STRANGERS = (
    Survey.Reason.SPAM,
    Survey.Reason.MERGED,
    Survey.Reason.INTERNAL,
    Survey.Reason.ROBOT,
)
"""Who is kept from a survey by these is no customer of this ticket."""


def schedule(resolution: Event) -> Survey | None:
    """Plan the survey about one resolution, or note why nobody is asked. None where no survey is for it.

    Called in the transaction of the `ticket.resolved` event, under its ticket's lock; a function of the
    event.
    """
    ticket = resolution.ticket
    versions = versions_in_use()
    if ticket is None or not versions:
        return None
    fitting = [version for version in versions if _is_for(version, ticket)]
    reason = _why_not(ticket, resolution) if fitting else ""
    for one in fitting:
        if one.definition.kind == Kind.NPS and reason not in STRANGERS:
            enrol(ticket.requester, one, resolution.at)
    version = next((one for one in fitting if one.definition.kind != Kind.NPS), None)
    if version is None or Survey.objects.filter(resolution=resolution).exists():
        return None
    if not reason and not is_drawn(version.sampling, version.definition_id, resolution.pk):
        reason = Survey.Reason.NOT_DRAWN
    return _plan(resolution, ticket, version, reason)


def _plan(resolution: Event, ticket: Ticket, version: SurveyVersion, reason: str) -> Survey:
    survey = Survey.objects.create(
        ticket=ticket,
        resolution=resolution,
        version=version,
        kind=version.definition.kind,
        probability=version.sampling,
        person=ticket.requester,
        state=Survey.State.SUPPRESSED if reason else Survey.State.SCHEDULED,
        reason=reason,
        resolved_at=resolution.at,
        send_at=sending_time(ticket, resolution.at, version),
        resolver=resolution.actor if resolution.actor and resolution.actor.is_member else None,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
        agent_id=ticket.assignee_id,
    )
    if not reason:
        tell("survey.scheduled", survey, at=resolution.at)
    return survey


def _is_for(version: SurveyVersion, ticket: Ticket) -> bool:
    """Whether the conditions of a version hold for the ticket as it stands."""
    asked = {condition["field"] for condition in version.conditions}
    if not asked:
        return True
    known: dict[str, Collection[Any]] = {
        "team": [ticket.team_id],
        "organization": [ticket.organization_id] if ticket.organization_id else [],
        "channel": [ticket.channel],
        "type": [ticket.type],
        "priority": [ticket.priority],
    }
    if "tag" in asked:
        known["tag"] = [tag.name for tag in ticket.tags.all()]
    if "customer_tag" in asked:
        known["customer_tag"] = customer_tags(ticket)
    return matches(version.conditions, known)


def _why_not(ticket: Ticket, resolution: Event) -> str:
    """The reason for which nobody is asked about this resolution, or ""."""
    person = ticket.requester
    if resolution.actor_id is None:
        return Survey.Reason.AUTOMATIC
    if reason := kept_from(ticket, person):
        return reason
    if has_declined(person):
        return Survey.Reason.DECLINED
    return Survey.Reason.ROBOT if is_robots(ticket) else ""


def cancel_scheduled(reopening: Event) -> None:
    """A ticket reopened: what was still to be sent about its resolution is not sent, nobody is reminded."""
    for survey in Survey.objects.filter(ticket=reopening.ticket, state=Survey.State.SCHEDULED):
        give_up(survey, Survey.State.CANCELLED, Survey.Reason.REOPENED, reopening.at)
    Survey.objects.filter(ticket=reopening.ticket, state=Survey.State.INVITED).update(remind_at=None)


def cancel_open(event: Event) -> None:
    """A ticket turned out to be spam, or to be another one's: nobody is asked about it, and who was asked
    already cannot answer about spam."""
    is_spam = event.kind == "ticket.marked_spam"
    reason = Survey.Reason.SPAM if is_spam else Survey.Reason.MERGED
    still_open = [Survey.State.SCHEDULED, *([Survey.State.INVITED] if is_spam else [])]
    for survey in Survey.objects.filter(ticket=event.ticket, state__in=still_open):
        give_up(survey, Survey.State.CANCELLED, reason, event.at)
    Survey.objects.filter(ticket=event.ticket, state=Survey.State.INVITED).update(remind_at=None)


def erase_comments(purge: Event) -> None:
    """The words of the answers go with the ticket's."""
    answers = Answer.objects.filter(survey__ticket=purge.ticket)
    answers.update(comment="", user_agent="")
    AnswerItem.objects.filter(answer__in=answers).update(text="")


def follow_requester(change: Event) -> None:
    """What is still to be sent goes to the new requester; what the old one was sent takes no answer."""
    surveys = Survey.objects.filter(ticket=change.ticket)
    surveys.filter(state=Survey.State.SCHEDULED).update(person=change.data["requester"][1])
    for survey in surveys.filter(state=Survey.State.INVITED):
        give_up(survey, Survey.State.CANCELLED, Survey.Reason.REQUESTER, change.at)
