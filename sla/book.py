"""Policy and calendar versions for the fold, read once: a version never changes."""

from __future__ import annotations

from functools import lru_cache

from sla.calendar import WorkingCalendar
from sla.measure import RuleBook
from sla.models import CalendarVersion, PolicyVersion
from sla.rules import Rules


@lru_cache(maxsize=2048)
def _rules(version: int) -> Rules:
    return PolicyVersion.objects.get(pk=version).rules


@lru_cache(maxsize=2048)
def _calendar(version: int) -> WorkingCalendar:
    return CalendarVersion.objects.get(pk=version).compiled


BOOK = RuleBook(rules=_rules, calendar=_calendar)
