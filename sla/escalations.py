"""Whom a policy tells of a promise, when, and what is done about it: its levels of escalation. Pure.

    {"first_response": [
        {"percent": -25, "tell": ["assignee"]},
        {"seconds": 0, "tell": ["assignee", "team_lead"]},
        {"seconds": 3600, "tell": ["supervisor", "address:duty@acme.example"], "urgent": true,
         "actions": [{"raise_priority": 4}, {"assign": 5}, {"move": 2}, {"tag": "late"}]}]}

A level lies a share of the target (`percent`, -100 to 0) or some `seconds` before the due time, at it (0), or
some seconds after it; all of it in the target's own basis, working or calendar time. It falls once for each
clock instance. A level is known by its place (`Level.name`), so that it is the same level under another
version of the policy. A metric that is left out has the default levels: at the policy's warning and at the
due time, both told to the assignee. An empty list tells nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from sla.errors import PolicyError

if TYPE_CHECKING:
    from sla.measure import Reading, Span
    from sla.rules import Lead

ZERO = timedelta(0)
ROLES = ("assignee", "team", "team_lead", "supervisor")
ADDRESS = "address:"
STEPS = ("raise_priority", "assign", "move", "tag")
MOST_LEVELS = 20
FARTHEST = timedelta(days=5 * 366)


@dataclass(frozen=True)
class Level:
    """One level. `percent` (of the target, negative) or, where that is None, `offset` places it around the
    due time. `tell` are roles or "address:…", `steps` pairs of what to do and its value."""

    percent: int | None = None
    offset: timedelta = ZERO
    tell: tuple[str, ...] = ()
    steps: tuple[tuple[str, Any], ...] = ()
    urgent: bool = False

    @property
    def name(self) -> str:
        """Its place, as events record it: "-25%", "-900", "0", "3600"."""
        return f"{self.percent}%" if self.percent is not None else str(int(self.offset.total_seconds()))

    @property
    def is_before(self) -> bool:
        """Lies before the due time."""
        return self.percent is not None or self.offset < ZERO


@cache
def default_levels(warning: Lead) -> tuple[Level, ...]:
    """What a metric has for which the policy names none: its warning and its due time, for the assignee."""
    due = Level(tell=("assignee",))
    if warning.lead is not None:
        before = Level(offset=-warning.lead, tell=("assignee",))
    else:
        before = Level(percent=-warning.percent, tell=("assignee",))
    return (before, due) if warning.lead or (warning.lead is None and warning.percent) else (due,)


# --- when a level falls --------------------------------------------------------------------------------


def fall_at(level: Level, reading: Reading, *, at_opening: bool = False) -> datetime | None:
    """The instant at which a level falls for a clock as it runs now; None while it is not running or owes
    nothing. `at_opening` is the policy's choice for instants that lie on closing time.

    Before the due time: when no more than the lead is left of the running stretch, at the earliest when that
    stretch began. After it: when that much time of the target's basis has run since; paused time does not
    count.
    """
    if reading.state != "running" or reading.due_at is None or not reading.spans:
        return None
    span, due_at = reading.spans[-1], reading.due_at
    working = reading.target.working if reading.target else True
    if level.is_before:
        left = _between(span, span.start, due_at, working)
        lead = _lead(level, reading.target.amount if reading.target else left)
        return min(_ahead(span, span.start, max(left - lead, ZERO), working, at_opening), due_at)
    if not level.offset:
        return due_at
    # A deadline set by hand holds whatever the status: all time counts after it.
    spans = [each for each in reading.spans[:-1] if each.running or reading.by_hand is not None]
    run = sum((_run_since(each, due_at, working) for each in spans), ZERO)
    return _ahead(span, max(due_at, span.start), max(level.offset - run, ZERO), working, at_opening)


def _lead(level: Level, amount: timedelta) -> timedelta:
    wanted = -amount * level.percent / 100 if level.percent is not None else -level.offset
    return min(wanted, amount)


def _between(span: Span, start: datetime, end: datetime, working: bool) -> timedelta:
    if end <= start:
        return ZERO
    return span.calendar.between(start, end) if working else end - start


def _run_since(span: Span, since: datetime, working: bool) -> timedelta:
    """What a finished stretch ran after an instant."""
    return _between(span, max(span.start, since), span.end or span.start, working)


def _ahead(span: Span, at: datetime, amount: timedelta, working: bool, at_opening: bool) -> datetime:
    if not working:
        return at + amount
    if not amount:
        return at
    reached = span.calendar.add(at, amount)
    return span.calendar.next_open(reached) if at_opening else reached


# --- reading a policy ----------------------------------------------------------------------------------


def parse_levels(value: Any) -> tuple[Level, ...]:
    """Check one metric's levels; they come back as shares, leads, overruns. Raises `PolicyError`."""
    if not isinstance(value, list):
        raise PolicyError(_("Escalation levels are a list."))
    if len(value) > MOST_LEVELS:
        raise PolicyError(_("A clock has at most %(count)d escalation levels.") % {"count": MOST_LEVELS})
    levels = [_level(each) for each in value]
    names = [level.name for level in levels]
    if twice := {name for name in names if names.count(name) > 1}:
        raise PolicyError(_("The escalation level “%(name)s” is given twice.") % {"name": min(twice)})
    return tuple(sorted(levels, key=_order))


