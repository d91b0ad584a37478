"""Markup that is kept: what was rendered once from the same values is not rendered again.

    {% kept row, name=ticket.requester.first_name with number=ticket.pk, csrf_input %}…{% endkept %}

Between the two stand words that follow from the values named first, and from nothing else but the reader's
language, time zone and taste in times and today's date. All of these together are the key under which the
words are kept in this process, so they cannot be stale, and nobody is shown another's: who gives the same
values gets the same words, made from those values alone. When a template is read it is refused if it uses
another name between the two, or a filter whose words change with the clock.

What stands behind `with` differs from page to page and changes nothing but itself: it is put into its places
after. It may be written as it is, or be given to `url` or as an argument to `_`, and used for nothing else.

Values are plain: texts, numbers, instants, and tuples and frozen data classes of these. Two of them that are
equal are written alike. What is made from anything else is not kept: rows of the database are equal whatever
they hold, and safe markup is equal to the text of which it is not the same.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import count
from sys import getsizeof
from typing import Any

from django.utils import timezone, translation
from django.utils.safestring import SafeString
from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup, escape

MOST_BYTES = 16_000_000
"""As much is kept in each process."""
SAME_FOR_ALL = frozenset(
    (
        *("_", "gettext", "ngettext", "pgettext", "npgettext", "language", "languages"),
        *("url", "path_of", "static", "icon", "bars", "STATUS_WORDS", "PRIORITY_WORDS"),
        *("chips", "forms", "parts", "pages", "snoozing"),
    )
)
"""What may be used without being named: pure functions, tables, and macros of components imported under these
names, which see nothing but what they are given."""
CLOCKED = frozenset({"ago"})
"""Filters whose words change from minute to minute. The others change at midnight at most."""
_PARTS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)

MARKS = tuple(8 * 10**18 + secrets.randbelow(10**18) for _ in range(8))
"""Stand in kept words for what is put into them later. Nobody outside this process knows them: nothing that
somebody wrote can be taken for one."""
_MARK = re.compile("|".join(str(mark) for mark in MARKS))
_PLACES = {str(mark): place for place, mark in enumerate(MARKS)}
_SAFE = frozenset({Markup, SafeString})
_PLAIN = (str, int, bool, type(None), date, datetime, timedelta)


@dataclass(frozen=True, slots=True)
class Words:
    """Rendered words: texts and, as numbers, places to be filled; `size` in bytes."""

    parts: tuple[str | int, ...]
    whole: Markup | None
    size: int

    @classmethod
    def of(cls, text: str, key: Any) -> Words:
        text = str(text)  # Markup would escape what is joined to it
        parts: list[str | int] = []
        start = 0
        for found in _MARK.finditer(text):
            parts += [text[start : found.start()], _PLACES[found[0]]]
            start = found.end()
        parts.append(text[start:])
        size = sum(map(getsizeof, parts)) + sum(map(getsizeof, _leaves(key)))
        return cls(tuple(parts), Markup(text) if len(parts) == 1 else None, size)  # noqa: S704 - rendered

    def filled(self, values: tuple[Any, ...]) -> Markup:
        if self.whole is not None:
            return self.whole
        given = [str(escape(value)) for value in values]
        return Markup("".join([part if type(part) is str else given[part] for part in self.parts]))  # type: ignore[index]  # noqa: S704


class Store:
    """At most `most` bytes of words. What was asked for since the last half of them came is found again."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.half = most // 2
        self.empty()

    def empty(self) -> None:
        self.young: dict[Any, Words] = {}
        self.old: dict[Any, Words] = {}
        self.size = 0

    def get(self, key: Any) -> Words | None:
        found = self.young.get(key)
        if found is None:
            found = self.old.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Any, words: Words) -> None:
        if words.size > self.half:
            return
        if self.size + words.size > self.half:
            self.young, self.old, self.size = {}, self.young, 0
        self.young[key] = words
        self.size += words.size


STORE = Store()


def setting_of(exact_times: bool) -> tuple[object, ...]:
    """What words depend on beside their values: language, time zone, taste in times, today's date there."""
    zone = timezone.get_current_timezone()
    today = _date_there(timezone.now().replace(microsecond=0), zone)
    return (translation.get_language(), str(zone), exact_times, today)


@lru_cache(maxsize=256)
def _date_there(at: datetime, zone: tzinfo) -> date:
    """Remembered for the second, in which a page asks for it a hundred times."""
    return at.astimezone(zone).date()


