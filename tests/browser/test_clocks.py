"""The sheet that says why, in a real browser and by keyboard only: read it, set a deadline, give it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from sla.models import Clock
from tests import axe
from tests.browser.test_desk import desk  # noqa: F401
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket

pytestmark = pytest.mark.browser


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _press in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def test_by_keyboard_why_is_read_a_deadline_set_and_given_back(
    desk: Callable[..., Page],  # noqa: F811
    cast: Cast,
    ticket: Ticket,
) -> None:
    actions.put_on_hold(ticket, by=cast.mira)
    actions.set_open(ticket, by=cast.mira)
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.keyboard.press("w")
    expect(page.locator("#clock-resolution table")).to_be_visible()
    expect(page.locator("#clock-resolution")).to_contain_text("Priya wrote")
    tab_to(page, "#deadline-resolution-summary")
    page.keyboard.press("Enter")
    tab_to(page, "#deadline-resolution")
    ahead = timezone.localtime(timezone.now() + timedelta(days=40))
    page.keyboard.type(f"{ahead:%m%d%Y}")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("1030AM")
    tab_to(page, "#deadline-resolution-reason")
    page.keyboard.type("Promised by phone")
    page.keyboard.press("Enter")
    expect(page.locator("#clock-resolution")).to_contain_text("set by hand by Mira")
    expect(page.locator("#clock-resolution table")).to_be_visible()
    clock = Clock.objects.get(ticket=ticket, metric="resolution")
    assert timezone.localtime(clock.due_at).strftime("%m%d%Y %H%M") == f"{ahead:%m%d%Y} 1030"
    assert axe.faults(page) == []
    tab_to(page, "#clock-resolution form[action*=release] button")
    page.keyboard.press("Enter")
    expect(page.locator("#clock-resolution")).not_to_contain_text("set by hand by Mira,")
    assert not Clock.objects.filter(due_set_at__isnull=False).exists()


def test_why_is_read_without_scripts(
    desk: Callable[..., Page],  # noqa: F811
    ticket: Ticket,
    browser,
) -> None:
    page = desk(f"/desk/tickets/{ticket.pk}/?why=1")
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(page.url)
    expect(plain.locator("#clock-resolution")).to_contain_text("Resolve")
    expect(plain.locator("#clock-resolution tfoot")).to_be_visible()
    context.close()
