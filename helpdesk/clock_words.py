"""A clock's ledger in words: one sentence, and a line for each stretch of its life. For desk and API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from helpdesk.times import clock_time, duration, near
from helpdesk.words import PRIORITY_WORDS
from helpdesk.words import gettext as _
from sla import ledger
from sla.measure import CANCELLED, FULFILLED, PAUSED, ZERO, Reading
from sla.queries import Version, Versions, versions
from sla.rules import Target
from tickets.models import Event

METRIC_WORDS = {
    "first_response": gettext_lazy("First reply"),
    "next_response": gettext_lazy("Reply"),
    "periodic_update": gettext_lazy("Update"),
    "requester_wait": gettext_lazy("Total wait"),
    "agent_work": gettext_lazy("Total work"),
    "resolution": pgettext_lazy("clock", "Resolve"),
    "total_resolution": gettext_lazy("Final resolve"),
    "recovery_contact": gettext_lazy("Contact after a low score"),
}
PAUSE_WORDS = {
    "new": gettext_lazy("new"),
    "open": gettext_lazy("open"),
    "waiting": gettext_lazy("customer"),
    "on_hold": gettext_lazy("on hold"),
    "resolved": gettext_lazy("resolved"),
    "deleted": gettext_lazy("deleted"),
}
DEEDS = {
    "ticket.opened": gettext_lazy("%(name)s opened the ticket"),
    "ticket.replied": gettext_lazy("%(name)s answered"),
    "ticket.carried": gettext_lazy("%(name)s answered"),
    "ticket.set_waiting": gettext_lazy("%(name)s set it to waiting"),
    "ticket.put_on_hold": gettext_lazy("%(name)s put it on hold"),
    "ticket.set_open": gettext_lazy("%(name)s took it up"),
    "ticket.resolved": gettext_lazy("%(name)s resolved it"),
    "ticket.reopened": gettext_lazy("%(name)s reopened it"),
    "ticket.closed": gettext_lazy("%(name)s closed it"),
    "ticket.deleted": gettext_lazy("%(name)s deleted it"),
    "ticket.restored": gettext_lazy("%(name)s brought it back"),
    "ticket.moved": gettext_lazy("%(name)s moved it to another team"),
    "case.opened": gettext_lazy("A recovery case was opened"),
    "case.contacted": gettext_lazy("%(name)s was in contact with the customer"),
    "case.closed": gettext_lazy("The recovery case was closed"),
    "sla.deadline_set": gettext_lazy("%(name)s set the due time"),
    "sla.deadline_released": gettext_lazy("%(name)s let the policy decide again"),
}

_SAYS_THE_PAUSE = frozenset({"ticket.set_waiting", "ticket.put_on_hold", "ticket.resolved", "ticket.closed"})


@dataclass
class Sources:
    """The versions and events that some ledgers speak of, by id and by sequence number."""

    policies: Mapping[int, Version]
    calendars: Mapping[int, Version]
    events: Mapping[int, Event]


def sources_of(readings: Iterable[Reading], events: Iterable[Event], known: Versions = ({}, {})) -> Sources:
    """Read what the ledgers of these readings name: one query, whatever their number; none where all versions
    are `known`."""
    spans = [span for reading in readings for span in reading.spans]
    policies = {span.policy_version for span in spans if span.policy_version is not None} - known[0].keys()
    calendars = {span.calendar_version for span in spans if span.calendar_version is not None}
    calendars -= known[1].keys()
    found = versions(policies, calendars) if policies or calendars else ({}, {})
    by_number = {event.seq: event for event in events if event.seq}
    return Sources(known[0] | found[0], known[1] | found[1], by_number)


def time_words(amount: timedelta, *, working: bool) -> str:
    """Working time keeps counting hours, calendar time folds them into days."""
    return duration(amount, days=not working)


def target_words(target: Target) -> str:
    words = {"time": time_words(target.amount, working=target.working)}
    return (_("%(time)s of working time") if target.working else _("%(time)s")) % words


def actor_words(event: Event) -> str:
    return event.actor.first_name if event.actor else _("The system")


def cause(event: Event | None, sources: Sources) -> str:
    """Who did what, as the beginning of a line; "" for what needs no word."""
    if event is None:
        return ""
    words = {"name": actor_words(event)}
    if _customer_wrote(event):
        return _("%(name)s wrote") % words
    if event.kind == "ticket.prioritized":
        words["priority"] = str(PRIORITY_WORDS.get(event.data["priority"][1], "?"))
        return _("%(name)s set the priority to %(priority)s") % words
    if event.kind == "sla.applied":
        version = sources.policies.get(event.data.get("policy_version") or 0)
        if version is None:
            return _("No policy from here")
        words = {"policy": version.name, "number": str(version.number)}
        return _("%(policy)s, version %(number)s, from here") % words
    return str(DEEDS[event.kind]) % words if event.kind in DEEDS else ""


def _customer_wrote(event: Event) -> bool:
    """Their word, or the move that it brought about."""
    if event.kind == "ticket.opened":
        return event.data.get("spoke_first") == "customer" and bool(event.data.get("message"))
    if event.kind in ("ticket.replied", "ticket.carried"):
        return event.data["by"] == "customer"
    is_move = event.kind in ("ticket.set_open", "ticket.reopened")
    return is_move and event.actor is not None and not event.actor.is_member


def stretch_words(one: ledger.Stretch, told: ledger.Ledger, sources: Sources) -> str:
    """What one stretch was: who began it, whether it counted and to when."""
    event = sources.events.get(one.seq or 0)
    began, what = cause(event, sources), _what(one, told)
    if one.kind == ledger.WAITED and began and event is not None and event.kind in _SAYS_THE_PAUSE:
        what = _("paused, not counted")
    return _("%(began)s: %(what)s") % {"began": began, "what": what} if began else capfirst(what)


def _what(one: ledger.Stretch, told: ledger.Ledger) -> str:
    until = {"time": clock_time(one.end, told.now)}
    if one.kind == ledger.CLOSED:
        if one.holiday:
            return _("closed: %(day)s, not counted") % {"day": one.holiday}
        if told.reading.is_open and one.end == told.now:
            return _("closed to now, not counted")
        if one.reason == "night":
            return _("closed overnight, not counted")
        return _("closed to %(time)s, not counted") % until
    if one.kind == ledger.WAITED:
        return _("paused (%(reason)s), not counted") % {"reason": PAUSE_WORDS.get(one.reason, one.reason)}
    if one.kind == ledger.OVER:
        return _("past the due time, still counting") if told.reading.is_open else _("past the due time")
    if one.end == told.reading.due_at:
        return _("counted to the due time")
    if told.reading.is_open and one.end == told.now:
        return _("counted to now")
    return _("counted to %(time)s") % until


# --- the sentence -------------------------------------------------------------------------------------


def hand_words(reading: Reading, sources: Sources) -> str:
    """Who set the due time, where somebody did."""
    if reading.by_hand is None:
        return ""
    event = sources.events.get(reading.by_hand.seq or 0)
    by_person = event is not None and event.actor is not None
    name = actor_words(event) if event and by_person else _("the system")
    return _("set by hand by %(name)s") % {"name": name}


def sentence(told: ledger.Ledger, sources: Sources) -> str:
    """Why the clock reads what it reads: "Due Mon 09:30: 1 h of working time from Fri 16:30, closed Fri 17:00
    to Mon 09:00"."""
    reading, now = told.reading, told.now
    words = {
        "due": clock_time(reading.due_at, now) if reading.due_at else "",
        "start": clock_time(reading.started_at, now),
        "used": time_words(told.consumed, working=_is_working(reading)),
        "target": target_words(reading.target) if reading.target else "",
        "by": hand_words(reading, sources),
    }
    if reading.state == CANCELLED:
        return _("Not counted: the ticket was settled before the promise was kept.")
    if reading.state == FULFILLED:
        return _ended(told, words)
    is_over = reading.due_at is not None and reading.due_at < now
    if reading.by_hand is not None:
        words["when"] = near(reading.by_hand.set_at, now)
        if is_over:
            return _("Was due %(due)s: %(by)s (%(when)s).") % words
        return _("Due %(due)s: %(by)s (%(when)s); nothing but a person’s word moves it.") % words
    if reading.target is None:
        return _("Nothing was promised: measured from %(start)s, %(used)s so far.") % words
    if reading.state == PAUSED:
        words |= {
            "since": clock_time(reading.paused_at, now) if reading.paused_at else "",
            "reason": str(PAUSE_WORDS.get(reading.pause_reason, reading.pause_reason)),
            "left": time_words(told.remaining or ZERO, working=_is_working(reading)),
        }
        return _("Paused since %(since)s: %(reason)s. %(left)s of %(target)s are left.") % words
    due = (
        _("Was due %(due)s: %(target)s from %(start)s")
        if is_over
        else (_("Due %(due)s: %(target)s from %(start)s"))
    )
    return due % words + "".join(_left_out(told)) + "."


