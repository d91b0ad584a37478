"""Durations as people type them: "30 min", "1 h 30 min", "2 d"."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils.translation import gettext as _

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}
_PART = re.compile(r"(\d{1,6})\s*(min|m|h|d|s)", re.IGNORECASE)


def parse(text: str) -> timedelta:
    """The duration; a day is 24 hours. Raises ValueError, in words for the reader."""
    seconds, rest = 0, _PART.sub("", text)
    for number, unit in _PART.findall(text):
        seconds += int(number) * _UNITS[unit.lower()]
    if rest.strip() or not text.strip():
        raise ValueError(_("Write a time such as “30 min”, “4 h” or “1 h 30 min”."))
    return timedelta(seconds=seconds)


def write(duration: timedelta) -> str:
    """The duration as `parse` reads it; hours are not gathered into days, since working days differ."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
