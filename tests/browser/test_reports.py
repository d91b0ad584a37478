"""Reports and the survey page in a real browser: readable, operable, and nothing recorded without a click."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from feedback import actions as feedback
from feedback import queries
from feedback.models import Answer, Survey
from tests import axe
from tests.browser.test_desk import cookie
from tests.helpdesk.reports.conftest import NOVEMBER, fill_november, story
from tests.surveyed import resolve
from tickets import actions

__all__ = ["resolve", "story"]
pytestmark = pytest.mark.browser

REPORTS = [
    "/reports/",
    f"/reports/first-response/?{NOVEMBER}",
    f"/reports/sla/?{NOVEMBER}",
    f"/reports/feedback/?{NOVEMBER}",
    f"/reports/workload/?{NOVEMBER}",
    f"/reports/mine/?{NOVEMBER}",
    f"/reports/tickets/?report=first-response&{NOVEMBER}",
    "/reports/first-response/?from=2020-01-01&to=2020-01-02",
]
SMALLEST = """[...document.querySelectorAll('svg[role=img] text')]
    .filter(node => node.getClientRects().length)
    .map(node => parseFloat(getComputedStyle(node).fontSize))
    .reduce((a, b) => Math.min(a, b), 99)"""
UNNAMED = """[...document.querySelectorAll('svg[role=img]')].filter(node =>
    (node.getAttribute('aria-labelledby') || '').split(' ')
        .filter(id => document.getElementById(id)?.textContent.trim()).length < 2).length"""
WITHOUT_TABLE = """[...document.querySelectorAll('svg[role=img]')].filter(node =>
    !node.closest('figure, section, .card')?.querySelector('table tbody td')).length"""


@pytest.fixture
def month(cast, story) -> None:
    fill_november(cast, story)


@pytest.fixture
def sue(live_server, page: Page, cast) -> Page:
    page.context.add_cookies(cookie(cast.sue, live_server.url))
    return page


def test_ux39_charts_are_named_have_a_table_and_are_readable_on_every_screen_and_in_both_themes(
    live_server, sue, month
):
    found = []
    for path in REPORTS:
        # In light test_every_page.py looks at the others.
        for theme in ("light", "dark") if path in REPORTS[1:5:2] else ("dark",):
            sue.context.add_cookies([{"name": "look", "value": theme, "url": live_server.url}])
            sue.goto(live_server.url + path)
            for details in sue.locator("details:not(.menu)").all():
                details.evaluate("node => { node.open = true }")
            seen = axe.faults(sue, only_colours=theme == "dark")
            found += [(path, theme, fault["id"]) for fault in seen]
        for width in (320, 390, 768, 1280):
            sue.set_viewport_size({"width": width, "height": 800})
            over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            if sue.evaluate(over) > 0:
                found.append((path, width, "scrolls sideways"))
            if sue.evaluate(SMALLEST) < 12:
                found.append((path, width, "type below 12 px"))
        if sue.evaluate(UNNAMED):
            found.append((path, "a chart without name or description"))
        if sue.evaluate(WITHOUT_TABLE):
            found.append((path, "a chart without its table"))
    assert found == []


def test_ux01_each_report_works_without_scripts(live_server, browser: Browser, cast, month):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookie(cast.sue, live_server.url))
    page = context.new_page()
    page.goto(f"{live_server.url}/reports/first-response/?{NOVEMBER}")
    page.get_by_label("Team").select_option(label="Tech")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".finding")).to_contain_text("4 of 4 tickets have an answer")
    page.get_by_role("link", name="n = 4").click()
    expect(page.get_by_text("4 rows")).to_be_visible()
    for path in ("/reports/", "/reports/sla/", "/reports/feedback/", "/reports/mine/"):
        page.goto(f"{live_server.url}{path}?{NOVEMBER}")
        name = page.locator("h1").inner_text()
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("h1")).to_have_text(name)
    context.close()


@pytest.fixture
def link(live_server, cast, resolve) -> str:
    """The link of a survey that was sent a moment ago."""
    actions.prove_address(cast.priya)
    survey = resolve(at=timezone.now() - timedelta(days=1))
    feedback.invite(survey, at=timezone.now())
    return live_server.url + queries.invitation(survey.pk)["path"]


def test_a_scanner_with_scripts_records_nothing(page: Page, link):
    for query in ("", *(f"?score={score}" for score in range(1, 6))):
        page.goto(link + query)
        page.wait_for_load_state("networkidle")
    assert Survey.objects.get().state == Survey.State.INVITED
    assert not Answer.objects.exists()


def test_ux01_a_customer_rates_without_scripts_and_changes_it(browser: Browser, link):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(link + "?score=4")
    expect(page.get_by_role("radio", name="4 Good")).to_be_checked()
    page.get_by_label("Anything to add?").fill("Fine.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you. You can change this until")).to_be_visible()
    page.get_by_role("link", name="Change the answer").click()
    page.get_by_role("radio", name="2 Poor").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("2 Poor")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
    assert list(Answer.objects.order_by("pk").values_list("score", "comment")) == [(4, "Fine."), (2, "Fine.")]


def test_the_survey_is_answered_by_keyboard_and_has_no_fault(page: Page, link):
    page.emulate_media(color_scheme="dark")
    page.goto(link)
    found = axe.faults(page)
    page.get_by_role("radio", name="1 Very poor").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert found + axe.faults(page) == []
    assert Answer.objects.get().score == 3
