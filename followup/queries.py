"""What is asked about follow-ups: which are due, by which rule, who holds a link, what their mail says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from feedback import tokens
from feedback.models import Recovery
from followup.models import SILENT, STANDARD, FollowUp, Kind, Rule
from followup.silence import FOLDED, Silence, silence_of
from tickets.models import Event, Status, Team, User

TOKEN = "followup"  # noqa: S105 - what the links' tokens are of, no token


def due(now: datetime) -> QuerySet[FollowUp]:
    """Those whose time has come, oldest first. Those about deleted tickets wait."""
    rows = FollowUp.objects.filter(state=FollowUp.State.PLANNED, due_at__lte=now, ticket__deleted_at=None)
    return rows.order_by("due_at", "pk")


def rules_of_teams(teams: Iterable[int]) -> dict[tuple[int | None, str], Rule]:
    """The rules that are on in these teams, by team and kind; one query."""
    rows = Rule.objects.filter(team__in=set(teams), on_since__isnull=False)
    return {(rule.team_id, rule.kind): rule for rule in rows}


def rule_for(kind: str, team: int | None) -> Rule | None:
    """The rule by which this kind goes out on a ticket of this team; None while it is off."""
    rows = Rule.objects.filter(kind=kind, on_since__isnull=False)
    return (rows.filter(team=team) if kind in SILENT else rows.filter(team=None)).first()


def rules_shown(kinds: Iterable[Kind], team: Team | None) -> list[Rule]:
    """A rule of each kind as set-up shows it: the saved one, else the standard one, off and not saved."""
    saved = {rule.kind: rule for rule in Rule.objects.filter(team=team, kind__in=list(kinds))}
    return [
        saved.get(kind) or Rule(kind=kind, team=team, on_since=None, **vars(STANDARD[kind])) for kind in kinds
    ]


def silences(tickets: Iterable[int]) -> dict[int, Silence]:
    """The silence that goes on on each of these tickets that has one; one query."""
    facts: dict[int, list[Event]] = {}
    events = Event.objects.filter(ticket__in=list(tickets), kind__in=FOLDED).order_by("ticket", "seq")
    for event in events.only("kind", "at", "data", "ticket"):
        facts.setdefault(event.ticket_id or 0, []).append(event)
    found = {pk: silence_of(events) for pk, events in facts.items()}
    return {pk: silence for pk, silence in found.items() if silence is not None}


def free_at(rule: Rule, person: User, at: datetime) -> datetime:
    """From when on the budget of a rule lets `person` have one more; `at` itself if it does."""
    within = timedelta(days=rule.within_days)
    sent = FollowUp.objects.filter(
        person=person, kind=rule.kind, state=FollowUp.State.SENT, sent_at__gt=at - within
    )
    times = list(sent.order_by("-sent_at").values_list("sent_at", flat=True)[: rule.at_most])
    return times[-1] + within if len(times) == rule.at_most and times[-1] else at


def case_of(follow_up: FollowUp) -> Recovery | None:
    """The recovery case about the same: the survey's, else one that is open on the ticket."""
    rows = Recovery.objects.select_related("owner").order_by("pk")
    if follow_up.survey_id is not None:
        return rows.filter(survey=follow_up.survey_id).first()
    return rows.filter(ticket=follow_up.ticket_id, closed_at=None).first()


def planned_on(ticket: int) -> QuerySet[FollowUp]:
    """What comes next on a ticket that waits for its customer, as far as it is planned."""
    rows = FollowUp.objects.filter(ticket=ticket, kind__in=SILENT, state=FollowUp.State.PLANNED)
    return rows.order_by("due_at")


def by_token(token: str) -> FollowUp | None:
    """The follow-up of a link, found by the token's hash. None while its ticket is deleted."""
    found = FollowUp.objects.filter(token_hash=tokens.hash_token(token), ticket__deleted_at=None)
    return found.select_related("ticket__team", "person").first()


def is_open(follow_up: FollowUp, at: datetime) -> bool:
    """Whether its question takes an answer: its time is not over, and it is still this person's request."""
    ticket = follow_up.ticket
    return (
        ticket is not None
        and follow_up.expires_at is not None
        and follow_up.expires_at > at
        and ticket.requester_id == follow_up.person_id
        and ticket.merged_into_id is None
        and ticket.spam_at is None
    )


def letter(pk: int) -> dict[str, Any] | None:
    """What the mail of a follow-up that was sent speaks of; None when it is not to leave any more.

    `follow_up` itself (its ticket, person and author read), `subject` ("" where it may not be repeated to
    its reader), `path` of the page that asks (None for others), `asked_at` when our last words were said,
    `reopen_until` until when a word of the customer reopens the ticket.
    """
    rows = FollowUp.objects.select_related("ticket__team", "person", "author", "survey__agent")
    row = rows.filter(pk=pk, state=FollowUp.State.SENT).first()
    if row is None or _is_outdated(row):
        return None
    token = tokens.find_token(row.pk, row.token_hash, TOKEN) if row.kind == Kind.FIXED else None
    ticket, until = row.ticket, None
    if ticket is not None and row.sent_at is not None and ticket.team.reopen_days:
        until = row.sent_at + timedelta(days=ticket.team.reopen_days)
    return {
        "follow_up": row,
        "subject": ticket.subject if ticket is not None and row.person.proven_at else "",
        "path": f"/survey/solved/{token}/" if token else None,
        "asked_at": row.since,
        "reopen_until": until,
    }


def _is_outdated(row: FollowUp) -> bool:
    """The customer was faster than our mail."""
    ticket = row.ticket
    if ticket is None:
        return False
    if ticket.spam_at is not None or ticket.requester_id != row.person_id:
        return True
    if row.kind == Kind.WAITING:
        return ticket.status != Status.WAITING
    return row.kind in (Kind.SILENCE, Kind.FIXED) and ticket.is_unresolved


def put_to(pk: int) -> tuple[User, str]:
    """Whom a follow-up goes to, and its kind."""
    row = FollowUp.objects.select_related("person").only("kind", "person").get(pk=pk)
    return row.person, row.kind
