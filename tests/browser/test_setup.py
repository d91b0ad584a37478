"""Calendars and policies in a real browser, by the keyboard alone: what a supervisor does with them."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from sla import actions
from sla.models import Policy
from tests.browser.test_desk import cookie
from tickets.models import Job

pytestmark = pytest.mark.browser
YEAR = timezone.now().year


@pytest.fixture
def world(cast):
    """A calendar, the policy for every ticket, and one before it."""
    calendar, standard = actions.install_defaults(zone="Europe/Berlin")
    spec = actions.default_policy()
    spec["conditions"] = [{"field": "team", "operator": "is", "values": [cast.tech.pk]}]
    return calendar, standard, actions.create_policy(
        "Tech", spec, calendar=calendar, by=None, before=standard
    )  # fmt: skip


@pytest.fixture
def sue(live_server, page: Page, cast, world) -> Page:
    page.context.add_cookies(cookie(cast.sue, live_server.url))
    page.goto(f"{live_server.url}/setup/hours/")
    return page


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the element with this accessible name has the focus."""
    for _press in range(150):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab never reached {name!r}; at last it was at {focused(page)!r}")


def focused(page: Page) -> str:
    """The accessible name of what has the focus, as far as our pages give names."""
    return page.evaluate("""() => {
        const node = document.activeElement, words = text => text.replace(/\\s+/g, ' ').trim();
        const label = node.getAttribute('aria-label') || node.labels?.[0]?.textContent || '';
        return words(label || node.textContent);
    }""")


def type_over(page: Page, text: str) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def names() -> list[str]:
    return list(Policy.objects.values_list("name", flat=True))


def test_a_policy_is_added_moved_tested_and_saved_by_the_keyboard(live_server, sue, world, open_ticket):
    open_ticket(priority=2)
    tab_to(sue, "Add a policy")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("New policy")
    tab_to(sue, "Name")
    sue.keyboard.type("Billing mail")
    tab_to(sue, "Add a condition on")
    sue.keyboard.type("channel")
    tab_to(sue, "Add")
    sue.keyboard.press("Enter")
    expect(sue.locator(".condition")).to_have_count(1)
    # The swap leaves the focus on the new row, not on the body.
    sue.wait_for_function("document.activeElement.name === 'c-0-operator'")
    tab_to(sue, "Email")
    sue.keyboard.press("Space")
    tab_to(sue, "First reply, Normal")
    sue.keyboard.type("45 min")
    tab_to(sue, "Check open tickets")
    sue.keyboard.press("Enter")
    expect(sue.locator(".saving__figure")).to_contain_text("due times change")
    expect(sue.locator(".saving__kinds")).to_contain_text("earlier")
    assert focused(sue) == "Check again"
    tab_to(sue, "Opened at")
    tab_to(sue, "Test")
    sue.keyboard.press("Enter")
    expect(sue.locator("#trial-answer")).to_contain_text("it gets Billing mail")
    expect(sue.locator("#trial-answer")).to_contain_text("45 min of working time")
    expect(sue.locator("#trial-answer")).to_be_in_viewport()
    tab_to(sue, "Add policy", back=True)
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("Calendars and SLA")
    assert names() == ["Tech", "Billing mail", "Standard support"]
    tab_to(sue, "Ask “Billing mail” earlier")
    sue.keyboard.press("Enter")
    expect(sue.locator("#toasts")).to_contain_text("“Billing mail” is asked earlier now")
    assert names() == ["Billing mail", "Tech", "Standard support"]
    assert focused(sue) == "Ask “Billing mail” later"
    sue.keyboard.press("Enter")
    expect(sue.locator(".policies__row").nth(1)).to_contain_text("Billing mail")
    assert names() == ["Tech", "Billing mail", "Standard support"]
    assert focused(sue) == "Ask “Billing mail” later"


def test_open_tickets_are_changed_after_a_dry_run_by_the_keyboard(live_server, sue, world, open_ticket):
    open_ticket(priority=2)
    _calendar, standard, _tech = world
    sue.goto(f"{live_server.url}/setup/hours/policies/{standard.pk}/")
    tab_to(sue, "First reply, Normal")
    type_over(sue, "1 h")
    sue.keyboard.press("Enter")  # looks, and saves nothing
    expect(sue.locator(".saving--seen")).to_be_visible()
    assert standard.latest.number == 1
    tab_to(sue, "Only tickets opened from now")
    sue.keyboard.press("ArrowDown")
    tab_to(sue, "Save policy")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).not_to_have_text("Standard support")
    assert standard.latest.number == 2
    assert Job.objects.get(kind="sla.recompute").arguments == {"policy": standard.pk}


def test_ux07_a_swap_never_leaves_the_focus_on_the_page(live_server, sue, world):
    calendar, standard, _tech = world
    tab_to(sue, "Test")
    sue.keyboard.press("Enter")
    expect(sue.locator("#trial-answer")).to_contain_text("it gets Standard support")
    assert focused(sue) == "Test"
    sue.goto(f"{live_server.url}/setup/hours/calendars/{calendar.pk}/")
    tab_to(sue, "Try")
    sue.keyboard.press("Enter")
    expect(sue.locator("#try")).to_contain_text("is due")
    assert focused(sue) == "Try"
    sue.goto(f"{live_server.url}/setup/hours/policies/{standard.pk}/")
    sue.locator(".levels > summary").first.focus()
    sue.keyboard.press("Enter")
    tab_to(sue, "Remove level 2 of First reply")
    sue.keyboard.press("Enter")
    expect(sue.locator(".level:visible")).to_have_count(1)
    assert focused(sue) == "First reply, level 1: when"


