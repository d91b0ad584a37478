"""Marking what was searched for in what was found. Text comes in, escaped markup with `<mark>` goes out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

SNIPPET = 180  # characters
_BEFORE = 60


def marked(text: str, phrases: Iterable[str]) -> Markup:
    """`text` with `phrases` marked where words begin with them, whatever their case and accents."""
    result, done = Markup(""), 0
    for start, end in _places(text, phrases):
        result += escape(text[done:start]) + Markup("<mark>%s</mark>") % text[start:end]
        done = end
    return result + escape(text[done:])


def starts(text: str, phrase: str) -> bool:
    """Whether a word of `text` begins with `phrase`."""
    return bool(_places(text, [phrase]))


def snippet(text: str, phrases: Iterable[str]) -> Markup:
    """The part of `text` around the first of `phrases`, on one line and marked."""
    phrases = tuple(phrases)
    text = " ".join(text.split())
    first = next(iter(_places(text, phrases)), (0, 0))[0]
    start = 0 if first <= _BEFORE else text.find(" ", first - _BEFORE, first) + 1 or first - _BEFORE
    part = text[start : start + SNIPPET]
    is_cut = start + SNIPPET < len(text)
    return Markup("{}{}{}").format("… " if start else "", marked(part, phrases), " …" if is_cut else "")


def _places(text: str, phrases: Iterable[str]) -> list[tuple[int, int]]:
    """Where the phrases stand in `text`, in order and without overlap."""
    wanted = {_folded(phrase)[0] for phrase in phrases if any(ch.isalnum() for ch in phrase)}
    words = sorted(wanted, key=len, reverse=True)
    if not words:
        return []
    folded, origin = _folded(text)
    pattern = "|".join(r"[\s\W]+".join(map(re.escape, word.split())) for word in words)
    found = re.finditer(rf"(?<![^\W_])(?:{pattern})", folded)
    return [(origin[match.start()], origin[match.end() - 1] + 1) for match in found if match[0]]


def _folded(text: str) -> tuple[str, list[int]]:
    """`text` in lower case without accents, and for each of its letters the place it came from."""
    letters, origin = [], []
    for place, letter in enumerate(text):
        for plain in unicodedata.normalize("NFKD", letter).casefold():
            if not unicodedata.combining(plain):
                letters.append(plain)
                origin.append(place)
    return "".join(letters), origin
