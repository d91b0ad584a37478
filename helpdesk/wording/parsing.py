"""Reading the words of a mail: text with names in braces, and nothing else. Pure.

A paragraph ends at an empty line; one that begins with `~ ` is small print. `{{` and `}}` are braces. A
paragraph of which a placeholder is empty is left out whole, which is all that words can decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

_TOKENS = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_ ]{0,40})\}|[{}]")
SMALL = "~ "


class BadWording(ValueError):
    """The words cannot be used; the text says why, for the reader."""


@dataclass(frozen=True)
class Hole:
    """Where a value goes."""

    name: str


Line = tuple[str | Hole, ...]


@dataclass(frozen=True)
class Paragraph:
    lines: tuple[Line, ...]
    is_small: bool = False

    @property
    def holes(self) -> set[str]:
        return set(holes_in(self.lines))


def parse_line(text: str, kinds: Mapping[str, str]) -> Line:
    """One line in pieces; `kinds` has the kind of every known placeholder: word, link or block.

    Raises BadWording for an unknown one, for a brace that stands alone, and for a block beside words.
    """
    pieces: list[str | Hole] = []
    place = 0
    for token in _TOKENS.finditer(text):
        pieces.append(text[place : token.start()])
        place = token.end()
        if token[0] in ("{{", "}}"):
            pieces.append(token[0][0])
        elif token[0] in ("{", "}"):
            words = _("A “%(brace)s” stands alone. Write it twice for a brace, or choose a placeholder.")
            raise BadWording(words % {"brace": token[0]})
        elif token[1] not in kinds:
            words = _("“{%(name)s}” is not a placeholder of this text. Choose one from the list.")
            raise BadWording(words % {"name": token[1]})
        else:
            pieces.append(Hole(token[1]))
    pieces.append(text[place:])
    line = tuple(piece for piece in pieces if piece != "")
    blocks = [piece for piece in line if isinstance(piece, Hole) and kinds[piece.name] == "block"]
    if blocks and "".join("x" if isinstance(piece, Hole) else piece.strip() for piece in line) != "x":
        raise BadWording(_("“{%(name)s}” needs a line of its own.") % {"name": blocks[0].name})
    return line


def parse_body(text: str, kinds: Mapping[str, str]) -> tuple[Paragraph, ...]:
    """The paragraphs of a text. Raises as `parse_line`."""
    found = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        block = block.strip("\n").rstrip()
        if not block.strip():
            continue
        is_small = block.startswith(SMALL)
        lines = block.removeprefix(SMALL).split("\n")
        found.append(Paragraph(tuple(parse_line(line.strip(), kinds) for line in lines), is_small))
    return tuple(found)


def holes_in(lines: Iterable[Line]) -> Iterator[str]:
    """The names of all placeholders, in order."""
    for line in lines:
        yield from (piece.name for piece in line if isinstance(piece, Hole))
