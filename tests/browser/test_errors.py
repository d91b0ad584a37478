"""An error page in a real browser."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_missing_page_is_shown_with_its_style_and_a_way_on(live_server, page: Page):
    page.goto(f"{live_server.url}/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    expect(page.get_by_role("link", name="Go to the start page")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.plain__card')).padding") != "0px"
