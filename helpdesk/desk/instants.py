"""Instants that a person types or chooses, in their own time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.times import deadline

MORNING = 9  # o'clock
LATER = timedelta(hours=3)
LAST_HOUR_OF_TODAY = 20


def read_instant(text: str) -> datetime:
    """An instant as a browser or a person writes it. Raises ValueError with a sentence."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_("Enter date and time, such as 2026-11-23 10:00.")) from None
    if timezone.is_aware(found):
        return found
    try:
        return from_current_timezone(found)
    except ValidationError:
        raise ValueError(
            _("That time is missing or comes twice, for the clocks change that day. Choose another.")
        ) from None


@dataclass(frozen=True)
class Choice:
    """An instant that is offered: its name, the instant, and how it is written with its date."""

    word: str
    at: datetime

    @property
    def when(self) -> str:
        return deadline(self.at)

    @property
    def value(self) -> str:
        return self.at.isoformat()


def snooze_choices(now: datetime) -> tuple[Choice, ...]:
    """Later today (while there is some of it left), tomorrow morning, next Monday morning; each once."""
    local = timezone.localtime(now)
    offered = [
        (_("Tomorrow morning"), _morning(local + timedelta(days=1))),
        (_("Next week"), _morning(local + timedelta(days=7 - local.weekday()))),
    ]
    later = (local + LATER).replace(minute=0, second=0, microsecond=0)
    if later.date() == local.date() and later.hour <= LAST_HOUR_OF_TODAY:
        offered.insert(0, (_("Later today"), later))
    found: list[Choice] = []
    for word, at in offered:
        if all(at != choice.at for choice in found):
            found.append(Choice(word, at))
    return tuple(found)


def _morning(local: datetime) -> datetime:
    """That day at nine on the wall, whatever the clocks did on the way."""
    return timezone.make_aware(datetime.combine(local.date(), time(MORNING)))


def as_input(at: datetime) -> str:
    """The instant as a date field takes it, local time."""
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"
