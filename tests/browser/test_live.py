"""Two browsers at one ticket, and many tabs in one, against the web server as it is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sla import actions as sla_actions
from tests.browser.test_desk import cookie
from tests.cast import Cast
from tests.front import Server, serving
from tickets import actions
from tickets.models import Ticket, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock(), serving() as running:
        yield running


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Any]:
    """Open a browser of its own for a person."""
    sla_actions.install_defaults()
    contexts: list[BrowserContext] = []

    def _desk(person: User) -> BrowserContext:
        context = browser.new_context(locale="en-GB", base_url=server.url)
        context.add_cookies(cookie(person, server.url))  # type: ignore[arg-type]
        contexts.append(context)
        return context

    yield _desk
    for context in contexts:
        context.close()


def is_up(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-live", "up")


def test_two_browsers_at_one_ticket_see_each_other_and_what_is_said(desk: Any, cast: Cast, ticket: Ticket):
    path = f"/desk/tickets/{ticket.pk}/"
    mira, queue, sue = desk(cast.mira).new_page(), desk(cast.root).new_page(), desk(cast.sue).new_page()
    mira.goto(path)
    queue.goto("/desk/?view=open")
    is_up(mira)
    is_up(queue)
    mira.locator("#reply-text").fill("It is on its way.")
    mira.locator("h1").click()
    expect(queue.locator(f"#t{ticket.pk} [data-present]")).to_have_text("Mira is replying")

    sue.goto(path)
    expect(sue.locator("#presence")).to_have_text("Mira is replying")
    expect(mira.locator("#presence")).to_have_text("Sue is reading this")
    sue.locator("#reply-text").fill("Let me look.")
    expect(mira.locator("#beside")).to_contain_text("Sue is replying")

    actions.reply(ticket, "My bank says no transfer is on its way.", by=cast.priya, channel="mail")
    expect(mira.locator("#talk")).to_contain_text("My bank says no transfer")
    expect(mira.locator("#reply-text")).to_have_value("It is on its way.")
    expect(sue.locator("#newswait")).to_contain_text("1 new message")  # behind a bar: she is writing
    expect(sue.locator("#talk")).not_to_contain_text("My bank says")
    sue.locator("#newswait [data-show]").click()
    expect(sue.locator("#talk")).to_contain_text("My bank says")

    mira.get_by_role("button", name="Send to Priya").click()  # begun before the customer's word
    expect(mira.locator(".composer__problem")).to_contain_text("The customer wrote while you were writing")
    mira.get_by_role("button", name="Send to Priya").click()
    expect(mira.locator(".message--held")).to_contain_text("It is on its way.")
    sue.get_by_role("button", name="Send to Priya").click()
    expect(sue.locator(".composer__problem")).to_contain_text("Mira replied while you were writing")
    expect(sue.locator("#reply-text")).to_have_value("Let me look.")
    assert list(ticket.messages.filter(by="agent").values_list("text", flat=True)) == ["It is on its way."]
    is_up(sue)  # both pages are new: they know of being left, and hear of it, once their scripts run
    is_up(mira)
    sue.goto("/desk/customers/")
    expect(mira.locator("#presence")).to_be_empty()


def test_eight_tabs_of_one_browser_all_load_and_share_one_line(desk: Any, cast: Cast, ticket: Ticket):
    context = desk(cast.mira)
    lines: list[str] = []
    context.on("request", lambda asked: lines.append(asked.url) if asked.url.endswith("/live") else None)
    tabs = [context.new_page() for _ in range(8)]
    for tab in tabs:
        tab.goto("/desk/?view=open", timeout=10_000)
    for tab in (tabs[0], tabs[7]):
        expect(tab.locator("#queue")).to_contain_text("Refund missing")
        is_up(tab)
    assert len(lines) == 1
    actions.reply(ticket, "One more thing.", by=cast.priya, channel="mail")
    expect(tabs[7].locator("#newsbar")).to_contain_text("1 changed")
    actions.assign(ticket, cast.mira, by=cast.sue)  # told by the line: nobody waits for the next question
    expect(tabs[7].locator("#alerts")).to_have_accessible_name("Alerts, 1 unread")
    tabs[0].close()
    expect(tabs[1].locator("#newsbar")).to_contain_text("1 changed")
    is_up(tabs[7])
