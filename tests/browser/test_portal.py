"""The portal and the sign-in in a real browser: with and without scripts, by keyboard, small and large."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from feedback import actions as feedback
from helpdesk import actions as outward
from helpdesk import guests
from helpdesk.accounts import invitations
from helpdesk.models import Company
from tests import axe
from tests.cast import Cast
from tests.helpdesk.mailed import mails_to, path_in, words_of
from tickets import actions
from tickets.models import Ticket, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (320, 390, 1280, 1920)


@pytest.fixture
def house(live_server, cast: Cast, settings) -> str:
    """Acme Support, whose addresses lead to the server under test. Returns where it answers."""
    settings.PUBLIC_URL = live_server.url
    Company.objects.create(pk=1, name="Acme Support", time_zone="Europe/Berlin", default_team=cast.billing)
    return str(live_server.url)


@pytest.fixture(params=["with scripts", "without scripts"])
def phone(request, browser: Browser) -> Iterator[Page]:
    """A page on a phone, in a browser that runs scripts and in one that does not."""
    context = browser.new_context(
        java_script_enabled=request.param == "with scripts", viewport={"width": 390, "height": 844}
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def conversation(cast: Cast, ticket: Ticket) -> Ticket:
    """Priya's ticket with three messages, a file, and a question to her."""
    actions.reply(ticket, "One more thing.", by=cast.priya, channel="portal")
    file = actions.NewFile("return-receipt.pdf", b"x" * 2000)
    words = actions.Words(text="Could you confirm your account?", files=(file,))
    actions.reply(ticket, words, by=cast.mira, channel="desk", then="waiting")
    return ticket


def sign_in(page: Page, person: User, house: str) -> None:
    client = Client()
    client.force_login(person)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": house}])


def assert_fits(page: Page) -> None:
    """No sideways scrolling at any width; every target at least 44 px high (links in a sentence apart)."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} at {width} px"
        assert small_targets(page) == [], f"{page.url} at {width} px"


def small_targets(page: Page) -> list[str]:
    """What is less than 44 px high of all that can be pressed; links in a sentence apart."""
    return page.evaluate(
        """() => [...document.querySelectorAll('a, button, summary, label.choice, input, select, textarea')]
        .filter((it) => it.getClientRects().length && !it.closest('.skip, .check'))
        .filter((it) => !it.matches('p a, .case__title a, .choice input'))
        .filter((it) => getComputedStyle(it).clipPath === 'none')
        .filter((it) => it.getBoundingClientRect().height < 43.5)
        .map((it) => it.outerHTML.slice(0, 120))"""
    )


def assert_accessible(page: Page) -> None:
    """axe finds nothing, in both themes."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found = axe.faults(page, only_colours=scheme == "dark")
        assert found == [], f"{page.url} {scheme}"


def test_pages_behind_a_mailed_link_and_ones_own_tickets_fit_and_are_accessible(
    house, page: Page, cast, conversation, open_ticket
):
    done = open_ticket(subject="Solved long ago")
    actions.resolve(done, by=cast.mira)
    Client().post("/new/", {"email": "x@y.example", "subject": "S", "message": "M", "once": "o" * 22})
    confirm = path_in(mails_to("x@y.example")[0])
    person = actions.invite("ines@desk.example", name="Ines", role="agent", by=cast.root)
    join = invitations.join_link(person).removeprefix(house)
    look_at_each(page, house, confirm, join)
    sign_in(page, cast.priya, house)
    number, solved = conversation.pk, done.pk
    own = (f"/tickets/{number}/", f"/tickets/{solved}/", f"/tickets/{solved}/received/")
    look_at_each(page, house, *own)


def look_at_each(page: Page, house: str, *paths: str) -> None:
    for path in paths:
        page.goto(house + path)
        assert_fits(page)
        assert_accessible(page)


def test_a_customers_whole_path_on_a_phone(house, phone: Page, cast):
    """From the form over the mailed links to the answer, the rating and back again."""
    page, email = phone, "nina@elsewhere.example"
    for name in ("Orders", "Something else"):
        outward.create_topic({"en": {"name": name, "hint": f"About {name}."}}, cast.billing, by=None)
    ticket = write_as_a_guest(page, house, email)
    actions.reply(ticket, "Which street?", by=cast.mira, channel="desk", then="waiting")

    page.context.clear_cookies()  # another day
    sign_in_by_mail(page, f"{house}/tickets/{ticket.pk}/", email)
    page.goto(f"{house}/tickets/{ticket.pk}/")
    expect(page.locator("#standing")).to_contain_text("Waiting for you")
    expect(page.get_by_role("link", name="photo.txt")).to_be_visible()
    page.get_by_label("Your reply").fill("Elm Street.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#standing")).to_contain_text("We are on it")

    page.get_by_role("button", name="Mark as solved").click()
    expect(page.locator("#standing")).to_contain_text("Solved")
    survey = ticket.surveys.get()
    feedback.invite(survey, at=survey.send_at)
    page.reload()
    assert small_targets(page) == []
    page.get_by_text("Very good").click()
    page.get_by_role("button", name="Send rating").click()
    page.get_by_role("link", name="See the ticket").click()
    expect(page.locator("#rate")).to_contain_text("5 Very good")

    page.get_by_label("Your reply").fill("It came broken.")
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#standing")).to_contain_text("We are on it")
    ticket.refresh_from_db()
    assert (ticket.status, survey.answers.get().score) == ("open", 5)


