"""Asking somebody outside, by keyboard in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.axe import faults
from tests.browser.test_desk import desk
from tickets import actions
from tickets.models import SideTalk

__all__ = ["desk"]
pytestmark = pytest.mark.browser


def test_it_is_asked_by_keyboard_taken_back_and_told_apart(desk, cast, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.keyboard.press("m")
    page.get_by_role("link", name="Ask outside").press("Enter")
    expect(page.locator("h1")).to_have_text("Ask outside")
    assert faults(page) == []
    page.get_by_label("Email address").fill("kim@supplier.example")
    page.get_by_label("Your words").fill("When does the part come?")
    page.reload()  # closed by mistake: what was typed is there again
    expect(page.locator("[data-kept]")).to_contain_text("What you had written here is back.")
    expect(page.get_by_label("Email address")).to_have_value("kim@supplier.example")
    expect(page.get_by_label("Your words")).to_have_value("When does the part come?")
    page.locator("input[name=quote]").first.press("Space")
    page.get_by_label("Your words").press("Tab")
    page.get_by_role("button", name="Send outside").press("Enter")

    side = page.get_by_role("region", name="Outside: kim@supplier.example")
    expect(side).to_contain_text("When does the part come?")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:'))") == []
    side.get_by_role("button", name="Take back").press("Enter")
    expect(page.get_by_label("Your words")).to_have_value("When does the part come?")
    assert page.locator("input[name=quote]").first.is_checked()
    page.get_by_role("button", name="Send outside").press("Enter")

    actions.hear_outside(SideTalk.objects.latest("pk"), "On Friday.")
    page.reload()
    expect(side).to_contain_text("On Friday.")
    assert faults(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert faults(page, only_colours=True) == []
