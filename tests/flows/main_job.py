"""The steps of the whole job with the processes of `bin/run`, real SMTP both ways and a real browser.

From an empty database: the first administrator sets up the company and invites an agent by mail; a customer's
mail becomes a ticket; the agent answers in the browser; the answer reaches the customer; a worker measures;
the ticket is resolved; the survey goes out; the customer rates; the supervisor sees both figures.
"""

from __future__ import annotations

import re
from email.message import EmailMessage

from playwright.sync_api import Browser, Page, expect

from tests.flows.product import Product, await_that
from tests.flows.sink import Sink

PASSWORD = "correct horse battery staple"
SUPPORT = "support@company.example"
CUSTOMER = "priya@nordlicht.example"
QUESTION = "Where is my refund?"


def visitor(browser: Browser) -> Page:
    """A browser window of somebody new, wide enough for the desk."""
    return browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()


def links(mail: EmailMessage) -> list[str]:
    """Every address in the text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return re.findall(r"https?://\S+", part.get_content())


def mail_to(sink: Sink, address: str, count: int = 1) -> EmailMessage:
    """The newest mail to an address, once there are `count`."""
    return await_that(lambda: sink.to(address)[count - 1 :], 60, f"{count} mails to {address}")[-1]


def first_answer(sink: Sink) -> EmailMessage | None:
    """The agent's answer among what reached the customer."""
    answers = [mail for mail in sink.to(CUSTOMER) if "We sent it again" in _text(mail)]
    assert len(answers) < 2, "the answer left more than once"
    return answers[0] if answers else None


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return part.get_content() if part else ""


def send_question(product: Product) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Priya Nair <{CUSTOMER}>"
    mail["To"] = SUPPORT
    mail["Subject"] = QUESTION
    mail["Message-ID"] = "<question-1@nordlicht.example>"
    mail.set_content("It is now two weeks.\n\nPriya")
    product.send_mail(mail, CUSTOMER, SUPPORT)
    return mail


def set_up(product: Product, browser: Browser) -> None:
    """The first administrator goes through set-up by its own buttons."""
    page = visitor(browser)
    page.goto(re.findall(r"http://\S+/first/\S+", product.output.read_text())[0])
    page.get_by_label("Name").fill("Ada Winter")
    page.get_by_label("Email").fill("ada@company.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    for fields in (
        {"Name": "Acme Support"},
        {"Name": "Billing"},
        {"Address": SUPPORT},
        {"Email address": "mira@company.example", "Name": "Mira Koch"},
    ):
        page.goto(product.url("/setup/"))
        page.locator("a.button--primary").click()
        for label, value in fields.items():
            page.get_by_label(label, exact=True).first.fill(value)
        for choice in (page.get_by_role("radio", name="Agent"), page.get_by_role("checkbox", name="Billing")):
            if choice.count():
                choice.check()
        if page.locator("select[name=team]").count():
            page.locator("select[name=team]").select_option(label="Billing")
        with page.expect_navigation():
            page.locator("button.button--primary").first.click()
        assert page.locator(".problem").all_inner_texts() == []
    invite(page, product, "sue@company.example", "Sue Park", "Supervisor")


def invite(page: Page, product: Product, email: str, name: str, role: str) -> None:
    page.goto(product.url("/setup/people/invite/"))
    page.get_by_label("Email address", exact=True).fill(email)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(role, exact=True).check()
    page.get_by_role("checkbox", name="Billing").check()
    with page.expect_navigation():
        page.locator("button.button--primary").first.click()


def join(browser: Browser, sink: Sink, address: str) -> Page:
    """Follow the invitation in the mail, choose a password, be at the desk."""
    page = visitor(browser)
    invitation = mail_to(sink, address)
    page.goto(next(link for link in links(invitation) if "/join/" in link))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page).to_have_url(re.compile("/desk/|/reports/"))
    return page


