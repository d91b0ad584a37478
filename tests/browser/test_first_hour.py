"""A new agent's first hour, by keyboard alone: no mouse, and no address is typed but the first."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from helpdesk.models import SavedReply
from sla import actions as sla_actions
from tests.browser.test_desk import pytestmark  # noqa: F401
from tests.cast import PASSWORD
from tickets import actions
from tickets.models import Status, Ticket


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def at(page: Page, heading: str) -> None:
    """Wait until the page with this heading is there, with its scripts."""
    expect(page.locator("h1")).to_contain_text(heading, timeout=20_000)
    page.wait_for_load_state()


def test_the_first_hour_needs_no_mouse(page, live_server, cast, open_ticket):
    sla_actions.install_defaults()
    SavedReply.objects.create(title="Refund on its way", text="Dear {customer}, it left today.")
    old = actions.resolve(open_ticket(subject="Broken invoice layout", requester=cast.bob), by=cast.sue)
    first = open_ticket(subject="Refund missing", priority=4)
    double = open_ticket(subject="Refund still missing", priority=3)
    third = open_ticket(subject="Login loop", requester=cast.bob, priority=2)

    # Sign in: the address of the desk leads to the form, whose first field has the focus.
    page.goto(live_server.url + "/desk/")
    page.keyboard.type("mira@desk.example")
    press(page, "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    at(page, "My open")

    # The next ticket, answered with a saved reply.
    press(page, "y")
    at(page, "Refund missing")
    press(page, "r", "/")
    expect(page.get_by_role("combobox", name="Find a saved reply")).to_be_focused()
    page.keyboard.type("refund")
    expect(page.locator("#saved-replies [role=option][aria-selected=true]")).to_contain_text("Refund on its")
    press(page, "Enter")
    expect(page.locator("#reply-text")).to_have_value("Dear Priya, it left today.")
    press(page, "Control+Enter")
    expect(page.locator(".message--held")).to_contain_text("it left today")
    expect(page.locator("#prop-status")).to_contain_text("Waiting")

    # A note that names a colleague.
    press(page, "n")
    page.keyboard.type("Paid twice? @su")
    expect(page.get_by_role("option", name="Sue Park")).to_be_visible()
    press(page, "Enter", "Control+Enter")
    expect(page.locator(".message--note")).to_contain_text("Paid twice? @Sue Park")

    # The next one is a double of it: read what merging does, then let it happen.
    press(page, "y")
    at(page, "Refund still missing")
    press(page, "m", "Enter")
    page.wait_for_url("**/merge/**")
    press(page, "j", "Enter")
    expect(page.get_by_role("heading", name="What happens")).to_be_focused()
    press(page, "Tab", "Enter")
    page.wait_for_url(f"**/desk/tickets/{first.pk}/**")
    expect(page.locator(".toast").first).to_contain_text(f"#{double.pk} merged into #{first.pk}")

    # The last one can wait.
    press(page, "y")
    at(page, "Login loop")
    press(page, "h", "Enter")
    expect(page.locator(".toast")).to_contain_text("Snoozed")
    assert Ticket.objects.get(pk=third.pk).snoozed_until is not None

    # An old one is found and reopened; then resolved, and that is taken back.
    press(page, "/")
    page.keyboard.type("invoice layout")
    press(page, "Enter")
    at(page, "Search")
    press(page, "j", "Enter")
    at(page, "Broken invoice layout")
    press(page, "e")
    expect(page.locator("#prop-status")).to_contain_text("Open")
    press(page, "e")
    expect(page.locator("#prop-status")).to_contain_text("Resolved")
    press(page, "z")
    expect(page.locator("#prop-status")).to_contain_text("Open")
    press(page, "e")
    expect(page.locator("#prop-status")).to_contain_text("Resolved")
    assert Ticket.objects.get(pk=old.pk).status == Status.RESOLVED

    # Nothing is left to take, and that is said.
    press(page, "y")
    expect(page.locator(".toast")).to_contain_text(
        "No ticket waits for somebody in your teams.", timeout=20_000
    )
    expect(page.locator("main")).to_contain_text("Nothing is due in this view.")
