"""Every page of the product in a real browser, each looked at once: what must hold on all of them.

Each route is shown to the most powerful person who gets a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import axe
from tests.matrix import Someone, World, ask, passing_world
from tests.matrix_rows import ROWS
from tests.pages import NO_PAGE, Answer, is_page, is_without_page, pages
from tests.shown import stage

pytestmark = pytest.mark.browser
LONG = ("api:docs",)
"""A page of thousands of elements, which would take as long as all the others."""
WALKED = ("desk:queue", "desk:ticket", "reports:first-response", "portal:ticket", "setup:hours_policy")
FOR_CUSTOMERS = ("portal:", "surveys:")
SMALL = """() => [...document.querySelectorAll('a, button, summary, input, select, textarea')]
    .filter(it => it.getClientRects().length && !it.closest('.skip, .check'))
    .filter(it => !it.matches('p a, .case__title a') && getComputedStyle(it).clipPath === 'none')
    .filter(it => (it.closest('label') || it).getBoundingClientRect().height < 43.5)
    .map(it => it.outerHTML.slice(0, 120))"""
MOVING = """() => [...document.querySelectorAll('*')].flatMap(it => [it, '::before', '::after'].map(part => {
    const style = part === it ? getComputedStyle(it) : getComputedStyle(it, part);
    return [style.transitionDuration, style.animationDuration].some(
        time => time.split(', ').some(each => parseFloat(each) > 0)) ? it.outerHTML.slice(0, 80) : '';
    })).filter(Boolean)"""
STOP = """() => {
    const it = document.activeElement;
    if (it === document.body) return null;
    const back = window.before && window.before !== it && !(window.before.compareDocumentPosition(it) & 4);
    window.before = it;
    const box = it.getBoundingClientRect(), middle = box.top + Math.min(box.height, innerHeight) / 2;
    const seen = [0.5, 0.1, 0.9].some(part => {
        const top = document.elementFromPoint(box.left + box.width * part, middle);
        const own = [it, ...it.labels || []].some(one => one.contains(top));
        return top && (own || top.contains(it));
    });
    return [it.outerHTML.slice(0, 120), seen, Boolean(back) || it.tabIndex > 0];
}"""
REORDERED = """() => [...document.querySelectorAll('main *')].filter(it => it.getClientRects().length)
    .filter(it => it.matches(CONTROLS) || it.querySelector(CONTROLS))
    .filter(it => [getComputedStyle(it)].some(
        css => css.order !== '0' || css.flexDirection.endsWith('reverse')))
    .map(it => it.outerHTML.slice(0, 120))""".replace("CONTROLS", "'a, button, input, select, textarea'")
REGIONS = {
    "desk:queue": [".topbar", ".rail", "h1", "#newsbar", "#queue"],
    "desk:ticket": [
        ".ticket__place",
        "h1",
        ".ticket__props",
        ".ticket__clocks",
        "#talk",
        "#composer",
        ".panel",
    ],
    "reports:first-response": ["h1", "form.filters", ".finding"],
}
IN_ORDER = """names => { const all = names.map(name => document.querySelector(name));
    return all.every(Boolean) && all.slice(1).every((it, at) => all[at].compareDocumentPosition(it) & 4); }"""
BARE = """() => [...document.querySelectorAll('.chip, .status, .clock')]
    .filter(it => it.getClientRects().length)
    .filter(it => !it.querySelector('svg') && !parseFloat(getComputedStyle(it).borderTopWidth))
    .map(it => it.outerHTML.slice(0, 120))"""
RING = """it => { it.focus(); const style = getComputedStyle(it);
    return [style.outlineStyle, parseFloat(style.outlineWidth)]; }"""
EDGES = """it => { const style = getComputedStyle(it);
    return ['Top', 'Right', 'Bottom', 'Left'].map(side => style[`border${side}Color`]).join(' '); }"""
EMPTY = ("meta", "link", "input", "br", "img", "hr", "use", "path", "source", "wbr", "col")
"""Elements without an end."""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Got:
    """What the pages answered, and which addresses of parts are torn when they are opened by themselves."""

    answers: list[Answer]
    parts: int = 0
    torn: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def got(django_db_setup: None, django_db_blocker: Any) -> Got:
    """All of it is asked before a page is shown: a running browser gives this thread another connection."""
    with django_db_blocker.unblock(), passing_world() as world:
        found = Got(list(pages(world)))
        tried: set[tuple[str, str]] = set()
        for answer in found.answers:
            for path in _Parts(answer.response.content.decode()).found:
                if (answer.someone.name, path) not in tried:
                    tried.add((answer.someone.name, path))
                    if not _is_whole(world, answer.someone, path):
                        found.torn.append((answer.name, path))
        found.parts = len(tried)
    return found


def _is_whole(world: World, someone: Someone, path: str) -> bool:
    """Whether the address, opened by itself, is or leads to a page."""
    response = ask(world, someone, "GET", path)
    while response.status_code in (302, 303):
        response = ask(world, someone, "GET", response["Location"])
    return is_page(response) and b"<h1" in response.content


@pytest.fixture(scope="module")
def answers(got: Got) -> list[Answer]:
    return got.answers


@pytest.fixture(scope="module")
def seen(browser: Browser, answers: list[Answer]) -> dict[str, list[Any]]:
    """What was wrong, by the line of the checklist, after one look at each page. Axe looks at those that have
    something new: an element of a kind that stood on no page before (`bin/drill axe` has it look at all, as
    everybody who may see them)."""
    faults: dict[str, list[Any]] = {
        line: [] for line in ("axe", "narrow", "small", "moving", "said", "asked")
    }
    known: set[Any] = set()
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    with stage() as here:
        page.on("request", lambda asked: _note(faults["asked"], asked.url, here.address))
        page.on("console", lambda said: faults["said"].append(said.text) if said.type == "error" else None)
        for answer in answers:
            if answer.name in LONG:
                continue
            here.show(page, answer.path, answer.response)
            kinds = _Kinds(answer.response.content.decode()).found
            if not kinds <= known:
                known |= kinds
                faults["axe"] += [(answer.name, fault) for fault in axe.staged(page)]
            _look(page, answer, faults)
    context.close()
    return faults


def _note(where: list[Any], url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:")):
        where.append(url)


def _look(page: Page, answer: Answer, faults: dict[str, list[Any]]) -> None:
    name = answer.name
    if name in WALKED:
        faults["moving"] += [(name, what) for what in page.evaluate(MOVING)]
        page.emulate_media(color_scheme="dark")
        faults["axe"] += [(name, "dark", fault) for fault in axe.staged(page, only_colours=True)]
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 800})
    if over := page.evaluate(SIDEWAYS):
        faults["narrow"].append((str(answer), over))
    if name.startswith(FOR_CUSTOMERS):
        faults["small"] += [(name, what) for what in page.evaluate(SMALL)]
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.django_db
def test_every_route_with_a_page_was_looked_at(answers):
    routes = {name for name, rows in ROWS.items() if any(row.get for row in rows)}
    assert {name for name in routes if not is_without_page(name)} == {answer.name for answer in answers}
    assert {name for name in NO_PAGE if not name.endswith("*")} <= ROWS.keys()


def test_ux02_every_address_that_a_page_asks_for_parts_of_is_a_whole_page(got):
    assert got.torn == []
    assert got.parts > 10


class _Parts(HTMLParser):
    """The addresses of which a page may fetch parts, and what stands around its live regions."""

    NAMES = ("hx-get", "data-news", "data-there", "data-alerts", "data-options")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.regions: dict[str, list[dict[str, str | None]]] = {}
        self.targets: set[str] = set()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [value for name, value in attrs if name in self.NAMES and value]
        self.targets |= {(given.get("hx-target") or "").removeprefix("#")}
        if given.get("id") in ("say", "alert"):
            self.regions[given["id"] or ""] = [around for _tag, around in self._open] + [given]
        if tag not in EMPTY:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while any(each == tag for each, _given in self._open):
            if self._open.pop()[0] == tag:
                break


class _Kinds(HTMLParser):
    """The kinds of elements on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[Any] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found.add((tag, *(given.get(name) or "" for name in ("class", "type", "role"))))


