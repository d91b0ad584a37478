"""The palette by keyboard alone, with the character keys switched off, and its link without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import axe
from tests.browser.test_desk import cookie, desk  # noqa: F401 - a fixture
from tickets import actions

pytestmark = pytest.mark.browser


def test_ux15_with_character_keys_off_the_palette_does_everything(desk, ticket, cast, live_server, browser):  # noqa: F811
    actions.assign(ticket, cast.mira, by=cast.sue)
    page = desk(f"/desk/tickets/{ticket.pk}/", look="system.comfortable.nokeys")
    for key in ("j", "e", "n", "?", "/"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")

    page.locator("#prop-status").focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Do, go to or find")
    expect(field).to_be_focused()
    first = page.locator("#palette [role=option]").first
    expect(first).to_have_text("Reply to Priya")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", first.get_attribute("id"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    found = axe.faults(page)
    assert [(fault["id"], [node["html"][:160] for node in fault["nodes"]][:2]) for fault in found] == []
    # What has a key on the page is offered, all of it.
    offered = page.locator("#palette [role=option]").evaluate_all("all => all.map(one => one.dataset.shown)")
    on_page = page.evaluate(
        "[...document.querySelectorAll('[data-key]')].filter(one => !one.closest('dialog'))"
        ".map(one => one.dataset.key)"
    )
    assert set(on_page) - set(offered) == set()

    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("#prop-status")).to_be_focused()

    # Enter before the answer came runs what was typed, not what stood there before.
    page.keyboard.press("Control+k")
    page.keyboard.type("resol")
    page.keyboard.press("Enter")
    expect(page.locator("#prop-status")).to_contain_text("Resolved")

    # From the queue it acts on the ticket whose row has the focus, by the same address.
    page.goto(live_server.url + "/desk/?view=open")
    page.goto(live_server.url + "/desk/search/?q=refund+is:resolved")
    page.locator("[data-row-link]").first.focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("reopen")
    expect(page.locator("#palette [role=option]").first).to_have_text("Reopen")
    page.keyboard.press("Enter")
    expect(page.locator("#prop-status")).to_contain_text("Open")

    # Words go to people and tickets; the last option asks the whole search.
    page.keyboard.press("Control+k")
    page.keyboard.type("priya")
    expect(page.locator("#palette [role=option]", has_text="Priya Nair").first).to_be_visible()
    expect(page.locator("[data-palette-told]")).to_contain_text("result")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/search/?q=priya")

    bare = browser.new_context(java_script_enabled=False)
    bare.add_cookies(cookie(cast.mira, live_server.url))
    plain = bare.new_page()
    plain.goto(live_server.url + "/desk/")
    plain.locator(".topbar__end summary").click()
    plain.locator("[data-palette-link]:visible").click()
    expect(plain.locator("h1")).to_have_text("Search")
    bare.close()