def _order(level: Level) -> tuple[bool, bool, int, timedelta]:
    return not level.is_before, level.percent is None, level.percent or 0, level.offset


def _level(value: Any) -> Level:
    if not isinstance(value, Mapping):
        raise PolicyError(_("An escalation level says when, whom to tell and what to do."))
    if unknown := set(value) - {"percent", "seconds", "tell", "actions", "urgent"}:
        raise PolicyError(_("“%(name)s” is not a part of an escalation level.") % {"name": min(unknown)})
    urgent = value.get("urgent", False)
    if not isinstance(urgent, bool):
        raise PolicyError(_("An escalation level is urgent or not."))
    tell, steps = _tell(value.get("tell") or []), _steps(value.get("actions") or [])
    if not tell and not steps:
        raise PolicyError(_("An escalation level tells somebody or does something."))
    percent, offset = _place(value)
    return Level(percent, offset, tell, steps, urgent)


def _place(value: Mapping[str, Any]) -> tuple[int | None, timedelta]:
    if ("percent" in value) == ("seconds" in value):
        raise PolicyError(_("An escalation level lies some percent or some seconds from the due time."))
    if "percent" in value:
        percent = value["percent"]
        if not _is_whole(percent) or not -100 <= percent <= 0:
            raise PolicyError(_("A share of the target lies between 0 and 100 percent before the due time."))
        return percent or None, ZERO
    seconds = value["seconds"]
    if not _is_whole(seconds) or abs(timedelta(seconds=seconds)) > FARTHEST:
        raise PolicyError(_("An escalation level lies at most 5 years from the due time."))
    return None, timedelta(seconds=seconds)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**40


def _tell(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise PolicyError(_("Whom an escalation level tells is a list."))
    for who in value:
        if not isinstance(who, str) or (who not in ROLES and not who.startswith(ADDRESS)):
            raise PolicyError(_("“%(name)s” is nobody an escalation level can tell.") % {"name": who})
        if who.startswith(ADDRESS):
            _check_address(who.removeprefix(ADDRESS))
    return tuple(dict.fromkeys(who.lower() for who in value))


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise PolicyError(_("“%(address)s” is not an email address.") % {"address": address}) from error


def _steps(value: Any) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, list):
        raise PolicyError(_("What an escalation level does is a list."))
    return tuple(_step(each) for each in value)


def _step(value: Any) -> tuple[str, Any]:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise PolicyError(_("Each action of an escalation level is one thing to do."))
    ((name, given),) = value.items()
    if name not in STEPS:
        raise PolicyError(_("“%(name)s” is nothing an escalation level can do.") % {"name": name})
    if name == "tag":
        if not isinstance(given, str) or not given.strip() or len(given) > 50:
            raise PolicyError(_("A tag has 1 to 50 characters."))
        return name, given.strip().lower()
    if not _is_whole(given) or given < 1 or (name == "raise_priority" and not 2 <= given <= 4):
        raise PolicyError(
            _("An escalation level raises the priority to normal, high or urgent.")
            if name == "raise_priority"
            else _("Choose to whom an escalation level gives the ticket.")
        )
    return name, given