class Kept(Extension):
    """The tag. In an environment that does not keep (`keeps`), it only names values."""

    tags = {"kept"}
    keeps = True
    _numbers = count()

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        values = list(_named(parser))
        slots = list(_named(parser)) if parser.stream.skip_if("name:with") else []
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        names = [name for name, _value in values + slots]
        given = [value for _name, value in values + slots]
        if not self.keeps:
            targets: list[nodes.Expr] = [nodes.Name(name, "store") for name in names]
            return nodes.With(targets, given, body, lineno=line)
        self._check(parser, line, body, {name for name, _ in values}, {name for name, _ in slots})
        shown = self.call_method(
            "_shown",
            [
                nodes.ContextReference(),
                nodes.Const(next(self._numbers)),
                nodes.Tuple(given[: len(values)], "load"),
                nodes.Tuple(given[len(values) :], "load"),
            ],
            lineno=line,
        )
        arguments = [nodes.Name(name, "param") for name in names]
        return nodes.CallBlock(shown, arguments, [], body, lineno=line)

    def _shown(
        self,
        page: Context,
        number: int,
        values: tuple[Any, ...],
        slots: tuple[Any, ...],
        caller: Callable[..., str],
    ) -> Markup:
        if not _SAFE.isdisjoint(map(type, values)):
            return Markup(caller(*values, *slots))  # noqa: S704 - rendered
        setting = page.get("kept_for") or setting_of(page["look"].exact_times)
        key = (number, setting, values)
        words = STORE.get(key)
        if words is None:
            words = Words.of(caller(*values, *MARKS[: len(slots)]), values)
            if all(type(leaf) in _PLAIN for leaf in _leaves(values)):
                STORE.put(key, words)
        return words.filled(slots)

    def _check(
        self, parser: Parser, line: int, body: list[nodes.Node], values: set[str], slots: set[str]
    ) -> None:
        def refuse(why: str) -> None:
            raise TemplateSyntaxError(f"kept: {why}", line, parser.name, parser.filename)

        whole = nodes.Template(body, lineno=line)
        nothing_given = self.environment.overlay()
        nothing_given.globals = {}  # else names that every template has would pass for known
        whole.set_environment(nothing_given)
        for name in sorted(find_undeclared_variables(whole) - values - slots - SAME_FOR_ALL):
            refuse(f"{name} is used and not named")
        if len(slots) > len(MARKS):
            refuse(f"at most {len(MARKS)} values stand behind with")
        whole.set_environment(self.environment)
        for parent, node in _walk(whole):
            if isinstance(node, _PARTS):
                refuse(f"{type(node).__name__.lower()} is not possible here")
            if isinstance(node, nodes.Filter) and node.name in CLOCKED:
                refuse(f"the words of the filter {node.name} change with the clock")
            if isinstance(node, nodes.Name) and node.name in slots and not _only_written(parent):
                refuse(f"{node.name} may only be written, or given to url or _")


class Unkept(Kept):
    """The tag for whoever only reads the templates, as `bin/words` does."""

    keeps = False


def _named(parser: Parser) -> Iterator[tuple[str, nodes.Expr]]:
    """`name` or `name=expression`, with commas between."""
    while parser.stream.current.type == "name" and parser.stream.current.value != "with":
        name = next(parser.stream)
        given: nodes.Expr = nodes.Name(name.value, "load", lineno=name.lineno)
        if parser.stream.skip_if("assign"):
            given = parser.parse_expression()
        yield name.value, given
        if not parser.stream.skip_if("comma"):
            return


def _walk(node: nodes.Node) -> Iterator[tuple[nodes.Node, nodes.Node]]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Keyword):  # an argument by name
            child = child.value
        yield node, child
        yield from _walk(child)


def _only_written(parent: nodes.Node) -> bool:
    if isinstance(parent, nodes.Call) and isinstance(parent.node, nodes.Name):
        return parent.node.name in ("url", "_")
    return isinstance(parent, nodes.Output)


def _leaves(value: Any) -> Iterator[Any]:
    """The plain values of which a key is made."""
    if isinstance(value, tuple):
        for part in value:
            yield from _leaves(part)
    elif is_dataclass(value) and not isinstance(value, type) and value.__hash__ is not None:
        for one in fields(value):
            if one.compare:
                yield from _leaves(getattr(value, one.name))
    else:
        yield value
