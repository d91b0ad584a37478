"""Trying rules on the past: the same events, folded once as they were promised and once under a draft.

Nothing is written. The draft takes the place of versions in the rule book, and the choice of a policy is made
again at every event at which it was made then: at the opening and when team, priority, type or tags changed.
Where a draft makes no difference to that choice, the ticket keeps the versions that it really had.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DatabaseError

from sla.actions.clocks import ASKED
from sla.book import BOOK
from sla.clockwork import Heard
from sla.drafts import Held, RuleSet, current_rules, with_drafts
from sla.matching import matches
from sla.measure import RuleBook, measure
from sla.metrics import RELEVANT
from sla.models import Calendar, CalendarVersion, Policy, PolicyVersion
from sla.tally import Tally
from tickets.models import Event, Job, Tag, Ticket

logger = logging.getLogger(__name__)

BATCH = 100
SLICE_SECONDS = 1.0
HEARD = RELEVANT | {"ticket.opened", *ASKED}


@dataclass
class Simulation:
    """Rules to try, and what is known of the versions that held. Made once for many tickets."""

    rules: RuleSet
    today: RuleSet
    zone: ZoneInfo
    now: datetime
    book: RuleBook = field(init=False)

    def __post_init__(self) -> None:
        self.book = self.rules.book

    @cached_property
    def tags(self) -> dict[int, str]:
        return dict(Tag.objects.values_list("pk", "name"))

    @cached_property
    def customer_tags(self) -> dict[tuple[str, int], set[str]]:
        """The tags of people ("requester") and of organisations, as they are now: their past is not kept.
        Empty where no policy asks for them."""
        found: dict[tuple[str, int], set[str]] = {}
        if not any("customer_tag" in each.asks for each in (*self.rules.versions, *self.today.versions)):
            return found
        for name, field_name in (("requester", "people"), ("organization", "organizations")):
            pairs = Tag.objects.filter(**{f"{field_name}__isnull": False}).values_list(field_name, "name")
            for pk, tag in pairs:
                found.setdefault((name, pk), set()).add(tag)
        return found

    @cached_property
    def calendar_of_version(self) -> dict[int, int]:
        return dict(CalendarVersion.objects.values_list("pk", "calendar_id"))

    def override(self, known: dict[str, set[Any]]) -> Held | None:
        """What would hold for a ticket of which this is known; None if the draft leaves it as it was."""
        would = _first(self.rules.versions, known)
        if would is not None and would.pk in self.rules.drafts:
            return self.rules.held_by(would)
        was = _first(self.today.versions, known)
        same = (would.policy_id if would else None) == (was.policy_id if was else None)
        return None if same else self.rules.held_by(would)

    def recorded(self, data: Any) -> Held:
        """What was applied then, with the draft of its calendar in place."""
        version = data.get("calendar_version")
        drafted = self.rules.calendars.get(self.calendar_of_version.get(version, 0))
        if drafted in self.rules.draft_calendars:
            version = drafted
        return Held(data.get("policy_version"), version)


def _first(versions: list[PolicyVersion], known: dict[str, set[Any]]) -> PolicyVersion | None:
    return next((version for version in versions if matches(version.conditions, known)), None)


def rewritten(events: list[Heard], simulation: Simulation) -> Iterator[Heard]:
    """A ticket's events as they would have been recorded under the simulation's rules."""
    known: dict[str, set[Any]] = {}
    held, recorded = None, Held()
    for index, event in enumerate(events):
        if event.kind == "sla.applied":
            recorded = simulation.recorded(event.data)
        else:
            if event.kind in RELEVANT:
                yield event
            if not _learn(known, event, simulation):
                continue
            following = events[index + 1] if index + 1 < len(events) else None
            if following and following.kind == "sla.applied" and following.at == event.at:
                continue  # what was applied in answer to this event stands next
        wanted = simulation.override(known) or recorded
        if wanted != held:
            held = wanted
            yield event._replace(kind="sla.applied", data=wanted._asdict(), actor_id=None)


def _learn(known: dict[str, set[Any]], event: Heard, simulation: Simulation) -> bool:
    """Note what an event says about which policy is asked. False where it says nothing."""
    if event.kind == "ticket.opened":
        for name in ("team", "organization", "channel", "type", "priority"):
            value = event.data.get(name)
            known[name] = set() if value is None else {value}
        known["tag"] = set()
        owners = {name: event.data.get(name) or 0 for name in ("requester", "organization")}
        known["customer_tag"] = _tags_of(owners, simulation)
        return True
    if event.kind not in ASKED:
        return False
    if event.kind == "ticket.requester_changed":
        owners = {name: event.data[name][1] or 0 for name in ("requester", "organization")}
        known["organization"] = {owners["organization"]} - {0}
        known["customer_tag"] = _tags_of(owners, simulation)
        return True
    (name,) = ASKED[event.kind]
    if name == "tag":
        tag = {simulation.tags.get(event.data["tag"], "")}
        old = known.get("tag", set())
        known["tag"] = old | tag if event.kind == "ticket.tagged" else old - tag
    else:
        known[name] = {event.data[name][1]}
    return True


def _tags_of(owners: dict[str, int], simulation: Simulation) -> set[str]:
    return set().union(*(simulation.customer_tags.get(owner, set()) for owner in owners.items()))


def tickets_between(since: datetime, until: datetime) -> Any:
    """The tickets that a simulation is about: opened from `since` to before `until`."""
    return Ticket.objects.filter(opened_at__gte=since, opened_at__lt=until)


def count(pks: Iterable[int], simulation: Simulation) -> Tally:
    """Fold some tickets both ways. What is broken in one is noted and stops no other."""
    tally = Tally()
    for ticket_id, events in _events_of(pks):
        try:
            before = measure(events, BOOK, simulation.now)
            after = measure(rewritten(events, simulation), simulation.book, simulation.now)
        except DatabaseError:
            raise  # no fault of this ticket
        except Exception:
            logger.exception("ticket %s could not be simulated", ticket_id)
            tally.faults.append(ticket_id)
        else:
            tally.add(ticket_id, before, after, simulation.zone)
    return tally


def _events_of(pks: Iterable[int]) -> Iterator[tuple[int, list[Heard]]]:
    events = Event.objects.filter(ticket__in=list(pks), kind__in=HEARD).order_by("ticket_id", "seq")
    rows = map(Heard._make, events.values_list(*Heard._fields))
    for ticket_id, group in groupby(rows, key=lambda event: event.ticket_id):
        yield ticket_id, list(group)


# --- drafts as arguments, and the job -----------------------------------------------------------------


def simulation_of(arguments: dict[str, Any]) -> Simulation:
    """The simulation that a job's arguments describe (`sla.actions.simulate` says which there are)."""
    given = arguments.get("policies") or []
    saved = Policy.objects.in_bulk([draft["policy"] for draft in given if draft.get("policy")])
    drafts = [(saved.get(draft.get("policy") or 0) or _new(draft), draft["spec"]) for draft in given]
    calendar = Calendar.objects.filter(pk=arguments.get("calendar") or 0).first()
    spec = arguments.get("calendar_spec")
    today = current_rules()
    if not drafts and spec is None:  # the rules as they stand, as if they had always held
        drafts = [(version.policy, version.spec) for version in today.versions]
    rules = with_drafts(drafts, calendar=calendar, calendar_spec=spec)
    now = datetime.fromisoformat(arguments["now"])
    return Simulation(rules, today, ZoneInfo(arguments.get("zone") or "UTC"), now)


def _new(draft: dict[str, Any]) -> Policy | None:
    """A policy that does not exist yet, if it is said where it would be asked."""
    position = draft.get("position")
    return None if position is None else Policy(name="", position=position)


def simulate_slice(job: Job) -> dict[str, Any] | None:
    """Count the next tickets of the period, for about a second; the result at the end."""
    asked = job.arguments
    tickets = tickets_between(*(datetime.fromisoformat(asked[name]) for name in ("since", "until")))
    if job.cursor is None:
        job.cursor, job.total, job.memory = 0, tickets.count(), {}
    simulation, tally = simulation_of(asked), Tally(**job.memory)
    stops_at = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < stops_at:
        pks = list(tickets.filter(pk__gt=job.cursor).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not pks:
            return tally.result()
        tally.merge(count(pks, simulation))
        job.cursor, job.done = pks[-1], job.done + len(pks)
    job.memory = tally.as_json()
    return None
