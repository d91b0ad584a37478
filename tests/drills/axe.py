"""axe on every page of the product, as each person who may see it, in both themes, with all its menus and
dialogs open, and on what every form answers when it is sent empty.

    bin/drill axe

The suite looks at each route once. The routes, people and tickets are those of the access matrix
(`tests/matrix_rows.py`), and which routes have no page stands in `tests/pages.py`, with the reasons.
"""

import argparse
import html
import logging
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

OPEN_ALL = "() => document.querySelectorAll('details:not(.menu)').forEach(it => { it.open = true })"
CLOSE_ALL = """() => { document.querySelectorAll('details.menu[open]').forEach(it => { it.open = false });
    document.querySelectorAll('dialog[open]').forEach(it => it.close()); }"""
SAME = """it => it.outerHTML.replace(/\\b(value|id|for|href|action|name|aria-label)="[^"]*"/g, '')
    .replace(/>[^<]+</g, '><').replace(/\\d+/g, '')"""
WORDS = re.compile(r">[^<]*[^<\s][^<]*<|\s+")
GIVEN = re.compile(
    r'\b(value|href|action|formaction|name|content|title|aria-label|alt|datetime|data-[\w-]+)="[^"]+"'
)
NUMBERS = re.compile(r"\d+")
OPEN = """it => { if (it.showModal) it.showModal(); else it.open = true;
    return it.getClientRects().length > 0; }"""
FILES = "label:visible > input[data-files]"
FAULT = "[data-cut-off] form:visible > [data-fault]"
OPTIONS = re.compile(r'data-options="([^"]+)"')


@dataclass(frozen=True)
class State:
    """What only a script opens: on pages with `wants`, `reach` brings it about, and `part` is looked at."""

    kind: str
    name: str
    wants: str
    reach: Callable[[Any, Any], None]
    part: str


def _palette(page: Any, here: Any) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette-list [role=option]").first.wait_for()


def _palette_empty(page: Any, here: Any) -> None:
    parts, here.parts = here.parts, {}
    page.keyboard.press("Control+k")
    page.locator("[data-palette-told]:not(:empty)").wait_for()
    here.parts = parts


def _saved_replies(page: Any, here: Any) -> None:
    page.locator("button[data-saved]").evaluate("it => it.click()")
    page.locator("#saved-found [role=option]").first.wait_for()


def _names(page: Any, here: Any) -> None:
    page.locator("textarea[data-names]:visible").press_sequentially("@")
    page.locator("#mention-list [role=option]").first.wait_for()


def _file(page: Any, here: Any) -> None:
    files = {"name": "report.txt", "mimeType": "text/plain", "buffer": b"1"}
    page.locator(FILES).first.set_input_files([files])
    page.locator(".file--refused").first.wait_for()


def _rows(page: Any, here: Any) -> None:
    page.locator("#queue input[name=ticket]").first.evaluate("it => it.click()")
    page.locator("#bulk").wait_for()


PUT = """(it, [html, part]) => {
    it.append(new DOMParser().parseFromString(html, 'text/html').querySelector(part)); }"""


def _put(page: Any, where: str, template: str, part: str, **given: Any) -> None:
    """What a swap would bring: a part of ours, with words of its own."""
    from django.template.loader import get_template

    made: Any = get_template(template)
    page.locator(where).first.evaluate(PUT, [made.template.render(**given), part])


def _toast(page: Any, here: Any) -> None:
    from django.contrib.messages import INFO
    from django.contrib.messages.storage.base import Message

    told = [Message(INFO, "Resolved", "undo:/desk/undo/")]
    given = {"request": True, "get_messages": lambda request: told, "look": SimpleNamespace(keys=True)}
    _put(page, "#toasts", "components/_toasts.html", ".toast", csrf_input="", **given)


def _news(page: Any, here: Any) -> None:
    given = {"text": "3 new, 1 changed", "path": "/desk/", "announce": "", "changed": [], "view": "open"}
    _put(page, "[data-news-slot]", "desk/_news.html", "a", **given)


def _waiting(page: Any, here: Any) -> None:
    _put(page, "#newswait", "desk/_newswait.html", "a", fresh=2)


