"""Several tickets changed at once, each by its own action under its own lock, and taken back again.

A change is a `Job`: a slice is one ticket, so that a killed worker loses nothing, stopping falls between two
tickets, and no ticket is locked longer than by a change of its own. A `BulkTicket` row keeps what became of
each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed, lock
from tickets.actions.jobs import ask_job
from tickets.actions.properties import assign, move, prioritize, tag, tag_named, untag
from tickets.actions.snoozing import snooze, unsnooze
from tickets.actions.status import close, put_on_hold, reopen, resolve, set_open, set_waiting
from tickets.bulk import insert
from tickets.events import STATUS_KINDS
from tickets.models import BulkOutcome, BulkTicket, BulkWhy, Job, Priority, Status, Tag, Team, Ticket, User

MOST = 10_000
"""More tickets than this are not changed at once."""
AT_ONCE = 100
"""Up to so many are changed while the asker waits; more are left to the workers."""

Old = dict[str, Any]


@dataclass(frozen=True)
class Verb:
    """One change: how it is done, what it overwrites, how that is put back, and the kinds of event which say
    that somebody changed the same property again."""

    do: Callable[[Ticket, Any, User], Ticket]
    read: Callable[[Ticket, Any], Old]
    put_back: Callable[[Ticket, Old, Any, User], Any]
    kinds: frozenset[str]
    of_unresolved: bool = False


def _assign(ticket: Ticket, value: Any, by: User) -> Ticket:
    return assign(ticket, _person(value), by=by)


def _person(value: int | None) -> User | None:
    return User.objects.get(pk=value) if value else None


def _move_back(ticket: Ticket, old: Old, value: Any, by: User) -> None:
    ticket = move(ticket, Team.objects.get(pk=old["team"]), by=by)
    assign(ticket, _person(old["assignee"]), by=by)


def _status(of: Callable[..., Ticket], *, of_unresolved: bool = False) -> Verb:
    return Verb(
        lambda ticket, value, by: of(ticket, by=by),
        lambda ticket, value: {"status": ticket.status, "until": _iso(ticket.snoozed_until)},
        _restore_status,
        STATUS_KINDS,
        of_unresolved,
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


BACK: dict[str, Callable[..., Ticket]] = {
    Status.NEW: set_open,  # nothing goes back to new
    Status.OPEN: set_open,
    Status.WAITING: set_waiting,
    Status.ON_HOLD: put_on_hold,
    Status.RESOLVED: resolve,
    Status.CLOSED: close,
}


def _restore_status(ticket: Ticket, old: Old, value: Any, by: User) -> None:
    if not ticket.is_unresolved:
        ticket = reopen(ticket, by=by)
    ticket = BACK[old["status"]](ticket, by=by)
    until = datetime.fromisoformat(old["until"]) if old["until"] else None
    if until and until > timezone.now() and ticket.is_unresolved and ticket.snoozed_until is None:
        snooze(ticket, until=until, by=by)


def _restore_snooze(ticket: Ticket, old: Old, value: Any, by: User) -> None:
    if old["until"]:
        snooze(ticket, until=datetime.fromisoformat(old["until"]), by=by)
    else:
        unsnooze(ticket, by=by)


def _read_snooze(ticket: Ticket, value: Any) -> Old:
    return {"until": _iso(ticket.snoozed_until)}


SNOOZES = frozenset({"ticket.snoozed", "ticket.unsnoozed"})
VERBS: dict[str, Verb] = {
    "assign": Verb(
        _assign,
        lambda ticket, value: {"assignee": ticket.assignee_id},
        lambda ticket, old, value, by: _assign(ticket, old["assignee"], by),
        frozenset({"ticket.assigned"}),
    ),
    "move": Verb(
        lambda ticket, value, by: move(ticket, Team.objects.get(pk=value), by=by),
        lambda ticket, value: {"team": ticket.team_id, "assignee": ticket.assignee_id},
        _move_back,
        frozenset({"ticket.moved", "ticket.assigned"}),
    ),
    "prioritize": Verb(
        lambda ticket, value, by: prioritize(ticket, value, by=by),
        lambda ticket, value: {"priority": ticket.priority},
        lambda ticket, old, value, by: prioritize(ticket, old["priority"], by=by),
        frozenset({"ticket.prioritized"}),
    ),
    "tag": Verb(
        lambda ticket, value, by: tag(ticket, Tag.objects.get(pk=value).name, by=by),
        lambda ticket, value: {},
        lambda ticket, old, value, by: untag(ticket, Tag.objects.get(pk=value).name, by=by),
        frozenset({"ticket.tagged", "ticket.untagged"}),
    ),
    "snooze": Verb(
        lambda ticket, value, by: snooze(ticket, until=datetime.fromisoformat(value), by=by),
        _read_snooze,
        _restore_snooze,
        SNOOZES,
        of_unresolved=True,
    ),
    "unsnooze": Verb(
        lambda ticket, value, by: unsnooze(ticket, by=by), _read_snooze, _restore_snooze, SNOOZES
    ),
    "set_open": _status(set_open),
    "set_waiting": _status(set_waiting, of_unresolved=True),
    "put_on_hold": _status(put_on_hold, of_unresolved=True),
    "resolve": _status(resolve),
    "close": _status(close),
}


def change_many(tickets: Collection[int], verb: str, value: Any = None, *, by: User) -> Job:
    """Let one of `VERBS` be done on each of the tickets (their numbers), as far as `by` may.

    `value` is the id of a person (None: nobody) or team, a priority, a tag's word, an instant (aware, as ISO
    8601). Numbers that `by` may not work on count as skipped. Up to AT_ONCE tickets the caller runs the job
    itself, after the commit (`tickets.jobs.run`); more go to the workers. Raises ValueError.
    """
    if verb not in VERBS:
        raise ValueError(_("Choose what to do with the tickets."))
    if not tickets:
        raise ValueError(_("Select the tickets first."))
    if len(tickets) > MOST:
        raise ValueError(_("Select at most %(number)s tickets.") % {"number": MOST})
    with transaction.atomic():
        mine = sorted(access.worked_by(by).filter(pk__in=list(tickets)).values_list("pk", flat=True))
        arguments = {"verb": verb, "value": _checked(verb, value), "unseen": len(set(tickets)) - len(mine)}
        job = ask_job("tickets.bulk", by=by, arguments=arguments, now=len(mine) <= AT_ONCE)
        job.total = len(mine)
        job.save(update_fields=["total"])
        insert([BulkTicket(job=job, ticket_id=pk) for pk in mine])
        return job


def _checked(verb: str, value: Any) -> Any:
    """The value as a job keeps it. Raises ValueError with a sentence."""
    if verb == "assign":
        if value and not User.objects.filter(pk=value, is_active=True).exists():
            raise ValueError(_("Choose a person."))
        return value or None
    if verb == "move":
        if not Team.objects.filter(pk=value or 0, is_active=True).exists():
            raise ValueError(_("Choose a team."))
    elif verb == "prioritize":
        if value not in Priority.values:
            raise ValueError(_("Choose a priority."))
    elif verb == "tag":
        return tag_named(str(value or "")).pk
    elif verb == "snooze" and datetime.fromisoformat(value) <= timezone.now():
        raise ValueError(_("Choose a time that is still to come."))
    return value


def change_slice(job: Job) -> Old | None:
    """One ticket, or the result: how many were changed, were so already, were skipped and why."""
    row = _next(job, job, BulkOutcome.WAITING)
    if row is None:
        return _result(job, DONE_WITH, job.arguments["unseen"])
    verb, value, by = VERBS[job.arguments["verb"]], job.arguments["value"], _asker(job)
    ticket = lock(row.ticket)
    row.outcome, row.why = BulkOutcome.SKIPPED, _why_not(job, ticket, verb, value, by)
    if not row.why:
        row.old = verb.read(ticket, value)
        try:
            with transaction.atomic():
                row.seq = verb.do(ticket, value, by).event_seq
            row.outcome = BulkOutcome.SAME if row.seq == ticket.event_seq else BulkOutcome.CHANGED
        except NotAllowed:
            row.why = BulkWhy.NOT_ALLOWED
        except ValueError:
            row.why = BulkWhy.TIME_OVER
    _done(job, row)
    return None


def _why_not(job: Job, ticket: Ticket, verb: Verb, value: Any, by: User) -> str:
    """What forbids the change of a locked ticket; "" for nothing."""
    if not access.can_work(by, ticket):
        return BulkWhy.NOT_ALLOWED
    if verb.of_unresolved and not ticket.is_unresolved:
        return BulkWhy.SETTLED
    if job.arguments["verb"] == "assign" and value:
        person = _person(value)
        if person is None or not access.can_be_assigned(person, ticket):
            return BulkWhy.NOT_IN_TEAM
    return ""


def undo_many(job: Job, *, by: User) -> Job:
    """Put back what a change of several tickets did, except what somebody changed since. Asked twice, the
    same job. Raises NotAllowed for another's change and for one that is still under way."""
    if job.kind != "tickets.bulk" or job.asked_by_id != by.pk:
        raise NotAllowed(_("Only the person who made the change can take it back."))
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if not job.is_finished:
            raise NotAllowed(_("This change is still under way. Stop it first."))
        undo = Job.objects.filter(kind="tickets.undo_bulk", asked_by=by, arguments__of=job.pk).first()
        if undo is None:
            total = job.tickets.filter(outcome=BulkOutcome.CHANGED).count()
            undo = ask_job("tickets.undo_bulk", by=by, arguments={"of": job.pk}, now=total <= AT_ONCE)
            undo.total = total
            undo.save(update_fields=["total"])
        return undo


