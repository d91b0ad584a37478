"""What a change of policy or calendar does to tickets that are open: told beforehand, and done in slices."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone

from sla import actions
from sla.book import BOOK
from sla.clockwork import Heard, events_of
from sla.drafts import Held, RuleSet, current_rules, with_drafts
from sla.measure import RUNNING, Reading, measure
from sla.models import Calendar, CalendarVersion, Clock, Policy, PolicyVersion
from tickets.actions.base import lock
from tickets.models import UNRESOLVED_STATUSES, Event, Job, Ticket

logger = logging.getLogger(__name__)

BATCH = 250
"""Tickets that a dry run looks at between two looks at the clock on the wall."""
SLICE = 25
"""Tickets that the job holds the locks of at a time."""
EXAMPLES = 10
"""Shown at most of each: earlier, later, late at once."""


class Example(NamedTuple):
    """One due time that changes. None: not settled (the clock is paused) or not promised."""

    ticket: int
    metric: str
    old_due_at: datetime | None
    new_due_at: datetime | None
    kind: str
    """ "late" (it would be past at once), "earlier" or "later" (also: not promised any more)."""


@dataclass
class Preview:
    """What a change would do: `changed` due times of running clocks on `tickets` of the `looked_at`
    unresolved ones; `earlier` (with the `newly_late`, which would be past at once) and `later` add up to
    `changed`. `complete` is False where the time was up before the end.
    """

    changed: int = 0
    looked_at: int = 0
    complete: bool = True
    newly_late: int = 0
    examples: list[Example] = field(default_factory=list)
    tickets: int = 0
    earlier: int = 0
    later: int = 0

    def of_kind(self, kind: str) -> list[Example]:
        return [example for example in self.examples if example.kind == kind]

    def count(
        self, ticket: int, metric: str, old: datetime | None, new: datetime | None, now: datetime
    ) -> None:
        """Note one due time that changes."""
        is_late = _is_newly_late(old, new, now)
        is_earlier = new is not None and (old is None or new < old)
        self.changed += 1
        self.newly_late += is_late
        self.earlier += is_earlier
        self.later += not is_earlier
        kind = "late" if is_late else "earlier" if is_earlier else "later"
        if len(self.of_kind(kind)) < EXAMPLES:
            self.examples.append(Example(ticket, metric, old, new, kind))


class Change(NamedTuple):
    """The due time of one clock, as it is and as it would be."""

    metric: str
    old_due_at: datetime | None
    new_due_at: datetime | None


class Affected(NamedTuple):
    """A ticket for which other versions would hold."""

    ticket: Ticket
    held: Held
    wanted: Held


def preview(
    *,
    policy: Policy | None = None,
    spec: dict[str, Any] | None = None,
    calendar: Calendar | None = None,
    calendar_spec: dict[str, Any] | None = None,
    limit_seconds: float = 3.0,
    at: datetime | None = None,
) -> Preview:
    """Which due times of open tickets would change if a draft held for them from now (or `at`) on.

    `spec` is the draft of `policy` (None: of a new one), `calendar` the one it counts in; `calendar_spec` are
    the draft hours of `calendar`. Newest tickets first; nothing is written. Raises `PolicyError` and
    `CalendarError` with a sentence for a draft that cannot be used.
    """
    if policy is not None and policy.pk and not policy.is_active:
        return Preview()  # nobody is asked about a policy that is not in use
    drafted = [(policy, spec)] if spec is not None else []
    if spec is None and policy is not None:
        drafted = [(policy, policy.latest.spec)]
    rules = with_drafts(drafted, calendar=calendar, calendar_spec=calendar_spec)
    now, stops_at, found = at or timezone.now(), time.monotonic() + limit_seconds, Preview()
    about = _about(policy, calendar if calendar_spec is not None else None, rules)
    pks = list(_unresolved().order_by("-pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        if time.monotonic() >= stops_at:
            found.complete = False
            break
        batch = pks[start : start + BATCH]
        _look_at(found, list(affected(batch, rules, about)), rules, now)
        found.looked_at += len(batch)
    return found


def _look_at(found: Preview, tickets: list[Affected], rules: RuleSet, now: datetime) -> None:
    wanted = {each.ticket.pk: each.wanted for each in tickets}
    for ticket_id, events in events_of(wanted):
        try:
            changes = list(_changes(events, wanted[ticket_id], rules, now))
        except DatabaseError:
            raise
        except Exception:  # what is broken in one ticket is the sweep's to tell, and hides no other
            logger.exception("ticket %s could not be looked at", ticket_id)
            continue
        found.tickets += bool(changes)
        for change in changes:
            found.count(ticket_id, *change, now)


def _changes(events: list[Heard], wanted: Held, rules: RuleSet, now: datetime) -> Iterator[Change]:
    """The due times of running clocks that would change: as they are now, and as they would be."""
    at = max(now, events[-1].at)
    applied = Heard(events[0].ticket_id, events[-1].seq + 1, "sla.applied", at, wanted._asdict(), None)
    before = _running(measure(events, BOOK, now))
    after = _running(measure([*events, applied], rules.book, now))
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield Change(key[0], old, new)


def _running(readings: list[Reading]) -> dict[tuple[str, int], datetime | None]:
    return {(each.metric, each.instance): each.due_at for each in readings if each.state == RUNNING}


def _is_newly_late(old: datetime | None, new: datetime | None, now: datetime) -> bool:
    return new is not None and new <= now and (old is None or old > now)


# --- whom a change is about ---------------------------------------------------------------------------


class About(NamedTuple):
    """Versions of the policy or the calendar in question; both empty: everything is."""

    policy_versions: frozenset[int] = frozenset()
    calendar_versions: frozenset[int] = frozenset()

    def is_about(self, held: Held) -> bool:
        if not self.policy_versions and not self.calendar_versions:
            return True
        return held.policy_version in self.policy_versions or held.calendar_version in self.calendar_versions


def _about(policy: Policy | None, calendar: Calendar | None, rules: RuleSet) -> About:
    policies, calendars = set(rules.drafts), set(rules.draft_calendars)
    if policy is not None and policy.pk:
        policies |= set(PolicyVersion.objects.filter(policy=policy).values_list("pk", flat=True))
    if calendar is not None and calendar.pk:
        calendars |= set(CalendarVersion.objects.filter(calendar=calendar).values_list("pk", flat=True))
    return About(frozenset(policies), frozenset(calendars))


def _unresolved() -> Any:
    return Ticket.objects.filter(status__in=UNRESOLVED_STATUSES)


def affected(pks: Iterable[int], rules: RuleSet, about: About) -> Iterator[Affected]:
    """Of some tickets those for which other versions hold than by `rules`, where the change is about them."""
    tickets = Ticket.objects.filter(pk__in=list(pks)).prefetch_related("tags").order_by("pk")
    if any("customer_tag" in version.asks for version in rules.versions):
        tickets = tickets.prefetch_related("requester__tags", "organization__tags")
    held = held_by([ticket.pk for ticket in tickets])
    for ticket in tickets:
        _version, wanted = rules.choose(ticket)
        has = held.get(ticket.pk, Held())
        if wanted != has and (about.is_about(wanted) or about.is_about(has)):
            yield Affected(ticket, has, wanted)


def held_by(pks: list[int]) -> dict[int, Held]:
    """Which versions hold for tickets, by their latest `sla.applied`; one query."""
    applied = Event.objects.filter(ticket__in=pks, kind="sla.applied").order_by("ticket_id", "-seq")
    rows = applied.distinct("ticket_id").values_list("ticket_id", "data")
    return {pk: Held(data.get("policy_version"), data.get("calendar_version")) for pk, data in rows}


# --- the job ------------------------------------------------------------------------------------------


def recompute_slice(job: Job) -> dict[str, Any] | None:
    """Apply the latest versions to the next tickets, each under its lock; the counts at the end."""
    rules = current_rules()
    policy = Policy.objects.filter(pk=job.arguments.get("policy", 0)).first()
    calendar = Calendar.objects.filter(pk=job.arguments.get("calendar", 0)).first()
    about = _about(policy, calendar, rules)
    if job.cursor is None:
        job.cursor, job.total = 0, _unresolved().count()
        job.memory = {"applied": 0, "changed": 0, "newly_late": 0, "faults": []}
    unresolved = _unresolved().filter(pk__gt=job.cursor).order_by("pk")
    pks = list(unresolved.values_list("pk", flat=True)[: SLICE * 10])
    if not pks:
        return dict(job.memory) | {"looked_at": job.done}
    touched = list(islice(affected(pks, rules, about), SLICE))
    for each in touched:
        _apply(job.memory, each.ticket, rules)
    # Tickets that the change is not about cost nothing; stop behind the last one that was worked on.
    last = touched[-1].ticket.pk if len(touched) == SLICE else pks[-1]
    job.done += sum(pk <= last for pk in pks)
    job.cursor = last
    return None


def _apply(memory: dict[str, Any], ticket: Ticket, rules: RuleSet) -> None:
    """One ticket, on its own: what is broken in one is noted and stops no other."""
    try:
        with transaction.atomic():
            ticket = lock(ticket)
            _version, wanted = rules.choose(ticket)
            if ticket.deleted_at or not ticket.is_unresolved or held_by([ticket.pk]).get(ticket.pk) == wanted:
                return
            before = _due_times(ticket)
            actions.apply_again(ticket, *wanted)
            memory["applied"] += 1
            for key, due_at in _due_times(ticket).items():
                memory["changed"] += due_at != before.get(key)
                memory["newly_late"] += _is_newly_late(before.get(key), due_at, timezone.now())
    except OperationalError:
        raise  # no fault of this ticket: the slice is done again
    except Exception:
        logger.exception("ticket %s could not be recomputed", ticket.pk)
        memory["faults"] = [*memory["faults"], ticket.pk][:1000]


def _due_times(ticket: Ticket) -> dict[tuple[str, int], datetime | None]:
    clocks = Clock.objects.filter(ticket=ticket, state=RUNNING)
    return {
        (metric, instance): due
        for metric, instance, due in clocks.values_list("metric", "instance", "due_at")
    }
