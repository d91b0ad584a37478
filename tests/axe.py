"""What axe finds wrong with a page for people who see, hear or move differently."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose answer depends on the colours of a theme. All others look at the structure alone."""


def faults(page: Page, *, only_colours: bool = False) -> list[dict[str, Any]]:
    """The violations, with `id` and `nodes` each. `only_colours`: it was seen whole in another theme."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only_colours:
        options["runOnly"] = COLOURS
    return list(Axe().run(page, options=options).response["violations"])