def _not_sent(page: Any, here: Any) -> None:
    page.locator("form:visible > [data-fault]").first.evaluate(
        "it => { it.textContent = it.closest('[data-cut-off]').dataset.cutOff }"
    )


STATES = (
    State("dialog", "the palette with what it offers", "#palette", _palette, "#palette"),
    State("error", "the palette without an answer", "#palette", _palette_empty, "#palette"),
    State("dialog", "the saved replies", "button[data-saved]", _saved_replies, "#saved-replies"),
    State("menu", "colleagues to name", "textarea[data-names]:visible", _names, "#mention-list"),
    State("error", "a file that was refused", FILES, _file, "form:has(.file--refused)"),
    State("error", "a toast with Undo", "#toasts", _toast, "#toasts"),
    State("error", "the bar that counts what is new", "[data-news-slot]", _news, "#newsbar"),
    State("error", "a message that waits to be shown", "#newswait", _waiting, "#newswait"),
    State("error", "words that were not sent", FAULT, _not_sent, "form:has([data-fault]:not(:empty))"),
    State("menu", "the bar of selected rows", "#queue input[name=ticket]", _rows, "#bulk"),
)
"""In this order: the bar of selected rows brings menus of its own."""


@dataclass(frozen=True)
class Shown:
    """A page, and what its scripts get at a path when they ask for a part."""

    title: str
    path: str
    content: bytes
    headers: dict[str, str]
    parts: dict[str, bytes]


@dataclass
class Found:
    """`known` has the likeness of each menu, dialog and fault that was looked at, with its kind."""

    faults: list[str] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    known: dict[str, str] = field(default_factory=dict)


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill axe")
    parser.add_argument("--browsers", type=int, default=os.cpu_count() or 1, help="at the same time")
    parser.add_argument("--only", default="", help="pages whose method, path and person have these words")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-drill-")))
        folder.chmod(0o755)
        world = stack.enter_context(_world(folder))
        return drill(world, options.browsers, options.only)


@contextmanager
def _world(folder: Path) -> Iterator[Any]:
    """The access matrix's world in servers of its own."""
    os.environ |= {"DATA_DIR": str(folder), "DEMO": "0", "MODE": "test", "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "HOST"):
        os.environ.pop(name, None)
    from config.embedded import Servers, running

    with running(Servers(folder, durable=False)):
        import django

        django.setup()
        from django.core.management import call_command
        from django.test import override_settings
        from django.test.utils import setup_test_environment

        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        setup_test_environment(debug=False)
        logging.disable(logging.WARNING)
        from tests.cast import make_cast
        from tests.matrix import make_world

        with override_settings(MAILBOX=False, API_LIMITS={"request": 10**6, "search": 10**6}):
            yield make_world(make_cast())


def _refusals(world: Any) -> Iterator[Any]:
    """The pages that need no database, which no route has."""
    from django.test import RequestFactory

    from helpdesk import errors
    from tests.pages import Answer

    nobody = next(one for one in world.people if one.name == "anonymous")
    asked, words = RequestFactory(), {"text": "Hello Priya, your refund left today."}
    for name, response in {
        "bad_request": errors.bad_request(asked.get("/")),
        "forbidden": errors.forbidden(asked.get("/setup/")),
        "csrf_failed": errors.csrf_failed(asked.post("/new/")),
        "not_found": errors.not_found(asked.get("/nowhere/")),
        "server_error": errors.server_error(asked.get("/")),
        "unavailable": errors.unavailable(asked.post("/desk/tickets/1/reply/", words)),
    }.items():
        yield Answer(name, nobody, f"/refused/{name}/", response)


def drill(world: Any, browsers: int, only: str = "") -> dict[str, Any]:
    from tests import chromium
    from tests.pages import NO_PAGE, pages_for_everybody

    answers = [one for one in (*pages_for_everybody(world), *_refusals(world)) if only in str(one)]
    different = {shape(answer.response.content.decode()): answer for answer in reversed(answers)}.values()
    shown = [_shown(world, answer) for answer in different]
    print(f"{len(answers)} pages, {len(shown)} differ in more than words", flush=True)
    chromium.find()  # it asks Playwright itself, which runs only once at a time
    found = Found()
    with ProcessPoolExecutor(browsers, mp_context=get_context("fork")) as pool:
        for part in pool.map(look_at, [shown[number::browsers] for number in range(browsers)]):
            found.faults += part.faults
            found.looks += part.looks
            found.known |= part.known
    return figures(answers, len(shown), found, len(NO_PAGE))


def look_at(pages: list[Shown]) -> Found:
    from playwright.sync_api import sync_playwright

    from tests import chromium
    from tests.shown import stage

    found = Found()
    with sync_playwright() as playwright, stage() as here:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="en-GB"
        )
        for number, one in enumerate(pages):
            here.parts = one.parts
            here.show(page, one.path, one)
            for fault in look(page, here, found):
                found.faults.append(f"{one.title}: {fault}")
                print(found.faults[-1], flush=True)
            if number % 20 == 19:
                print(f"{number + 1} of {len(pages)} pages", flush=True)
        browser.close()
    return found