def test_what_is_wrong_takes_the_focus_and_leads_to_its_field(live_server, sue, world):
    _calendar, standard, _tech = world
    sue.goto(f"{live_server.url}/setup/hours/policies/{standard.pk}/")
    tab_to(sue, "Resolve, Urgent")
    type_over(sue, "0 h")
    tab_to(sue, "Save policy")
    sue.keyboard.press("Enter")
    expect(sue.locator("[data-problem]")).to_be_focused()
    sue.keyboard.press("Tab")
    sue.keyboard.press("Enter")
    assert focused(sue) == "Resolve, Urgent"
    assert sue.title().startswith("Error: ")


def test_a_calendar_is_edited_by_the_keyboard(live_server, sue, world):
    calendar = world[0]
    sue.goto(f"{live_server.url}/setup/hours/calendars/{calendar.pk}/?month={YEAR}-12")
    tab_to(sue, f"Later month: January {YEAR + 1}")
    sue.keyboard.press("Enter")
    expect(sue.locator("#month-head")).to_have_text(f"January {YEAR + 1}")
    assert focused(sue) == f"Later month: February {YEAR + 1}"
    tab_to(sue, "Edit hours", back=True)
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("Hours of Office hours")
    tab_to(sue, "Saturday")
    sue.keyboard.type("22:00-06:00")
    tab_to(sue, "Save hours")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("Office hours")
    assert calendar.latest.spec["hours"]["sat"] == [["22:00", "06:00"]]
    tab_to(sue, "Add an exception")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("An exception in Office hours")
    tab_to(sue, "Date")
    sue.keyboard.type(f"1212{YEAR}")
    tab_to(sue, "What it is")
    sue.keyboard.type("Half day")
    tab_to(sue, "Hours on that day (optional)")
    sue.keyboard.type("9-13")
    tab_to(sue, "Save exception")
    sue.keyboard.press("Enter")
    expect(sue.locator(".calendar")).to_contain_text("Half day")
    assert calendar.latest.spec["date_hours"] == {f"{YEAR}-12-12": [["09:00", "13:00"]]}


def test_public_holidays_and_a_file_come_in_by_the_keyboard(live_server, sue, world):
    calendar = world[0]
    sue.goto(f"{live_server.url}/setup/hours/calendars/{calendar.pk}/public/")
    tab_to(sue, "Country")
    sue.keyboard.type("Estonia")
    tab_to(sue, "Show holidays")
    sue.keyboard.press("Enter")
    expect(sue.locator("#days-head")).to_contain_text("days off")
    tab_to(sue, "Add holidays")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("Office hours")
    assert calendar.latest.spec["holidays"][f"{YEAR + 1}-02-24"] == "Independence Day"
    sue.goto(f"{live_server.url}/setup/hours/calendars/{calendar.pk}/file/")
    event = [
        "BEGIN:VEVENT",
        "UID:1@x",
        f"DTSTART;VALUE=DATE:{YEAR + 1}0914",
        "SUMMARY:Works outing",
        "END:VEVENT",
    ]
    body = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""])
    file = {"name": "off.ics", "mimeType": "text/calendar", "buffer": body.encode()}
    sue.locator("input[type=file]").set_input_files(file)  # the system's own dialog is not ours to drive
    tab_to(sue, "Read file")
    sue.keyboard.press("Enter")
    expect(sue.locator("#days-head")).to_have_text("1 day off")
    tab_to(sue, "Add days off")
    sue.keyboard.press("Enter")
    expect(sue.locator("h1")).to_have_text("Office hours")
    assert "Works outing" in calendar.latest.spec["holidays"].values()


def test_all_of_it_works_without_scripts(live_server, browser: Browser, cast, world):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookie(cast.sue, live_server.url))
    page = context.new_page()
    page.goto(f"{live_server.url}/setup/hours/policies/new/")
    page.get_by_label("Name", exact=True).fill("Urgent")
    page.get_by_label("Add a condition on").select_option("priority")
    page.locator("#do-add").click()
    page.get_by_label("Urgent", exact=True).check()
    page.locator(".levels > summary", has_text="Resolve").click()
    page.locator("#do-add-level_resolution").click()
    page.locator("#do-remove-level_resolution-0").click()
    page.locator("#do-check").click()
    expect(page.locator(".saving--seen")).to_be_visible()
    page.locator("#do-test").click()
    expect(page.locator("#trial-answer")).to_contain_text("takes only tickets whose priority is Urgent")
    page.get_by_role("button", name="Add policy").click()
    assert names() == ["Tech", "Urgent", "Standard support"]
    levels = Policy.objects.get(name="Urgent").latest.spec["escalations"]["resolution"]
    assert [level["seconds"] for level in levels] == [0, 3600]
    page.get_by_role("button", name="Ask “Urgent” earlier").click()
    assert names() == ["Urgent", "Tech", "Standard support"]
    context.close()
