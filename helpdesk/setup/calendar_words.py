"""Calendars in words: the week in a few lines, and who counts in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from helpdesk.setup.policy_words import Listed
from sla import queries
from sla.calendar_spec import DAY, CalendarSpec, Range
from sla.models import Calendar, CalendarVersion


@dataclass
class ListedCalendar:
    """A calendar as the list shows it; `users` are the names of the policies that count in it."""

    calendar: Calendar
    version: CalendarVersion
    week: list[tuple[str, str]]
    users: list[str] = field(default_factory=list)


def listed(policies: Iterable[Listed]) -> list[ListedCalendar]:
    """All calendars, the default one first; one query."""
    rows = [
        ListedCalendar(calendar, version, week(version.compiled.spec))
        for calendar, version in queries.calendars_with_versions()
    ]
    by_pk = {row.calendar.pk: row for row in rows}
    for each in policies:
        by_pk[each.policy.calendar_id].users.append(each.policy.name)
    return rows


def week(spec: CalendarSpec) -> list[tuple[str, str]]:
    """The week with equal neighbours gathered: [("Mon–Fri", "09:00–17:00"), ("Sat, Sun", "closed")]."""
    groups: list[tuple[list[int], tuple[Range, ...]]] = []
    for index, ranges in enumerate(spec.hours):
        if groups and groups[-1][1] == ranges:
            groups[-1][0].append(index)
        else:
            groups.append(([index], ranges))
    return [(_days(days), ranges_words(ranges)) for days, ranges in groups]


def _days(days: list[int]) -> str:
    names = [str(WEEKDAYS_ABBR[index]) for index in days]
    return f"{names[0]}–{names[-1]}" if len(names) > 2 else ", ".join(names)


def ranges_words(ranges: Iterable[Any]) -> str:
    """ "09:00–12:30, 13:30–17:00"; "closed" where there are none."""
    return ", ".join(f"{clock(start)}–{clock(end)}" for start, end in ranges) or _("closed")


def clock(seconds: int) -> str:
    """Seconds after midnight as people write a time of day; the next midnight is 24:00."""
    if seconds != DAY:
        seconds %= DAY
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