def write_as_a_guest(page: Page, house: str, email: str) -> Ticket:
    """Fill in the form, once wrong, and confirm it by the mailed link."""
    page.goto(f"{house}/")
    page.get_by_role("link", name="New ticket").first.click()
    page.get_by_label("Message").fill("It has not come.")
    page.get_by_role("button", name="Send ticket").click()
    expect(page).to_have_title("Error: New ticket · Acme Support")
    expect(page.locator("[data-problem]")).to_be_focused()
    expect(page.get_by_label("Message")).to_have_value("It has not come.")
    page.get_by_role("link", name="Enter a subject").click()
    assert page.url.endswith("#id_subject")
    expect(page.get_by_text("About Something else.")).to_be_hidden()
    page.get_by_label("Something else").check()
    expect(page.get_by_text("About Something else.")).to_be_visible()
    assert small_targets(page) == []
    page.get_by_label("Subject").fill("My parcel")
    page.get_by_label("Your email").fill(email)
    page.locator("input[type=file]").set_input_files(
        {"name": "photo.txt", "mimeType": "text/plain", "buffer": b"seen"}
    )
    page.get_by_role("button", name="Send ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One step is left: check your email")
    page.goto(house + path_in(mails_to(email)[0]))
    assert not Ticket.objects.exists()
    page.get_by_role("button", name="Send to Acme Support").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your message")
    return Ticket.objects.get()


def sign_in_by_mail(page: Page, there: str, email: str) -> None:
    """Ask for a code and use it: the link in the mail fills it in."""
    page.goto(there)
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Email me a code").click()
    page.goto(words_of(mails_to(email)[-1])["link"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My tickets")


def test_a_new_answer_is_told_and_shown_without_losing_the_draft(house, page: Page, cast, conversation):
    sign_in(page, cast.priya, house)
    page.goto(f"{house}/tickets/{conversation.pk}/")
    page.get_by_label("Your reply").fill("A draft")
    actions.reply(conversation, "And the number?", by=cast.mira, channel="desk")
    page.evaluate(
        "htmx.ajax('GET', htmx.find('#news').getAttribute('hx-get'), {target: '#news', swap: 'outerHTML'})"
    )
    expect(page.locator("#say")).to_have_text("1 new answer")
    page.get_by_role("link", name="1 new answer · Show").click()
    expect(page.get_by_text("And the number?")).to_be_visible()
    expect(page.get_by_label("Your reply")).to_have_value("A draft")
    expect(page.locator("#news")).to_have_attribute("hx-trigger", "every 30s")


def test_files_are_named_and_can_be_taken_back(house, page: Page, cast):
    sign_in(page, cast.priya, house)
    page.goto(f"{house}/new/")
    for name in ("one.txt", "two.txt"):
        page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "text/plain", "buffer": name.encode()}
        )
    page.get_by_role("button", name="Take one.txt back").click()
    expect(page.get_by_role("button", name="Take two.txt back")).to_be_focused()
    page.get_by_label("Subject").fill("Files")
    page.get_by_label("Message").fill("One of two.")
    page.get_by_role("button", name="Send ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your message")
    assert [file.name for file in Ticket.objects.get().messages.get().attachments.all()] == ["two.txt"]


def test_the_whole_ticket_page_works_by_keyboard(house, page: Page, cast, conversation):
    sign_in(page, cast.priya, house)
    page.goto(f"{house}/tickets/{conversation.pk}/")
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name")
        )
        seen = page.evaluate(
            "(() => { const box = document.activeElement.getBoundingClientRect();"
            " return box.bottom > 0 && box.top < innerHeight; })()"
        )
        assert seen, stops[-1]
        if stops[-1] == "Mark as solved":
            break
    wanted = [
        "Skip to the content",
        "My tickets",
        "Answer",
        "message",
        "Send reply",
        "files",
        "Mark as solved",
    ]
    assert [stop for stop in stops if stop in wanted][-4:] == wanted[-4:]
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_contain_text("Solved")


def test_a_password_can_be_shown_and_is_sent_hidden(house, page: Page, cast):
    page.goto(f"{house}/accounts/login/")
    page.get_by_label("Email").fill(cast.mira.email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{house}/desk/**")


def test_nothing_leaves_with_a_referrer_from_a_secret_address(house, page: Page, cast, ticket):
    sent: list[str | None] = []
    page.on("request", lambda request: sent.append(request.headers.get("referer")))
    page.goto(guests.make_link(ticket, cast.priya))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Refund missing")
    assert page.url == f"{house}/tickets/{ticket.pk}/"
    assert [referrer for referrer in sent if referrer and "/g/" in referrer] == []
