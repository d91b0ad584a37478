"""How instants and durations are written for people.

Every function takes aware instants and writes them in the current time zone, the reader's. Two units at
most; numbers and their units never break across lines.
"""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as django_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from helpdesk.words import gettext as _

NBSP = "\u00a0"


def date_format(value: date, pattern: str) -> str:
    """A local date or time by a pattern of Django's date format, to the minute and without its zone."""
    if isinstance(value, datetime):
        value = value.replace(second=0, microsecond=0, tzinfo=None)
    return _formatted(value, pattern, get_language())


@lru_cache(maxsize=8192)
def _formatted(value: date, pattern: str, _language: str | None) -> str:
    """Kept, as Django takes patterns apart anew each time and the same instants stand on every page."""
    return django_format(value, pattern)


def duration(value: timedelta | None, *, days: bool = True, seconds: bool = False) -> str:
    """`value` in its two largest units: "1 h 20 min", "2 d 1 h".

    Without `days` hours go on counting, as working time does. Less than a minute reads "under 1 min", or
    whole seconds if `seconds`. The sign is dropped; None is "–".
    """
    if value is None:
        return "–"
    whole = int(abs(value).total_seconds())
    if whole < 60:
        return _unit(whole, _("s")) if seconds else _("under 1 min").replace(" ", NBSP)
    return _long_duration(whole // 60, days, get_language())


@lru_cache(maxsize=8192)
def _long_duration(minutes: int, days: bool, _language: str | None) -> str:
    if minutes < 60:
        return _unit(minutes, _("min"))
    hours, minutes = divmod(minutes, 60)
    if hours < 24 or not days:
        return _pair(hours, _("h"), minutes, _("min"))
    day, hours = divmod(hours, 24)
    return _pair(day, _("d"), hours, _("h"))


def _unit(number: int, unit: str) -> str:
    return f"{number}{NBSP}{unit}"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    text = _unit(large, large_unit)
    return f"{text}{NBSP}{_unit(small, small_unit)}" if small else text


def clock_time(at: datetime, now: datetime | None = None) -> str:
    """`at` as short as distance allows: "09:14", "Tue 09:14" within six days, else "3 Nov 2026, 09:14"."""
    zone = timezone.get_current_timezone()
    today = (now or timezone.now()).astimezone(zone).date()
    return _clock_time(at, today, zone, get_language())


@lru_cache(maxsize=8192)
def _clock_time(at: datetime, today: date, zone: tzinfo, _language: str | None) -> str:
    local = at.astimezone(zone)
    distance = abs((local.date() - today).days)
    if distance == 0:
        return date_format(local, "H:i")
    if distance < 7:
        return date_format(local, _("D H:i"))
    return date_format(local, _("j M Y, H:i"))


def ago(at: datetime, now: datetime | None = None) -> str:
    """`at` seen from `now`: "just now", "12 min ago", and from one hour on as `clock_time`."""
    now = now or timezone.now()
    age = now - at
    if timedelta(0) <= age < timedelta(minutes=1):
        return _("just now")
    if timedelta(0) < age < timedelta(hours=1):
        return _("%(duration)s ago") % {"duration": duration(age)}
    return clock_time(at, now)


def day(at: datetime, now: datetime | None = None) -> str:
    """The date of `at`: "20 Nov", with the year when it is not this one."""
    local, today = _local_and_today(at, now)
    return date_format(local, _("j M") if local.year == today.year else _("j M Y"))


def day_time(at: datetime, now: datetime | None = None) -> str:
    """Date and time as customers read them: "20 Nov, 09:41", with the year when it is not this one."""
    local, today = _local_and_today(at, now)
    return date_format(local, _("j M, H:i") if local.year == today.year else _("j M Y, H:i"))


def date_words(value: date, pattern: str) -> str:
    """A date (no instant, so no zone) by a pattern of Django's date format: "December 2026" for "F Y"."""
    return date_format(value, pattern)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name; UTC for one that is unknown here."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return ZoneInfo("UTC")


def near(at: datetime, now: datetime | None = None) -> str:
    """`at` inside a sentence: "today, 09:54", else as `day_time`."""
    local, today = _local_and_today(at, now)
    return (
        _("today, %(time)s") % {"time": date_format(local, "H:i")}
        if local.date() == today
        else day_time(at, now)
    )


def deadline(at: datetime, now: datetime | None = None) -> str:
    """`at` as a promise: "Mon 23 Nov, 10:00"."""
    return date_format(timezone.localtime(at), _("D j M, H:i"))


def exact(at: datetime) -> str:
    """`at` with date, time and zone, as in "Fri 20 Nov 2026, 09:14 CET"."""
    local = timezone.localtime(at)
    return f"{date_format(local, _('D j M Y, H:i'))} {local.tzname() or ''}".strip()


def tag(at: datetime | None, text: str | None = None, *, exact_only: bool = False) -> SafeString:
    """A `<time>`: the instant for machines, date and zone on hover, `text` (or `clock_time`) to read."""
    if at is None:
        return SafeString("–")
    full = exact(at)
    shown = full if exact_only else text or clock_time(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timezone.localtime(at).isoformat("T", "seconds"),
        full,
        shown,
    )


def _local_and_today(at: datetime, now: datetime | None) -> tuple[datetime, date]:
    return timezone.localtime(at), timezone.localtime(now or timezone.now()).date()
