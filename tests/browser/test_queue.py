"""The queue by keyboard alone: select a range, change it, take it back, snooze; and what needs no script."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import axe
from tests.browser.test_desk import desk, focused, pytestmark  # noqa: F401
from tickets import actions
from tickets.models import Ticket


def test_a_range_is_selected_assigned_undone_and_snoozed_by_keys(desk, open_ticket, cast):  # noqa: F811
    tickets = [open_ticket(subject=f"Number {n}", priority=4) for n in range(1, 7)]
    page = desk()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator(".toolbar__end").first).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-picked]")).to_have_text("3 selected")
    actions.prioritize(tickets[0], 1, by=cast.sue)
    actions.prioritize(tickets[2], 3, by=cast.sue)  # news come in: nothing that was ticked is lost
    page.evaluate("document.dispatchEvent(new Event('news:ask'))")
    expect(page.locator(f"#t{tickets[2].pk} .queue__priority")).to_contain_text("High")
    expect(page.locator("[data-picked]")).to_have_text("3 selected")
    assert focused(page) == "Number 4"
    page.keyboard.press("s")
    expect(page.locator("#bulk .menu[open]")).to_contain_text("On hold")
    assert [fault["id"] for fault in axe.faults(page)] == []
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    expect(page.locator(".toast")).to_contain_text("3 changed")
    expect(page.locator("#bulk")).to_be_hidden()
    owned = Ticket.objects.filter(assignee=cast.mira).order_by("pk")
    assert list(owned) == tickets[1:4]
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("3 put back")
    assert not owned.all().exists()

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("h")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("1 changed")
    assert Ticket.objects.filter(snoozed_until__isnull=False).count() == 1
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("1 put back")
    assert not Ticket.objects.filter(snoozed_until__isnull=False).exists()
