"""Small things written for people: sizes of files, initials, numbers."""

from functools import lru_cache

from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


def gettext(text: str) -> str:
    """A fixed text in the reader's language, as Django's: remembered, since Django looks through its
    catalogues each time, and pages with many clocks say the same words over and over."""
    return _translated(translation.get_language(), text)


@lru_cache(maxsize=4096)
def _translated(_language: str | None, text: str) -> str:
    return translation.gettext(text)


def file_size(octets: int | None) -> str:
    """`octets` in the decimal unit that keeps it short: "212 kB", "1.4 MB"."""
    if octets is None:
        return "–"
    if octets < 1000:
        return f"{octets}\u00a0{_('B')}"
    if octets < 1_000_000:
        return f"{round(octets / 1000)}\u00a0{_('kB')}"
    whole = octets % 1_000_000 < 50_000
    return f"{number_format(octets / 1_000_000, 0 if whole else 1)}\u00a0{_('MB')}"


def initials(name: str | None) -> str:
    """First letters of the first and the last word of `name`, upper case; "?" if there is none."""
    words = [word for word in (name or "").replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    first, last = words[0], words[-1]
    return (first[0] + (last[0] if last is not first else "")).upper()


def number(value: int | float | None) -> str:
    """`value` with the separators of the reader's language: "1,240"."""
    return "–" if value is None else number_format(value, use_l10n=True, force_grouping=True)


STATUS_WORDS = {
    "new": gettext_lazy("New"),
    "open": gettext_lazy("Open"),
    "waiting": gettext_lazy("Waiting"),
    "on_hold": gettext_lazy("On hold"),
    "resolved": gettext_lazy("Resolved"),
    "closed": gettext_lazy("Closed"),
}
PRIORITY_WORDS = {
    1: gettext_lazy("Low"),
    2: gettext_lazy("Normal"),
    3: gettext_lazy("High"),
    4: gettext_lazy("Urgent"),
}