def undo_slice(job: Job) -> Old | None:
    """One ticket, or the result: how many were put back, and how many left and why."""
    change = Job.objects.get(pk=job.arguments["of"])
    row = _next(job, change, BulkOutcome.CHANGED)
    if row is None:
        return _result(change, UNDONE_WITH, 0)
    verb, value, by = VERBS[change.arguments["verb"]], change.arguments["value"], _asker(job)
    ticket = lock(row.ticket)
    row.outcome, row.why = BulkOutcome.LEFT, ""
    again = ticket.events.filter(seq__gt=row.seq, kind__in=verb.kinds)
    if (again.filter(data__tag=value) if verb is VERBS["tag"] else again).exists():
        row.why = BulkWhy.CHANGED_SINCE
    else:
        try:
            with transaction.atomic():
                verb.put_back(ticket, row.old, value, by)
            row.outcome = BulkOutcome.PUT_BACK
        except NotAllowed:
            row.why = BulkWhy.NOT_ALLOWED
        except ValueError:
            row.why = BulkWhy.TIME_OVER
    _done(job, row)
    return None


def _asker(job: Job) -> User:
    """As they are now: who lost a right meanwhile has lost it here too."""
    assert job.asked_by is not None
    return job.asked_by


def _next(job: Job, change: Job, outcome: BulkOutcome) -> BulkTicket | None:
    rows = change.tickets.filter(outcome=outcome, ticket__gt=job.cursor or 0).order_by("ticket")
    return rows.select_related("ticket").first()


def _done(job: Job, row: BulkTicket) -> None:
    row.save(update_fields=["outcome", "why", "old", "seq"])
    job.cursor, job.done = row.ticket_id, job.done + 1


DONE_WITH = (BulkOutcome.CHANGED, BulkOutcome.SAME, BulkOutcome.SKIPPED)
UNDONE_WITH = (BulkOutcome.PUT_BACK, BulkOutcome.LEFT)


def _result(change: Job, outcomes: Collection[str], unseen: int) -> Old:
    """How many tickets came out how, and for which reason; `unseen` more were skipped without a look."""
    counted: Counter[str] = Counter({BulkOutcome.SKIPPED.value: unseen} if unseen else {})
    why: Counter[str] = Counter({BulkWhy.NOT_ALLOWED.value: unseen} if unseen else {})
    for outcome, reason in change.tickets.filter(outcome__in=outcomes).values_list("outcome", "why"):
        counted[outcome] += 1
        if reason:
            why[reason] += 1
    return {"counts": dict(counted), "why": dict(why)}
