"""The translations in `locale/`: taken from the source, checked, compiled. Run by `bin/words`.

A catalogue is sorted by its source words and holds neither line numbers nor dates, so that two branches merge
calmly. Both its forms are kept in the repository: the one that people edit (`.po`) and the one that programs
read (`.mo`), which `--check` compares, so that no start and no image has to compile anything.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
KEYWORDS = DEFAULT_KEYWORDS | parse_keywords(
    [
        "gettext_lazy",
        "gettext_noop",
        "ngettext_lazy:1,2",
        "pgettext:1c,2",
        "pgettext_lazy:1c,2",
        "npgettext:1c,2,3",
        "npgettext_lazy:1c,2,3",
    ]
)
_HOLES = re.compile(r"%%|%\(\w+\)[a-z]|\{\w+\}")
_MARKUP = re.compile(r"</?[a-z][^<>]*>|&\w+;", re.IGNORECASE)


def source() -> Catalog:
    """Every word of the product that is to be translated."""
    with (LOCALE / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog(fuzzy=False)
    for _name, _line, words, _comments, context in extract_from_dir(ROOT, methods, options, KEYWORDS):
        found.add(words, context=context)
    return found


def renewed(old: Catalog, words: Catalog) -> Catalog:
    """The words of the source with their translations of `old`; a word that changed has none."""
    new = Catalog(locale=old.locale, fuzzy=False)
    for one in words:
        known = old.get(one.id, one.context) if one.id else None
        kept = known is not None and isinstance(known.id, str) == isinstance(one.id, str)
        flags = {"fuzzy"} if kept and known is not None and known.fuzzy else set()
        if one.id:
            new.add(one.id, known.string if kept and known else None, flags=flags, context=one.context)
    return new


def faults(catalogue: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue, a line for each word."""
    for one in catalogue:
        if one.id:
            for fault in _faults(one, catalogue.num_plurals):
                yield f"{fault}: {one.id if isinstance(one.id, str) else one.id[0]!r}"


def _faults(one: Message, plurals: int) -> Iterator[str]:
    forms = [one.string] if isinstance(one.string, str) else list(one.string or ())
    if one.fuzzy:
        yield "unsure"
    if len(forms) != (1 if isinstance(one.id, str) else plurals) or not all(forms):
        yield "no translation"
        return
    sources = [one.id] if isinstance(one.id, str) else list(one.id)
    for name, signs in (("placeholders", _HOLES), ("markup", _MARKUP)):
        wanted = [sorted(signs.findall(text)) for text in sources]
        if any(sorted(signs.findall(form)) not in wanted for form in forms):
            yield f"other {name}"
    if any(form.strip() == form for form in sources) != any(form.strip() == form for form in forms):
        yield "other spaces at the ends"


def as_po(catalogue: Catalog) -> bytes:
    """The form that people edit."""
    file = io.BytesIO()
    file.write(_head(catalogue).encode())
    write_po(file, catalogue, width=110, omit_header=True, no_location=True, sort_output=True)
    return file.getvalue().rstrip() + b"\n"


def as_mo(po: bytes) -> bytes:
    """The form that programs read, of the form that people edit."""
    file = io.BytesIO()
    write_mo(file, _Undated.of(read_po(io.BytesIO(po))))
    return file.getvalue()


class _Undated(Catalog):
    """A catalogue whose head says what readers need and nothing that changes by itself."""

    mime_headers = property(lambda self: _fields(self), lambda self, given: None)

    @classmethod
    def of(cls, given: Catalog) -> _Undated:
        own = cls(locale=given.locale, fuzzy=False)
        for one in given:
            if one.id:
                own.add(one.id, one.string, flags=one.flags, context=one.context)
        return own


def _fields(catalogue: Catalog) -> list[tuple[str, str]]:
    return [
        ("Language", str(catalogue.locale)),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", catalogue.plural_forms),
    ]


def _head(catalogue: Catalog) -> str:
    fields = "".join(f'"{name}: {value}\\n"\n' for name, value in _fields(catalogue))
    return f'# Renewed by bin/words.\nmsgid ""\nmsgstr ""\n{fields}\n'


def main(arguments: list[str]) -> int:
    words, wrong = source(), []
    for po in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        old = po.read_bytes() if po.exists() else b""
        catalogue = renewed(read_po(io.BytesIO(old), locale=po.parent.parent.name), words)
        text = as_po(catalogue)
        mo = po.with_suffix(".mo")
        name = po.relative_to(ROOT)
        if "--check" in arguments:
            if text != old or not mo.exists() or as_mo(text) != mo.read_bytes():
                wrong.append(f"{name}: stale, run bin/words")
        else:
            po.write_bytes(text)
            mo.write_bytes(as_mo(text))
        wrong += [f"{name}: {fault}" for fault in faults(catalogue)]
    if wrong:
        print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
