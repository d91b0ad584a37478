"""Edits of a calendar's JSON form for single dates. Pure: each gives a new form, the old one stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

Spec = Mapping[str, Any]
_DATED = ("holidays", "date_hours", "breaks", "names")
KEPT_AHEAD = 1
"""Years after the running one for which public holidays are in a calendar."""


def with_day(spec: Spec, day: date, name: str, hours: list[list[str]] | None) -> dict[str, Any]:
    """The calendar with an exception on a date: closed (`hours` is None) or with hours of its own."""
    found, key = without_day(spec, day), day.isoformat()
    if hours is None:
        found["holidays"] = _holidays(found) | {key: name}
        return found
    found["date_hours"] = {**found.get("date_hours", {}), key: hours}
    if name:
        found["names"] = {**found.get("names", {}), key: name}
    return found


def without_day(spec: Spec, day: date) -> dict[str, Any]:
    """The calendar with its usual hours on a date."""
    found, key = dict(spec), day.isoformat()
    found["holidays"] = _holidays(spec)
    for part in _DATED:
        if part in found:
            found[part] = {each: value for each, value in found[part].items() if each != key}
    return {part: value for part, value in found.items() if value or part not in _DATED}


def with_days_off(
    spec: Spec, days: Mapping[date, str], source: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The calendar closed on some dates. What stands on a date already is kept. `source` says whose public
    holidays they are, so that they can be renewed."""
    taken = {*_holidays(spec), *spec.get("date_hours", {})}
    more = {day.isoformat(): name for day, name in days.items() if day.isoformat() not in taken}
    found = dict(spec)
    if more:
        found["holidays"] = dict(sorted((_holidays(spec) | more).items()))
    if source is not None:
        same = ("country", "region")
        others = [each for each in spec.get("sources", []) if any(each[k] != source[k] for k in same)]
        found["sources"] = [*others, dict(source)]
    return found


def without_source(spec: Spec, country: str, region: str) -> dict[str, Any]:
    """The calendar as it is, whose public holidays are not renewed any more; those that it has stay."""
    left = [
        each for each in spec.get("sources", []) if (each["country"], each["region"]) != (country, region)
    ]
    found = {**spec, "sources": left}
    return found if left else {part: value for part, value in found.items() if part != "sources"}


def between(first: date, last: date) -> Iterable[date]:
    """Every date from the first to the last."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def _holidays(spec: Spec) -> dict[str, str]:
    """Holidays by date, also where they are a plain list."""
    value = spec.get("holidays") or {}
    return dict(value) if isinstance(value, Mapping) else dict.fromkeys(value, "")
