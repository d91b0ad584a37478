"""What a report is asked about. It lives in the address, so that a report can be kept, sent and reloaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from helpdesk.reports.periods import DEFAULT, PRESETS, Period, between, preset
from tickets.models import Channel, Priority

NOBODY = "none"
DIMENSIONS = ("team", "agent", "priority", "channel")
"""What a report can be narrowed to and split by."""
LINKED = ("organization", "tag")
"""What else it can be narrowed to: looked up by the ticket, and split by where a report does so."""
WEEKDAYS = tuple(map(str, range(1, 8)))
"""From Monday on (ISO 8601)."""
HOURS = tuple(map(str, range(24)))
WORDS = 200
"""Characters of what a comment is searched for."""
REASON = re.compile(r"[0-9]{1,9}\.[^\W.]{1,40}\.[^\0]{1,40}")
"""Survey, question and choice: see `helpdesk.reports.reasons`."""
CAUSE = re.compile(r"[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Filters:
    """One question. `basis` is working or calendar time; `by` says which date counts for the period.

    `weekday` and `hour` narrow it to rows whose instant fell there, on the clocks of `zone` ("": any).
    Of feedback, `words` stand in the comment, and `reason` was chosen (see `helpdesk.reports.reasons`). Of
    recovery cases, `cause` (its code) was found.
    """

    now: datetime
    zone: ZoneInfo
    preset: str = DEFAULT
    dates: Period | None = None
    team: str = ""
    agent: str = ""
    priority: str = ""
    channel: str = ""
    organization: str = ""
    basis: str = "working"
    by: str = ""
    split: str = "team"
    tag: str = ""
    weekday: str = ""
    hour: str = ""
    words: str = ""
    reason: str = ""
    cause: str = ""

    @cached_property
    def period(self) -> Period:
        return self.dates or preset(self.preset, self.now.astimezone(self.zone).date(), self.zone)

    @property
    def preset_words(self) -> str:
        """The period that was chosen by name, also where dates win over it."""
        return str(PRESETS[self.preset][0])

    @property
    def is_working(self) -> bool:
        return self.basis == "working"

    def narrowed(self, dimension: str, value: Any) -> Filters:
        """The same question about one value of a dimension (None: about nobody's)."""
        changes: dict[str, Any] = {dimension: NOBODY if value is None else str(value)}
        return replace(self, **changes)

    def of_everybody(self) -> Filters:
        """The same question about all: a round of recommendation has no ticket to narrow it to."""
        nothing: dict[str, Any] = dict.fromkeys((*DIMENSIONS, *LINKED, "weekday", "hour"), "")
        return replace(self, **nothing)

    def during(self, period: Period) -> Filters:
        return replace(self, dates=period)

    def query(self, **more: Any) -> str:
        """The question as a query string, defaults left out."""
        given = {**self._given, **{name: value for name, value in more.items() if value is not None}}
        return "?" + "&".join([f"{name}={_quoted(str(value))}" for name, value in given.items()])

    def given(self) -> dict[str, str]:
        """The question as names and values of a query string, defaults left out."""
        return dict(self._given)

    @cached_property
    def _given(self) -> dict[str, str]:
        given: dict[str, str] = {}
        if self.dates:
            given |= {"from": self.dates.first.isoformat(), "to": self.dates.last.isoformat()}
        elif self.preset != DEFAULT:
            given["period"] = self.preset
        for name in (*DIMENSIONS, *LINKED, "weekday", "hour", "by"):
            if getattr(self, name):
                given[name] = getattr(self, name)
        if self.basis != "working":
            given["basis"] = self.basis
        if self.split != "team":
            given["split"] = self.split
        if self.words:
            given["q"] = self.words
        if self.reason:
            given["reason"] = self.reason
        if self.cause:
            given["cause"] = self.cause
        return given

    def condition(self, **columns: str) -> Q:
        """The dimensions as a condition on rows whose columns are named, as in `team="ticket__team"`."""
        found = Q()
        for dimension, column in columns.items():
            value = getattr(self, dimension)
            if value:
                found &= Q(**{f"{column}__isnull": True}) if value == NOBODY else Q(**{column: value})
        return found


@lru_cache(maxsize=500)
def _quoted(value: str) -> str:
    return quote_plus(value)


def read(
    params: Mapping[str, str],
    now: datetime,
    *,
    by: tuple[str, ...] = (),
    splits: tuple[str, ...] = DIMENSIONS,
) -> Filters:
    """The question in an address. What makes no sense is left out, so an old or mistyped link still opens.

    `by` names the dates that this report can count by, the default first; `splits` by what it
    can be split.
    """
    zone = timezone.get_current_timezone()
    return Filters(
        now=now,
        zone=zone,
        preset=_one_of(params.get("period"), PRESETS) or DEFAULT,
        dates=between(params.get("from", ""), params.get("to", ""), zone),
        team=_number(params.get("team")),
        agent=_number(params.get("agent"), NOBODY),
        priority=_one_of(params.get("priority"), {str(value) for value in Priority.values}),
        channel=_one_of(params.get("channel"), set(Channel.values)),
        organization=_number(params.get("organization"), NOBODY),
        tag=_number(params.get("tag"), NOBODY),
        weekday=_one_of(params.get("weekday"), WEEKDAYS),
        hour=_one_of(params.get("hour"), HOURS),
        basis=_one_of(params.get("basis"), {"working", "calendar"}) or "working",
        by="" if by and params.get("by") == by[0] else _one_of(params.get("by"), by),
        split=_one_of(params.get("split"), splits) or "team",
        words=" ".join(params.get("q", "").replace("\0", "").split())[:WORDS],
        cause=cause if CAUSE.fullmatch(cause := params.get("cause", "")) else "",
        reason=reason if REASON.fullmatch(reason := params.get("reason", "")) else "",
    )


def _one_of(value: str | None, allowed: Any) -> str:
    return value if value is not None and value in allowed else ""


def _number(value: str | None, *others: str) -> str:
    if not value or value in others:
        return value or ""
    return value if value.isascii() and value.isdigit() and len(value) < 18 else ""