def shape(page: str) -> str:
    """A page without its words, addresses and numbers: axe says the same of all pages of one shape."""
    bare = GIVEN.sub(r'\1="x"', NUMBERS.sub("0", page))
    return WORDS.sub(lambda found: ">x<" if found[0].startswith(">") else " ", bare)


def figures(answers: list[Any], different: int, found: Found, left_out: int) -> dict[str, Any]:
    kinds = Counter(found.known.values())
    return {
        "routes with a page": len({answer.name for answer in answers}),
        "routes left out, each with its reason in tests/pages.py": left_out,
        "people": len({answer.someone.name for answer in answers}),
        "pages (route, person, method; the same page once)": len(answers),
        "of these answers to an empty form": sum(answer.method == "POST" for answer in answers),
        "of these refusals and pages that are not there": sum(
            answer.response.status_code >= 400 for answer in answers
        ),
        "of these different in more than words and numbers, each looked at": different,
        "menus looked at open (each different one once)": kinds["menu"],
        "dialogs looked at open (each different one once)": kinds["dialog"],
        "faults that a script shows (each different one once)": kinds["error"],
        "looks in the light theme": found.looks["light"],
        "looks at the colours of the dark theme": found.looks["dark"],
        "violations of WCAG 2.2 A and AA": len(found.faults),
    }


def _shown(world: Any, answer: Any) -> Shown:
    """With what its scripts ask for when the palette or the saved replies are opened."""
    from tests.matrix import ask

    found = {}
    for address in set(OPTIONS.findall(answer.response.content.decode())):
        response = ask(world, answer.someone, "GET", html.unescape(address), as_part=True)
        if response.status_code == 200:
            found[address.partition("?")[0]] = response.content
    given = answer.response
    return Shown(str(answer), answer.path, given.content, dict(given.headers), found)


def look(page: Any, here: Any, found: Found) -> Iterator[str]:
    """What axe finds on the page as it is, and with each of its menus and dialogs open; what
    other pages had, too, is looked at once."""
    page.evaluate(OPEN_ALL)
    yield from _both(page, found, "the page")
    yield from _opened(page, found)
    for state in STATES:
        if page.locator(state.wants).count() and not page.locator("dialog[open]").count():
            state.reach(page, here)
            part = page.locator(state.part).first
            yield from _part(page, found, state.kind, state.name, part)
            page.evaluate(CLOSE_ALL)
    yield from _opened(page, found)


def _opened(page: Any, found: Found) -> Iterator[str]:
    for kind, all_of_them in (("menu", "details.menu"), ("dialog", "dialog[id]")):
        for number, one in enumerate(page.locator(all_of_them).all()):
            if one.evaluate(OPEN):
                yield from _part(page, found, kind, f"{kind} {number}", one)
            page.evaluate(CLOSE_ALL)


def _part(page: Any, found: Found, kind: str, name: str, part: Any) -> Iterator[str]:
    same = name.partition(" ")[0] + part.evaluate(SAME)
    if same in found.known:
        return
    found.known[same] = kind
    yield from _both(page, found, name, part.element_handle())


def _both(page: Any, found: Found, what: str, within: Any = None) -> Iterator[str]:
    """In both themes; what does not depend on colours only once."""
    from tests import axe

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found.looks[scheme] += 1
        for fault in axe.staged(page, only_colours=scheme == "dark", within=within):
            yield f"{what}, {scheme}: {fault}"