def do_the_whole_job(product: Product, sink: Sink, browser: Browser) -> None:
    """From an empty database to both figures on the supervisor's reports."""
    set_up(product, browser)
    mira = join(browser, sink, "mira@company.example")
    question = send_question(product)

    # An agent answers in the browser.
    await_that(lambda: product.sql("select 1 from tickets_ticket"), 60, "the mail is a ticket")
    received = mail_to(sink, CUSTOMER)
    assert received["Auto-Submitted"] == "auto-replied"
    assert "two weeks" not in _text(received), "an unproven address is told nothing of the sender's text"
    mira.goto(product.url("/desk/?view=unassigned"))
    mira.get_by_role("link", name=QUESTION).click()
    mira.get_by_label("Reply to Priya").fill("We sent it again today.")
    mira.get_by_label("Status after sending").select_option("waiting")
    mira.get_by_role("button", name="Send to Priya").click()
    expect(mira.get_by_text("We sent it again today.").first).to_be_visible()

    # The answer leaves through real SMTP, grouped with the question.
    answer = await_that(lambda: first_answer(sink), 90, "the answer reached the customer")
    assert answer["In-Reply-To"] == question["Message-ID"]
    assert question["Message-ID"] in answer["References"]
    assert answer["Auto-Submitted"] is None
    assert re.fullmatch(r"Re: Where is my refund\? \[#\d+\]", answer["Subject"])
    assert answer.get_body(("html",)) is not None

    # A worker measures the first response.
    measured = await_that(
        lambda: product.sql(
            "select calendar, message_id from sla_measurement where metric = 'first_response'"
        ),
        90,
        "the first response is measured",
    )
    said = product.sql("select id, said_at from tickets_message where by = 'agent'")[0]
    opened_at = product.sql("select opened_at from tickets_ticket")[0][0]
    assert measured == [(said[1] - opened_at, said[0])]

    # The customer answers by mail to the reply address; the ticket is resolved.
    thanks = EmailMessage()
    thanks["From"], thanks["To"] = f"Priya Nair <{CUSTOMER}>", answer["Reply-To"]
    thanks["Subject"], thanks["In-Reply-To"] = answer["Subject"], answer["Message-ID"]
    thanks["Message-ID"] = "<question-2@nordlicht.example>"
    thanks.set_content("It is here, thank you!\n\nOn Friday Mira wrote:\n> We sent it again today.\n")
    product.send_mail(thanks, CUSTOMER, SUPPORT)
    await_that(lambda: product.sql("select 1 from tickets_ticket where status = 'open'"), 60, "the thanks")
    assert product.sql("select count(*) from tickets_ticket") == [(1,)]
    mira.reload()
    expect(mira.get_by_text("It is here, thank you!").first).to_be_visible()
    product.manage("shell", "-v", "0", "-c", SURVEY_AT_ONCE)
    mira.get_by_role("button", name="Resolve").first.click()
    await_that(lambda: product.sql("select 1 from tickets_ticket where status = 'resolved'"), 30, "resolved")

    # The survey goes out; opening its links records nothing, the button does.
    survey = await_that(
        lambda: [mail for mail in sink.to(CUSTOMER) if any("/survey/" in link for link in links(mail))],
        120,
        "the survey mail",
    )[0]
    rating = next(link for link in links(survey) if "score=5" in link)
    priya = visitor(browser)
    priya.goto(rating)
    assert product.sql("select count(*) from feedback_answer") == [(0,)]
    expect(priya.get_by_role("radio", name=re.compile("^5"))).to_be_checked()
    priya.get_by_label(re.compile("Anything to add")).fill("Fast and friendly.")
    priya.get_by_role("button", name="Send").click()
    expect(priya.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert product.sql("select score, comment from feedback_answer") == [(5, "Fast and friendly.")]

    # Both figures stand on the supervisor's reports.
    sue = join(browser, sink, "sue@company.example")
    sue.goto(product.url("/reports/first-response/"))
    expect(sue.get_by_role("main")).to_contain_text(re.compile(r"n = 1\b"))
    sue.goto(product.url("/reports/feedback/"))
    expect(sue.get_by_role("main")).to_contain_text("Fast and friendly.")
    assert "agree" in product.manage("rebuild_clocks", "--verify")


SURVEY_AT_ONCE = """
from datetime import timedelta
from feedback.actions import change_survey, install_standard_survey
change_survey(install_standard_survey(), by=None, delay=timedelta(0))
"""
