"""What is to follow an event, and what takes it back. A function of the events and of the rules in force:
done twice, or made again from the events, it comes to the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from feedback.actions import has_declined, is_reachable
from feedback.models import Survey
from feedback.questions import is_good, is_low
from feedback.timing import in_window
from followup import queries
from followup.models import RATED, SILENT, FollowUp, Kind, Rule
from followup.silence import Silence, working_days_after
from sla.calendar import CalendarError
from sla.queries import calendar_of
from tickets.models import Event, Ticket, User

State, Reason = FollowUp.State, FollowUp.Reason
Rules = dict[tuple[int | None, str], Rule]


def follow_silences(tickets: Sequence[Ticket]) -> None:
    """Plan the reminder, or the resolution, of tickets that may wait for their customers, and take back what
    no longer holds. In the transaction of the event, under the tickets' locks."""
    rules = queries.rules_of_teams(ticket.team_id for ticket in tickets)
    if not rules:
        return
    numbers = [ticket.pk for ticket in tickets]
    rows = FollowUp.objects.filter(ticket__in=numbers, kind__in=SILENT)
    known = {(row.cause_id, row.kind): row for row in rows}
    silences = queries.silences(numbers)
    kept: set[int] = set()
    for ticket in tickets:
        silence = silences.get(ticket.pk)
        wanted = _wanted(ticket, silence, rules) if silence else None
        if wanted is None or silence is None:
            continue
        kind, due_at = wanted
        row = known.get((silence.cause, kind))
        if row is None:
            row = FollowUp(kind=kind, ticket=ticket, cause_id=silence.cause, since=silence.since)
        if row.state in (State.PLANNED, State.CANCELLED):
            _plan(row, ticket.requester_id, due_at)
            kept.add(row.pk)
    stale = FollowUp.objects.filter(ticket__in=numbers, kind__in=SILENT, state=State.PLANNED)
    stale.exclude(pk__in=kept).update(state=State.CANCELLED, reason=Reason.OVERTAKEN)


def _plan(row: FollowUp, person: int, due_at: datetime) -> None:
    row.person_id, row.due_at, row.state, row.reason = person, due_at, State.PLANNED, ""
    row.save()


def _wanted(ticket: Ticket, silence: Silence, rules: Rules) -> tuple[Kind, datetime] | None:
    """What comes next of a silence, and when: the reminder, or after it (without one: at once counted) the
    resolution. None where no rule held when it began, or mail does not reach the customer."""
    remind = rules.get((ticket.team_id, Kind.WAITING))
    resolve = rules.get((ticket.team_id, Kind.SILENCE))
    person = ticket.requester
    if person.is_member or not is_reachable(person):
        return None
    if remind and _holds(remind, silence.since) and silence.reminded_at is None:
        return Kind.WAITING, _after_days(ticket, silence.since, remind, person)
    if resolve and _holds(resolve, silence.since):
        return Kind.SILENCE, _after_days(ticket, silence.reminded_at or silence.since, resolve, person)
    return None


def _holds(rule: Rule, at: datetime) -> bool:
    """Whether a rule was on already."""
    return rule.on_since is not None and rule.on_since <= at


def _after_days(ticket: Ticket, begin: datetime, rule: Rule, person: User) -> datetime:
    try:
        at = working_days_after(calendar_of(ticket), begin, rule.after)
    except CalendarError:
        at = begin + timedelta(days=rule.after)
    return in_window(at, person, rule)


def follow_resolution(resolution: Event) -> None:
    """Plan to ask whether it stayed solved. Not about what was resolved by itself."""
    ticket = resolution.ticket
    rule = queries.rule_for(Kind.FIXED, None) if resolution.actor_id is not None else None
    if ticket is None or rule is None or not _holds(rule, resolution.at):
        return
    person = ticket.requester
    if person.is_member or not is_reachable(person) or has_declined(person):
        return
    row = FollowUp.objects.filter(kind=Kind.FIXED, cause=resolution, survey=None).first()
    row = row or FollowUp(kind=Kind.FIXED, ticket=ticket, cause=resolution, since=resolution.at)
    if row.state in (State.PLANNED, State.CANCELLED):
        due_at = in_window(resolution.at + timedelta(days=rule.after), person, rule)
        _plan(row, person.pk, due_at)


def follow_answer(answer: Event) -> None:
    """Plan to thank for a good score, or to say sorry for a low one; take back the other, if the answer was
    changed. Nothing after a recovery case, in which somebody has spoken to them."""
    survey = Survey.objects.select_related("answer", "person", "version").get(pk=answer.data["survey"])
    score = survey.answer.score if survey.answer else None
    wanted = None
    if survey.after_case_id is None:
        wanted = Kind.THANKS if is_good(survey.kind, score) else None
        wanted = Kind.SORRY if is_low(survey.kind, score) else wanted
    rows = {row.kind: row for row in FollowUp.objects.filter(survey=survey, kind__in=RATED)}
    for kind, row in rows.items():
        if kind != wanted and row.state == State.PLANNED:
            row.state, row.reason = State.CANCELLED, Reason.OVERTAKEN
            row.save(update_fields=["state", "reason"])
    rule = queries.rule_for(wanted, None) if wanted else None
    if wanted is None or rule is None or not _holds(rule, answer.at):
        return
    row = rows.get(wanted) or FollowUp(
        kind=wanted, ticket=survey.ticket, survey=survey, cause=answer, since=answer.at
    )
    if row.pk is None or row.state == State.CANCELLED:
        _plan(row, survey.person_id, _after_hours(survey, answer.at, rule))


def _after_hours(survey: Survey, at: datetime, rule: Rule) -> datetime:
    """So many working hours later, in the customer's window."""
    hours = timedelta(hours=rule.after)
    if survey.ticket is None:
        return in_window(at + hours, survey.person, rule)
    try:
        return in_window(calendar_of(survey.ticket).add(at, hours), survey.person, rule)
    except CalendarError:
        return in_window(at + hours, survey.person, rule)


def cancel_about(tickets: Collection[int | None], *, only: Collection[str] = ()) -> None:
    """Nothing more goes out about these tickets; or nothing of some kinds `only`."""
    rows = FollowUp.objects.filter(ticket__in=tickets, state=State.PLANNED)
    rows = rows.filter(kind__in=only) if only else rows
    rows.update(state=State.CANCELLED, reason=Reason.OVERTAKEN)
