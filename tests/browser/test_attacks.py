"""The attack corpora, taken in as mail and opened in Chromium wherever mail is shown: nothing acts, and the
browser asks no other host for anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Page

from helpdesk.mail import outbound
from helpdesk.models import Company, InboundEmail, SentMail, SupportAddress
from sla import actions as sla_actions
from tests import chromium
from tests.browser.test_desk import cookie
from tests.cast import Cast
from tests.helpdesk.mail import attacks
from tests.helpdesk.mail.post import receive
from tickets import actions
from tickets.models import Ticket

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not attacks.HTML.is_file(), reason="the attack corpora are not beside this checkout"),
]
SUPPORT = "support@acme.example"
CHROMIUMS_OWN = {"accounts.google.com", "content-autofill.googleapis.com", "update.googleapis.com"}
"""What Chromium asks for itself, whatever it shows."""
WATCH = """
    for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
        window[name] = () => { document.title = 'executed: ' + name; console.error('executed: ' + name) };
"""


class Watched:
    """A Chromium of its own that keeps a log of all that it asks of the network."""

    def __init__(self, browser: Browser, log: Path) -> None:
        self.log = log
        arguments = [*chromium.ARGUMENTS, f"--log-net-log={log}"]
        self.browser = browser.browser_type.launch(executable_path=chromium.find(), args=arguments)
        self.complaints: list[str] = []

    def page(self, cookies: list[Any]) -> Page:
        context = self.browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        context.add_cookies(cookies)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("dialog", self._dialog)
        page.on(
            "console", lambda said: self.complaints.append(said.text) if "executed" in said.text else None
        )
        page.on("popup", lambda other: self.complaints.append(f"popup {other.url}"))
        return page

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def hosts(self) -> set[str]:
        """Every host that was looked up or asked, by Chromium's own log; closes the browser."""
        self.browser.close()
        events = json.loads(self.log.read_text())["events"]
        words = [event.get("params") or {} for event in events]
        found = {urlsplit(str(one["url"])).hostname or "" for one in words if "url" in one}
        found |= {
            str(one["host"]).removeprefix("https://").removeprefix("http://")
            for one in words
            if "host" in one
        }
        return {host.partition(":")[0] for host in found if host}


@pytest.fixture
def watched(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    seen = Watched(browser, tmp_path / "net.json")
    yield seen
    if seen.browser.is_connected():
        seen.browser.close()


def opened(page: Page, address: str) -> None:
    """The page with everything on it unfolded; where it holds mails, until they are loaded too."""
    page.goto(address)
    page.evaluate(
        "for (const one of document.querySelectorAll('details')) one.open = true;"
        "for (const one of document.querySelectorAll('iframe')) one.loading = 'eager';"
    )
    if page.locator("iframe").count():
        page.wait_for_load_state("networkidle")
    assert "executed" not in page.title()


def taken_in(cast: Cast) -> Ticket:
    """Every payload received as mail and answered by a mail of ours; the ticket that holds those for HTML."""
    first, *others = attacks.html_mails(str(cast.priya.email), SUPPORT)
    ticket = receive(first, to=[SUPPORT]).ticket
    assert ticket is not None
    actions.assign(
        ticket, cast.mira, by=cast.mira
    )  # whom every answer is then told, with the customer's words
    for raw in [*others, *attacks.line_mails("eve@evil.example", SUPPORT)]:
        assert receive(raw, to=[SUPPORT]).state == InboundEmail.State.FILED
    assert ticket.messages.count() == len(others) + 1
    actions.reply(ticket, "We are looking into it.", by=cast.mira, channel="desk")
    outbound.deliver_due()
    return ticket


def proves_itself(watched: Watched) -> None:
    """What acts is noticed, and so is a request: else the test below would prove nothing."""
    page = watched.page([])
    page.goto("data:text/html,<script>alert(1)</script><img src='http://noticed.invalid/'>")
    assert watched.complaints == ["executed: alert"]
    watched.complaints.clear()
    page.context.close()


def test_no_attack_acts_or_reaches_another_host(live_server, cast: Cast, settings, watched: Watched):
    settings.MAIL_SERVER, settings.MAILBOX, settings.PUBLIC_URL = None, True, live_server.url
    Company.objects.create(pk=1, name="Acme Support", default_team=cast.billing)
    SupportAddress.objects.create(address=SUPPORT, team=cast.billing)
    sla_actions.install_defaults()
    ticket = taken_in(cast)
    proves_itself(watched)
    agent, customer, root = (
        watched.page(cookie(person, live_server.url)) for person in (cast.mira, cast.priya, cast.root)
    )
    opened(agent, f"{live_server.url}/desk/tickets/{ticket.pk}/")
    assert len(agent.frames) > 25  # each mail in a frame of its own
    assert agent.frames[1].locator("body").inner_text().strip() != ""
    opened(agent, f"{live_server.url}/desk/?view=open")
    opened(customer, f"{live_server.url}/tickets/{ticket.pk}/")
    mails = InboundEmail.objects.order_by("pk").values_list("pk", flat=True)
    told = (
        SentMail.objects.filter(envelope_to=cast.mira.email).order_by("-pk").values_list("pk", flat=True)[:2]
    )
    sent = SentMail.objects.filter(envelope_to=cast.priya.email).order_by("pk").values_list("pk", flat=True)
    paths = [
        "/setup/mail/incoming/",
        f"/setup/mail/incoming/{mails[1]}/",
        "/setup/mail/outgoing/",
        "/mailbox/",
    ]
    for path in [*paths, *(f"/mailbox/{pk}/" for pk in (*told, sent[0], sent[len(sent) - 1]))]:
        opened(root, live_server.url + path)
    assert len(told) == 2
    assert watched.complaints == []
    assert watched.hosts() - CHROMIUMS_OWN == {"localhost", "noticed.invalid"}
