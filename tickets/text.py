"""Foreign text made storable, at the edge of the domain."""

from __future__ import annotations

import re

_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


def clean_text(text: str) -> str:
    """Text that Postgres can hold: NUL and lone surrogates become U+FFFD, line ends become LF."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return _SURROGATES.sub("\ufffd", text)


def clean_line(text: str, limit: int) -> str:
    """One line of at most `limit` characters without control characters (subjects, names, labels)."""
    line = _LINE_BREAKS.sub(" ", clean_text(text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