def _ended(told: ledger.Ledger, words: dict[str, str]) -> str:
    words["stop"] = clock_time(told.ended_at, told.now)
    if told.reading.breached_at is not None:
        words["was"] = clock_time(told.reading.breached_at, told.now)
        return _("Missed: due %(was)s, done %(stop)s after %(used)s.") % words
    if told.reading.by_hand is not None:
        return _("Met: done %(stop)s, due %(due)s, %(by)s.") % words
    if told.reading.target is None:
        return _("Nothing was promised: done %(stop)s after %(used)s.") % words
    return _("Met: done %(stop)s after %(used)s of %(target)s.") % words


def _is_working(reading: Reading) -> bool:
    return reading.target is None or reading.target.working


def _left_out(told: ledger.Ledger) -> list[str]:
    """What moved the due time: pauses, closed hours, other targets before."""
    reading, found = told.reading, []
    targets = {span.target for span in reading.spans}
    if len(targets) > 1:
        found.append(_(", with what was used under another target"))
    paused = sum((one.spent for one in told.stretches if one.kind == ledger.WAITED), ZERO)
    if paused:
        found.append(_(", %(time)s paused") % {"time": duration(paused)})
    if not _is_working(reading) or reading.due_at is None:
        return found
    closed = ledger.closed_before(reading, reading.due_at)
    if len(closed) == 1:
        words = {"from": clock_time(closed[0].start, told.now), "to": clock_time(closed[0].end, told.now)}
        found.append(_(", closed %(from)s to %(to)s") % words)
    elif len(closed) > ledger.MOST_STRETCHES:
        return [*found, _(", with closed hours in between")]
    elif closed:
        times = ngettext(", closed %(n)d time in between", ", closed %(n)d times in between", len(closed))
        found.append(times % {"n": len(closed)})
    holidays = ", ".join(dict.fromkeys(one.holiday for one in closed if one.holiday))
    if holidays:
        found.append(f" ({holidays})")
    return found
