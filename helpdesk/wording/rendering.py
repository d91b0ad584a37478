"""From words and values to the two parts of a mail, which say the same; the text part is complete alone.

The paragraphs go through `templates/mail/_body.jinja` with the macros of `_kit.txt.jinja` or of
`_kit.html.jinja`; what is made by us (`block` placeholders) is in `_blocks.jinja`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from django.conf import settings
from django.db.models import Model
from django.template.defaultfilters import linebreaks_filter, urlize
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from helpdesk.wording.parsing import Hole, Line, Paragraph
from helpdesk.wording.store import Words

TEMPLATES = Path(settings.ROOT) / "helpdesk" / "templates"
HTML_BYTES = 90_000
"""Gmail cuts a mail at 102 kB of HTML and hides the rest."""
TEXT_IN_HTML = 40_000
QUOTE_SIGNS = 4_000
NO_ANCHOR = ("", "")


class RowAsValue(TypeError):
    """A row of the database was given for a placeholder: words only may reach a mail."""


@dataclass
class Look:
    """How a mail looks beside its words: a colour for links and lines, lines at its foot, a logo (its
    Content-ID)."""

    accent: str = ""
    footer: list[str] = field(default_factory=list)
    logo: str = ""
    logo_words: str = ""
    logo_data: bytes = b""


@dataclass(frozen=True)
class Piece:
    """A run of a mail: p, small, action or block."""

    kind: str
    text: Any = ""
    value: Any = None


def check(words: Words, values: Mapping[str, Any]) -> None:
    """Raise RowAsValue unless every placeholder has a value, and each is words or made of words."""
    missing = words.notification.kinds.keys() - values.keys()
    if missing:
        raise KeyError(f"{words.notification.key} has no value for {sorted(missing)}")
    for name, value in values.items():
        if name in words.notification.kinds:
            _demand_words(value)


def _demand_words(value: Any) -> None:
    if isinstance(value, list | tuple):
        for one in value:
            _demand_words(one)
    elif isinstance(value, Model):
        raise RowAsValue(type(value).__name__)


def pieces(words: Words, values: Mapping[str, Any], form: str) -> Iterator[Piece]:
    """What the mail consists of; a paragraph with an empty value is left out."""
    for paragraph in words.body:
        if all(values[name] for name in paragraph.holes):
            yield from _pieces(paragraph, words.notification.kinds, values, form)


def _pieces(
    paragraph: Paragraph, kinds: Mapping[str, str], values: Mapping[str, Any], form: str
) -> Iterator[Piece]:
    run: list[Line] = []
    kind = "small" if paragraph.is_small else "p"

    def ended() -> Iterator[Piece]:
        if run:
            yield Piece(kind, _joined([_filled(line, kinds, values, form) for line in run], form))
            run.clear()

    for line in paragraph.lines:
        last = line[-1] if line else ""
        if isinstance(last, Hole) and kinds[last.name] == "block":
            yield from ended()
            yield Piece("block", last.name, values[last.name])
        elif isinstance(last, Hole) and kinds[last.name] == "link" and _is_label(line[:-1]):
            yield from ended()
            label = "".join(str(piece) for piece in line[:-1]).strip().removesuffix(":").strip()
            yield Piece("action", label, values[last.name])
        else:
            run.append(line)
    yield from ended()


def _is_label(before: Line) -> bool:
    """“Open the ticket:” before a link."""
    return len(before) == 1 and isinstance(before[0], str) and before[0].strip().endswith(":")


def _filled(line: Line, kinds: Mapping[str, str], values: Mapping[str, Any], form: str) -> str:
    parts: Iterable[Any] = (
        piece if isinstance(piece, str) else _value(values[piece.name], kinds[piece.name], form)
        for piece in line
    )
    return Markup("").join(parts) if form == "html" else "".join(str(part) for part in parts)


def _value(value: Any, kind: str, form: str) -> Any:
    if kind == "link" and form == "html":
        return Markup('<a href="{0}">{0}</a>').format(value)
    return str(value)


def _joined(lines: list[str], form: str) -> str:
    return Markup("<br>\n").join(lines) if form == "html" else "\n".join(lines)


def as_text(words: Words, values: Mapping[str, Any], look: Look) -> str:
    """The text part."""
    context: dict[str, Any] = {"pieces": list(pieces(words, values, "txt")), "cut_at": None, "look": look}
    body = _environment("txt").get_template("mail/_body.jinja").render(kit=_kit("txt"), **context)
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def as_html(
    words: Words, values: Mapping[str, Any], look: Look, *, title: str, anchor: tuple[str, str] = NO_ANCHOR
) -> str:
    """The HTML part with its styles inlined, below the size at which mail programs cut. `anchor` (id, text)
    marks where our words begin."""
    html = _html(words, values, look, title, anchor, None)
    if len(html.encode()) <= HTML_BYTES:
        return html
    cut_at, rest = TEXT_IN_HTML, {**values, "quote": ""}
    while len((html := _html(words, rest, look, title, anchor, cut_at)).encode()) > HTML_BYTES:
        cut_at //= 2
    return html


def _html(
    words: Words,
    values: Mapping[str, Any],
    look: Look,
    title: str,
    anchor: tuple[str, str],
    cut_at: int | None,
) -> str:
    page = (
        _environment("html")
        .get_template("mail/_frame.html.jinja")
        .render(
            kit=_kit("html"),
            pieces=list(pieces(words, values, "html")),
            cut_at=cut_at,
            look=look,
            lang=translation.get_language(),
            rtl=translation.get_language_bidi(),
            title=title,
            anchor_id=anchor[0],
            anchor_text=anchor[1],
        )
    )
    return _inliner(look.accent).inline(page)


@cache
def _inliner(accent: str) -> css_inline.CSSInliner:
    style = (TEMPLATES / "mail" / "_style.css").read_text()
    return css_inline.CSSInliner(
        keep_at_rules=True, load_remote_stylesheets=False, extra_css=style + _accented(accent)
    )


def _accented(accent: str) -> str:
    """The team's colour on lines, never on words: no colour is readable on every ground."""
    return f".bar {{ border-top: 4px solid {accent}; }}" if accent else ""


def _kit(form: str) -> Any:
    """The pieces of one form, in the current language."""
    return _environment(form).get_template(f"mail/_kit.{form}.jinja").make_module({})


@cache
def _environment(form: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=form == "html",  # noqa: S701 - the other form is plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, newstyle=True
    )
    environment.filters.update(
        paragraphs=paragraphs,
        plain_paragraphs=linebreaks_filter,
        quoted=lambda text: "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines()),
        cut=cut,
    )
    environment.globals.update(quote_signs=QUOTE_SIGNS)
    return environment


def day(at: Any) -> str:
    """ "30 Nov", in the reader's zone."""
    return date_format(timezone.localtime(at), _("j M"))


def day_time(at: Any) -> str:
    """ "Mon 23 Nov, 10:00 CET": with the zone, since a mail is read anywhere."""
    local = timezone.localtime(at)
    return f"{date_format(local, _('D j M, H:i'))} {local.tzname() or ''}".strip()


def paragraphs(text: str) -> SafeString:
    """Our own text as HTML: paragraphs, line breaks, links that can be followed."""
    return linebreaks_filter(urlize(text))


def cut(text: str, signs: int | None) -> str:
    """At most so many characters, ended by an ellipsis."""
    return text if signs is None or len(text) <= signs else text[:signs].rstrip() + " …"
