"""Lines that run from right to left: the portal in the direction of Arabic, though in English words."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from helpdesk import guests
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_portal_pages_run_from_right_to_left_without_overflow(
    page: Page, live_server, settings, cast: Cast, ticket: Ticket
) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    settings.PUBLIC_URL = live_server.url
    actions.reply(ticket, "Could you confirm your account?", by=cast.mira, channel="desk", then="waiting")
    house = str(live_server.url)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "ar", "url": house}])
    page.goto(guests.make_link(ticket, cast.priya))
    for path in (page.url, f"{house}/", f"{house}/new/", f"{house}/accounts/login/"):
        page.goto(path)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            direction, over = page.evaluate(
                "() => [getComputedStyle(document.body).direction,"
                " document.documentElement.scrollWidth - document.documentElement.clientWidth]"
            )
            assert (direction, over) == ("rtl", 0), (path, width)
    start = page.locator(".brand").first.bounding_box()
    assert start is not None
    assert start["x"] > 400  # what is read first stands at the right
