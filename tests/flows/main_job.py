"""The steps of the whole job with the processes of `bin/run`, real SMTP both ways and a real browser.

From an empty database: the first administrator sets up the company and invites an agent by mail; a customer's
mail becomes a ticket; the agent answers in the browser; the answer reaches the customer; a worker measures;
the ticket is resolved; the survey goes out; the customer rates; the supervisor sees both figures.

Then, with the same people, from a low score to a recovered customer: the case has a clock and an
owner who is not the one rated; the owner answers, asks again, and the customer is content.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage

from celery import Celery
from playwright.sync_api import Browser, Page, expect

from config import env
from tests.flows.product import Product, await_that
from tests.flows.sink import Sink

PASSWORD = "correct horse battery staple"
SUPPORT = "support@company.example"
CUSTOMER = "priya@nordlicht.example"
QUESTION = "Where is my refund?"


@dataclass
class Office:
    """The people who work here, each in a browser window of their own."""

    mira: Page
    sue: Page


def open_office(product: Product, sink: Sink, browser: Browser) -> Office:
    """In an empty database: the company is set up, an agent and a supervisor have joined, and surveys go out
    at once."""
    set_up(product, browser)
    product.manage("shell", "-v", "0", "-c", SURVEY_AT_ONCE)
    return Office(join(browser, sink, "mira@company.example"), join(browser, sink, "sue@company.example"))


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


def survey_to(sink: Sink, address: str, count: int = 1) -> EmailMessage:
    """The survey that was mailed last to an address, once there are `count`."""

    def surveys() -> list[EmailMessage]:
        return [mail for mail in sink.to(address) if any("/survey/" in link for link in links(mail))]

    return await_that(lambda: surveys()[count - 1 :], 120, "the survey mail")[-1]


def send_surveys(product: Product) -> None:
    """What the beat asks the worker for once a minute, asked now."""
    broker = Celery(broker=env.broker(product.servers.redis_url))
    broker.send_task("feedback.invite_due")
    broker.close()


def answer_survey(product: Product, browser: Browser, survey: EmailMessage, score: int, words: str) -> None:
    """The customer opens the link of a score in the mail, which records nothing, and sends."""
    answered = product.sql("select count(*) from feedback_answer")
    priya = visitor(browser)
    priya.goto(next(link for link in links(survey) if f"score={score}" in link))
    assert product.sql("select count(*) from feedback_answer") == answered
    expect(priya.get_by_role("radio", name=re.compile(f"^{score}"))).to_be_checked()
    priya.get_by_label(re.compile("Anything to add|What went wrong")).fill(words)
    priya.get_by_role("button", name="Send").click()
    expect(priya.get_by_role("heading", level=1)).to_contain_text("Thank you")
    priya.context.close()


def do_the_whole_job(product: Product, sink: Sink, browser: Browser, office: Office) -> None:
    """From a customer's mail to both figures on the supervisor's reports."""
    mira, sue = office.mira, office.sue
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
    mira.get_by_role("button", name="Resolve").first.click()
    await_that(lambda: product.sql("select 1 from tickets_ticket where status = 'resolved'"), 30, "resolved")
    send_surveys(product)

    # The survey goes out; opening its links records nothing, the button does.
    answer_survey(product, browser, survey_to(sink, CUSTOMER), 5, "Fast and friendly.")
    assert product.sql("select score, comment from feedback_answer") == [(5, "Fast and friendly.")]

    # Both figures stand on the supervisor's reports.
    sue.goto(product.url("/reports/first-response/"))
    expect(sue.get_by_role("main")).to_contain_text(re.compile(r"n = 1\b"))
    sue.goto(product.url("/reports/feedback/"))
    expect(sue.get_by_role("main")).to_contain_text("Fast and friendly.")
    assert "agree" in product.manage("rebuild_clocks", "--verify")


def recover_a_customer(product: Product, sink: Sink, browser: Browser, office: Office) -> None:
    """From a low score to a case that is closed, and a customer who is content."""
    mira, sue, customer = office.mira, office.sue, "kim@suedwind.example"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Kim Lee <{customer}>", SUPPORT, "No invoice"
    mail["Message-ID"] = "<invoice-1@suedwind.example>"
    mail.set_content("I wait for my invoice.")
    product.send_mail(mail, customer, SUPPORT)
    found = "select id from tickets_ticket where subject = 'No invoice'"
    [(ticket,)] = await_that(lambda: product.sql(found), 60, "the mail is a ticket")
    mira.goto(product.url(f"/desk/tickets/{ticket}/"))
    mira.get_by_label("Reply to Kim").fill("It is on its way.")
    mira.get_by_label("Status after sending").select_option("resolved")
    mira.get_by_role("button", name="Send to Kim").click()
    expect(mira.get_by_text("It is on its way.").first).to_be_visible()
    resolved = f"select 1 from tickets_event where ticket_id = {ticket} and kind = 'ticket.resolved'"
    await_that(lambda: product.sql(resolved), 60, "resolved")
    send_surveys(product)
    answer_survey(product, browser, survey_to(sink, customer), 1, "I still have nothing.")

    # A case with a clock, and an owner who was not rated.
    sue.goto(product.url("/reports/cases/"))
    sue.get_by_role("link", name=re.compile("1 of 5")).click()
    facts = sue.locator(".case__facts")
    expect(facts).to_contain_text(re.compile(r"Contact.*left"))
    expect(facts).to_contain_text(re.compile(r"Score counts for\s*Mira Koch"))
    expect(facts).to_contain_text(re.compile(r"Owner\s*Sue Park"))
    assert product.sql("select state from sla_clock where metric = 'recovery_contact'") == [("running",)]
    case = sue.url

    # The owner answers from the case, by real mail, and says how it ended.
    sue.get_by_label("Your words").fill("I am sorry. Here is your invoice.")
    sue.get_by_role("button", name="Send to the customer").click()
    expect(facts).to_contain_text("contacted in time")

    def sorry() -> list[EmailMessage]:
        return [one for one in sink.to(customer) if "Here is your invoice." in _text(one)]

    answer = await_that(sorry, 90, "the answer reached the customer")[0]
    assert "Sue" in answer["From"]
    sue.get_by_role("radio", name="Recovered", exact=True).check()
    sue.get_by_label("What went wrong?").select_option(index=1)
    sue.get_by_role("button", name="Record outcome").click()

    # Asked again, the customer is content; the figures say so.
    sue.get_by_role("button", name="Ask again").click()
    expect(facts).to_contain_text("Asked again")
    send_surveys(product)
    answer_survey(product, browser, survey_to(sink, customer, 2), 5, "Now it is here.")
    sue.goto(case)
    expect(facts).to_contain_text(re.compile(r"Asked again\s*5 of 5"))
    expect(facts).to_contain_text(re.compile(r"Outcome\s*Recovered"))
    sue.goto(product.url("/reports/cases/"))
    figures = sue.locator(".trends")
    expect(figures).to_contain_text(re.compile(r"Loop closed\s*1 of 1"))
    expect(figures).to_contain_text(re.compile(r"Recovered score\s*1 of 1"))
    expect(sue.get_by_role("main")).to_contain_text("No open cases")


SURVEY_AT_ONCE = """
from datetime import timedelta
from feedback.actions import change_survey, install_standard_survey
change_survey(install_standard_survey(), by=None, delay=timedelta(0))
"""
