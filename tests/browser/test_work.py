"""Work that comes by itself: the next ticket by one key, and the count that is live."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_desk import desk
from tickets import actions

__all__ = ["desk"]
pytestmark = pytest.mark.browser


def test_y_takes_the_next_ticket_and_g_n_leads_to_what_is_new(desk, cast, open_ticket):
    open_ticket(subject="Low", priority=1)
    open_ticket(subject="Urgent", priority=4)
    page = desk("/desk/?view=unassigned")
    page.keyboard.press("y")
    expect(page.locator("h1")).to_contain_text("Urgent")
    alerts = page.locator("#alerts")
    expect(alerts).to_have_accessible_name("Alerts, none unread")

    actions.reply(actions.assign(open_ticket(), cast.mira, by=cast.sue), "Hm?", by=cast.priya, channel="mail")
    page.evaluate("document.dispatchEvent(new CustomEvent('alerts:ask'))")
    expect(alerts).to_have_accessible_name("Alerts, 1 unread")

    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("Notifications")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Refund missing")
    expect(alerts).to_have_accessible_name("Alerts, none unread")
