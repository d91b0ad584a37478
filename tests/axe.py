"""What axe finds wrong with a page for people who see, hear or move differently."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose answer depends on the colours of a theme. All others look at the structure alone."""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""The rules of WCAG 2.2, levels A and AA."""
SAID: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
"""What axe is to say. It does not load all styles and media once more: only two rules would ask for that, an
experiment that is off, and sound that plays by itself, which no page has."""
_RUN = """([where, options]) => axe.run(where || document, options).then(result => result.violations.map(
    each => [each.id, each.nodes.length, each.nodes[0].html.slice(0, 160)].join(" ")))"""


def faults(page: Page, *, only_colours: bool = False) -> list[dict[str, Any]]:
    """The violations, with `id` and `nodes` each. `only_colours`: it was seen whole in another theme."""
    options = SAID | ({"runOnly": COLOURS} if only_colours else {})
    return list(Axe().run(page, options=options).response["violations"])


def staged(page: Page, *, only_colours: bool = False, within: Any = None) -> list[str]:
    """The violations of WCAG 2.2 A and AA on a page of `tests.shown`, which serves axe itself: in words.
    `within` is the handle of an element: nothing else is looked at."""
    if not page.evaluate("typeof axe === 'object'"):
        page.add_script_tag(url="/axe.js")
    run_only = COLOURS if only_colours else WCAG
    return list(page.evaluate(_RUN, [within, SAID | {"runOnly": run_only}]))
