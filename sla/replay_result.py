"""What a replayed timeline says, under the names that its source uses, and what our own rules read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sla.calendar import WorkingCalendar
from sla.measure import CANCELLED, FULFILLED, PAUSED, RUNNING, ZERO, Reading
from sla.rules import METRICS, Rules

_MINUTE = timedelta(minutes=1)
_NAMES = ("first_response", "next_response", "resolution")
_SEVERAL = ("next_response", "periodic_update")


@dataclass
class Lives:
    """A case, its dated lines and the readings that the engine made of them."""

    case: Mapping[str, Any]
    calendar: WorkingCalendar
    lines: list[dict[str, Any]]
    rules: Rules | None = None
    readings: list[Reading] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return max(line["at"] for line in self.lines)

    def of(self, metric: str) -> list[Reading]:
        return [reading for reading in self.readings if reading.metric == metric]

    def last(self, metric: str) -> Reading | None:
        found = self.of(metric)
        return found[-1] if found else None

    def said_at(self, *kinds: str) -> datetime | None:
        return max((line["at"] for line in self.lines if line["what"] in kinds), default=None)


def stated(lives: Lives) -> dict[str, Any]:
    """The names of the case's product with our values."""
    semantics = lives.case["semantics"]
    if semantics == "frappe":
        return _frappe(lives)
    if semantics == "chatwoot":
        return _chatwoot(lives)
    return _zammad(lives, keeps_deadline=semantics == "zammad-2020")


def ours(lives: Lives) -> dict[str, Any]:
    """The product's default reading of each metric."""
    return {metric: _our_metric(lives, metric) for metric in METRICS}


def _our_metric(lives: Lives, metric: str) -> dict[str, Any]:
    instances = [_our_reading(reading, lives.now) for reading in lives.of(metric)]
    if not instances:
        names = ("started_at", "due_at", "stopped_at", "breached_at", "elapsed_working_min")
        return {"state": "inactive", **dict.fromkeys(names), "elapsed_calendar_min": None}
    return {**instances[-1], "instances": instances} if metric in _SEVERAL else instances[-1]


def _our_reading(reading: Reading, now: datetime) -> dict[str, Any]:
    return {
        "state": reading.state,
        "started_at": reading.started_at,
        "due_at": reading.due_at,
        "stopped_at": reading.stopped_at,
        "breached_at": reading.breached_at,
        "elapsed_working_min": reading.elapsed(now, working=True) / _MINUTE,
        "elapsed_calendar_min": reading.elapsed(now, working=False) / _MINUTE,
    }


# --- Zammad -------------------------------------------------------------------------------------------