def test_ux03_axe_finds_nothing_on_any_page(seen):
    assert seen["axe"] == []


def test_ux04_at_320_pixels_no_page_scrolls_sideways(seen):
    assert seen["narrow"] == []


def test_ux09_the_live_regions_are_there_at_load_outside_every_target(answers):
    faults = []
    for answer in answers:
        parts = _Parts(answer.response.content.decode())
        for name, role in (("say", "status"), ("alert", "alert")):
            around = parts.regions.get(name)
            if not around or around[-1].get("role") != role:
                faults.append((str(answer), name, "is missing"))
            elif any(each.get("id") in parts.targets - {""} or "hx-get" in each for each in around):
                faults.append((str(answer), name, "may be swapped away"))
    assert faults == []


def test_ux13_no_target_is_smaller_than_24_pixels_nor_44_for_customers(seen):
    """At the desk as WCAG 2.2 (2.5.8) counts it, with its exception for what stands far enough apart."""
    assert [fault for fault in seen["axe"] if "target-size" in fault[-1]] == []
    assert seen["small"] == []


def test_ux14_with_reduced_motion_nothing_moves(seen):
    assert seen["moving"] == []


def test_ux40_no_request_leaves_the_host_and_the_strict_policy_passes(seen, answers):
    assert seen["asked"] == []
    assert seen["said"] == []
    for answer in answers:
        policy = answer.response["Content-Security-Policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy, answer
        assert "unsafe" not in policy, answer


# --- some pages, by keyboard and without colours --------------------------------------------------------


@pytest.fixture(scope="module")
def screen(browser: Browser, answers: list[Answer]) -> Iterator[Callable[[str], Page]]:
    """Show the page of a route in a low window, in which bars that stay in place could cover much."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 480}, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    with stage() as here:

        def show(name: str) -> Page:
            answer = next(answer for answer in answers if answer.name == name)
            here.show(page, answer.path, answer.response)
            return page

        yield show
    context.close()


@pytest.fixture(scope="module")
def walked(screen: Callable[[str], Page]) -> dict[str, list[Any]]:
    """The Tab stops of some pages: what it is, whether it is seen, whether it lies before the last one."""
    found = {}
    for name in WALKED:
        page = screen(name)
        stops: list[Any] = []
        while len(stops) < 120:
            page.keyboard.press("Tab")
            stop = page.evaluate(STOP)
            if stop is None or (stops and stop[0] == stops[0][0]):
                break
            stops.append(stop)
        found[name] = stops
    return found


def test_ux05_every_tab_stop_is_seen_and_never_under_a_bar(walked):
    assert [(name, what) for name in WALKED for what, seen, _back in walked[name] if not seen] == []
    assert all(len(walked[name]) > 5 for name in WALKED)


def test_ux06_the_order_of_tab_is_that_of_reading(walked, screen):
    assert [(name, what) for name in WALKED for what, _seen, back in walked[name] if back] == []
    for name, regions in REGIONS.items():
        page = screen(name)
        assert page.evaluate(IN_ORDER, regions), name
        assert page.evaluate(REORDERED) == [], name


def test_ux08_closing_a_menu_or_a_dialog_gives_the_focus_back_to_its_opener(screen):
    for name in ("desk:queue", "desk:ticket"):
        page = screen(name)
        for opener in page.locator("details.menu > summary:visible").all():
            opener.press("Enter")
            page.keyboard.press("Tab")
            page.keyboard.press("Escape")
            expect(opener).to_be_focused()
        for key, dialog in (("?", "#keys"), ("Control+k", "#palette")):
            opener = page.locator("main a:visible").first
            opener.press(key)
            expect(page.locator(dialog)).to_be_visible()
            page.keyboard.press("j")  # the keys of the page behind it rest
            page.keyboard.press("Escape")
            expect(page.locator(dialog)).to_be_hidden()
            expect(opener).to_be_focused()


def test_ux12_forced_colours_keep_chips_focus_and_selection(screen):
    for name in ("desk:queue", "desk:ticket"):
        page = screen(name)
        page.emulate_media(forced_colors="active")
        assert page.evaluate(BARE) == []
        for what in ("main a:visible", "main button:visible", "main summary:visible", "main input:visible"):
            if page.locator(what).count():
                line, width = page.locator(what).first.evaluate(RING)
                assert (line, width >= 2) == ("solid", True), (name, what)
        current = page.locator(".rail [aria-current], .areas [aria-current], .composer__tab[aria-current]")
        others = page.locator(".rail a:not([aria-current]), .areas a:not([aria-current])")
        plain = others.first.evaluate(EDGES)
        for number in range(current.count()):
            if current.nth(number).is_visible():
                assert current.nth(number).evaluate(EDGES) != plain, name
        page.emulate_media(forced_colors="none")
