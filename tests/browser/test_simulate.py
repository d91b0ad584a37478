"""Trying rules on past tickets and watching long work, by keyboard only, with and without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from sla import actions as sla_actions
from sla.models import Clock
from tests import axe
from tests.browser.test_desk import cookie
from tickets import actions, jobs
from tickets.models import Job, JobState

pytestmark = pytest.mark.browser
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def past(cast, open_ticket):
    """A month of tickets in two teams, answered later and later; under the default policy, 4 h."""
    sla_actions.install_defaults()
    for number in range(30):
        at = MONDAY + timedelta(days=number % 5 + 7 * (number // 10), minutes=11 * number)
        team, agent = ((cast.billing, cast.mira), (cast.tech, cast.gus))[number % 3 == 0]
        ticket = open_ticket(at=at, subject=f"Past {number}", team=team, priority=2 + number % 2)
        answer = at + timedelta(minutes=13 * (number + 1))
        actions.reply(ticket, "Here it is.", by=agent, channel="desk", then="resolved", at=answer)


@pytest.fixture
def sue(live_server, page: Page, cast) -> Page:
    page.context.add_cookies(cookie(cast.sue, live_server.url))
    return page


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the element with these words has the focus."""
    for _press in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(node => node.getAttribute('aria-label') || node.labels?.[0]?.innerText || node.innerText || '')"
            "(document.activeElement)"
        )
        if words in name:
            return
    raise AssertionError(f"Tab never came to “{words}”")


def work_off() -> None:
    """What the worker does."""
    for pk in list(Job.objects.exclude(state=JobState.DONE).values_list("pk", flat=True)):
        while jobs.run(pk):
            pass


def test_a_saved_policy_is_tried_by_keyboard_and_the_result_comes_by_itself(live_server, sue, past):
    sue.goto(f"{live_server.url}/setup/hours/")
    tab_to(sue, "Try on past tickets")
    sue.keyboard.press("Enter")
    expect(sue.get_by_role("heading", level=1)).to_have_text("Try on past tickets")
    tab_to(sue, "Opened from")
    sue.keyboard.type("01012026")
    tab_to(sue, "Opened to")
    sue.keyboard.type("12122026")
    sue.keyboard.press("Enter")
    expect(sue.get_by_text("Waits for a worker.")).to_be_visible()
    tab_to(sue, "Cancel this work")
    work_off()
    expect(sue.get_by_role("heading", name="No promise would have come out otherwise.")).to_be_visible()
    expect(sue.locator("#say")).to_have_text("Done")
    assert sue.evaluate("document.activeElement.id") == "job-action"


def test_a_draft_is_tried_in_a_new_tab_and_stays_in_its_form(live_server, sue, past):
    sue.goto(f"{live_server.url}/setup/hours/")
    tab_to(sue, "Standard support")
    sue.keyboard.press("Enter")
    field = sue.get_by_label(re.compile("First reply.*Normal")).first
    tab_to(sue, field.get_attribute("aria-label") or "First reply")
    sue.keyboard.press("Control+a")
    sue.keyboard.type("1 h")
    tab_to(sue, "Opened from")
    sue.keyboard.type("01012026")
    tab_to(sue, "Opened to")
    sue.keyboard.type("12122026")
    tab_to(sue, "(in a new tab)")
    with sue.context.expect_page() as opened:
        sue.keyboard.press("Enter")
    result = opened.value
    expect(result.get_by_text("Waits for a worker.")).to_be_visible()
    work_off()
    expect(result.get_by_role("heading", name="more promises would have been missed")).to_be_visible()
    assert field.input_value() == "1 h"
    tab_to(result, "#1")
    number = result.evaluate("document.activeElement.innerText")
    result.keyboard.press("Enter")
    expect(result.get_by_role("heading", level=1)).to_contain_text(number)


@pytest.fixture
def result(cast, past) -> str:
    """The path of a finished simulation in which much changes."""
    policy = sla_actions.install_defaults()[1]
    spec = policy.latest.spec
    soon = {str(level): {"seconds": 3600, "basis": "working"} for level in (1, 2, 3, 4)}
    late = {str(level): {"seconds": 360_000, "basis": "calendar"} for level in (1, 2, 3, 4)}
    draft = {**spec, "targets": {**spec["targets"], "first_response": soon, "resolution": late}}
    month = {"since": MONDAY, "until": MONDAY + timedelta(days=31)}
    job = sla_actions.simulate(cast.sue, policies=[(policy, draft)], **month)
    work_off()
    return f"/setup/jobs/{job.pk}/"


def test_the_pages_are_readable_in_both_themes_and_on_every_screen(live_server, sue, cast, result):
    policy = sla_actions.install_defaults()[1]
    waiting = sla_actions.recompute_open(cast.sue, policy=policy)
    Job.objects.filter(pk=waiting.pk).update(state="running", done=1200, total=5000)
    failed = sla_actions.recompute_open(cast.sue, policy=policy)
    Job.objects.filter(pk=failed.pk).update(state="failed", fault="KeyError: 7", done=3, total=9)
    paths = [result, "/setup/jobs/", "/setup/jobs/simulate/"]
    paths += [f"/setup/jobs/{job.pk}/" for job in (waiting, failed)]
    found = []
    for path in paths:
        for theme in ("light", "dark"):
            sue.context.add_cookies([{"name": "look", "value": theme, "url": live_server.url}])
            sue.goto(live_server.url + path)
            for details in sue.locator("main details").all():
                details.evaluate("node => { node.open = true }")
            seen = axe.faults(sue, only_colours=theme == "dark")
            found += [(path, theme, fault["id"]) for fault in seen]
        for width in (320, 390, 768, 1280):
            sue.set_viewport_size({"width": width, "height": 800})
            if sue.evaluate(SIDEWAYS):
                found.append((path, width, "scrolls sideways"))
    assert found == []


@pytest.mark.tampers
def test_what_was_put_aside_is_readable_and_tried_again_by_keyboard(live_server, page: Page, cast, past):
    Clock.objects.filter(metric="resolution").update(
        fault="IntegrityError: a number was taken twice", faults=3, next_check_at=timezone.now()
    )
    page.context.add_cookies(cookie(cast.root, live_server.url))
    found = []
    for theme in ("light", "dark"):
        page.context.add_cookies([{"name": "look", "value": theme, "url": live_server.url}])
        page.goto(f"{live_server.url}/setup/faults/")
        seen = axe.faults(page, only_colours=theme == "dark")
        found += [(theme, fault["id"]) for fault in seen]
    page.set_viewport_size({"width": 320, "height": 800})
    assert (found, page.evaluate(SIDEWAYS)) == ([], False)
    tab_to(page, "Try all again")
    page.keyboard.press("Enter")
    expect(page.get_by_text("All clocks are checked again now")).to_be_visible()


def test_work_is_cancelled_without_scripts(live_server, browser: Browser, cast, past):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookie(cast.sue, live_server.url))
    page = context.new_page()
    job = sla_actions.recompute_open(cast.sue)
    page.goto(f"{live_server.url}/setup/jobs/{job.pk}/")
    page.get_by_role("link", name="Look again").click()
    page.get_by_role("button", name="Cancel this work").click()
    expect(page.get_by_text("What was done before stays done.")).to_be_visible()
    page.get_by_role("button", name="Take it up again").click()
    expect(page.get_by_text("Waits for a worker.")).to_be_visible()
    context.close()