def _zammad(lives: Lives, *, keeps_deadline: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    in_force = []
    for metric, name in zip(_NAMES, ("first_response", "update", "close"), strict=True):
        last = lives.last(metric)
        running = last.due_at if last and last.state == RUNNING else None
        in_force.append(running)
        kept = _kept_deadline(last) if keeps_deadline else running
        result[f"{name}_escalation_at"] = kept
        taken = _longest(lives.of(metric)) if lives.rules else None
        target = last.target if last else None
        minutes = taken // _MINUTE if taken is not None and target else None
        result[f"{name}_in_min"] = minutes
        result[f"{name}_diff_in_min"] = (
            target.amount // _MINUTE - minutes if target and minutes is not None else None
        )
    result["escalation_at"] = min((due for due in in_force if due), default=None)
    result |= _contacts(lives)
    return result | _asked(lives)


def _kept_deadline(reading: Reading | None) -> datetime | None:
    """The deadline as a product shows it that keeps it after it is met and while the clock is paused."""
    if reading is None or reading.state != PAUSED or reading.target is None:
        return reading.due_at if reading else None
    if reading.breached_at:
        return reading.breached_at
    span = reading.spans[-1]
    due = span.calendar.add(span.start, reading.remaining(span.start) or ZERO)
    return span.calendar.next_open(due)


def _longest(readings: list[Reading]) -> timedelta | None:
    return max((each.elapsed_working for each in readings if each.state == FULFILLED), default=None)


def _contacts(lives: Lives) -> dict[str, Any]:
    customer = lives.said_at("customer_message", "customer_contact_recorded")
    agent = lives.said_at("agent_message", "agent_contact_recorded")
    first, close = lives.last("first_response"), lives.last("resolution")
    return {
        "first_response_at": first.stopped_at if first else None,
        "close_at": close.stopped_at if close else None,
        "last_contact_customer_at": customer,
        "last_contact_agent_at": agent,
        "last_contact_at": max((at for at in (customer, agent) if at), default=None),
        "article_count": sum(
            line["what"] in ("customer_message", "agent_message", "agent_note") for line in lives.lines
        ),
    }


def _asked(lives: Lives) -> dict[str, Any]:
    """Questions that a case asks about a stretch of the ticket's life, with its pauses left out."""
    expected, reading = lives.case.get("expected") or {}, lives.last("resolution")
    result: dict[str, Any] = {}
    if reading is None:
        return result
    if asked := expected.get("working_minutes"):
        start, end = (datetime.fromisoformat(asked[name].replace("Z", "+00:00")) for name in ("from", "to"))
        spent = sum(
            (
                lives.calendar.between(max(span.start, start), min(span.end or end, end))
                for span in reading.spans
                if span.running and max(span.start, start) < min(span.end or end, end)
            ),
            ZERO,
        )
        result["working_minutes"] = {**asked, "minutes": spent / _MINUTE}
    if asked := expected.get("destination_time"):
        at = datetime.fromisoformat(asked["start"].replace("Z", "+00:00"))
        result["destination_time"] = {
            **asked,
            "at": _ahead(reading, lives.calendar, at, timedelta(minutes=asked["span_min"])),
        }
    return result


def _ahead(reading: Reading, calendar: WorkingCalendar, at: datetime, span: timedelta) -> datetime:
    for pause in reading.spans:
        if pause.running or pause.end is None or pause.end <= at:
            continue
        before = calendar.between(at, max(pause.start, at))
        if span <= before:
            break
        span, at = span - before, pause.end
    return calendar.add(at, span)


# --- Frappe -------------------------------------------------------------------------------------------


def _frappe(lives: Lives) -> dict[str, Any]:
    first, resolution = lives.last("first_response"), lives.last("resolution")
    held = ZERO
    for span in resolution.spans if resolution else []:
        if not span.running and span.end is not None:
            held += lives.calendar.between(span.start, span.end)
    return {
        "first_response_due": _plain_deadline(first),
        "resolution_due": _plain_deadline(resolution),
        "status": _frappe_status(lives, first, resolution),
        "first_response_time_seconds": _seconds(first),
        "resolution_time_seconds": _seconds(resolution),
        "first_response_late_seconds": first.overrun(lives.now) // timedelta(seconds=1) if first else None,
        "resolution_late_seconds": resolution.overrun(lives.now) // timedelta(seconds=1)
        if resolution
        else None,
        "total_hold_seconds": held // timedelta(seconds=1),
    }


def _plain_deadline(reading: Reading | None) -> datetime | None:
    if reading is None or reading.state != PAUSED or reading.target is None:
        return reading.due_at if reading else None
    span = reading.spans[-1]
    return reading.breached_at or span.calendar.add(span.start, reading.remaining(span.start) or ZERO)


def _seconds(reading: Reading | None) -> int | None:
    if reading is None or reading.state != FULFILLED:
        return None
    return reading.elapsed_working // timedelta(seconds=1)


def _frappe_status(lives: Lives, first: Reading | None, resolution: Reading | None) -> str:
    if any(reading.breached_at for reading in (first, resolution) if reading):
        return "failed"
    if resolution is not None and resolution.state == FULFILLED:
        return "fulfilled"
    if resolution is not None and resolution.state == PAUSED:
        return "paused"
    return "first_response_due" if first is not None and first.is_open else "resolution_due"


# --- Chatwoot -----------------------------------------------------------------------------------------


def _chatwoot(lives: Lives) -> dict[str, Any]:
    counts = {metric: sum(bool(each.breached_at) for each in lives.of(metric)) for metric in _NAMES}
    missed = [metric for metric in _NAMES if counts[metric]]
    resolution = lives.last("resolution")
    if resolution is not None and resolution.state in (FULFILLED, CANCELLED):
        status = "missed" if missed else "hit"
    else:
        status = "active_with_misses" if missed else "active"
    return {
        "status": status,
        "missed": missed,
        "missed_includes": missed,
        "missed_counts": counts,
    }
