"""The desk in a real browser: keys, focus, frozen rows, drafts, Undo, and the same work without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from sla import actions as sla_actions
from tests import axe
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket, User

pytestmark = pytest.mark.browser


def cookie(person: User, address: str, **look: str) -> list[dict[str, str]]:
    """The cookies of a browser in which the person is signed in."""
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    found = [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}]
    return found + [{"name": name, "value": text, "url": address} for name, text in look.items()]


@pytest.fixture
def desk(live_server, page: Page, cast: Cast) -> Callable[..., Page]:
    """Open a path of the desk as Mira."""
    sla_actions.install_defaults()

    def _desk(path: str = "/desk/?view=open", **look: str) -> Page:
        page.context.add_cookies(cookie(cast.mira, live_server.url, **look))
        page.goto(live_server.url + path)
        return page

    return _desk


@pytest.fixture
def three(open_ticket: Callable[..., Ticket], desk: Callable[..., Page]) -> list[Ticket]:
    """Three tickets in the order of the queue."""
    return [open_ticket(subject=f"Number {n}", priority=level) for n, level in enumerate((4, 3, 2), 1)]


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


# --- keys ---------------------------------------------------------------------------------------------


def test_j_and_k_move_the_real_focus_and_enter_opens(desk, three):
    page = desk()
    for key, subject in (("j", "Number 1"), ("j", "Number 2"), ("j", "Number 3"), ("k", "Number 2")):
        page.keyboard.press(key)
        assert focused(page) == subject
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Number 2")


def test_ux16_on_a_cyrillic_layout_j_and_k_move_and_typing_triggers_nothing(desk, three):
    page = desk()
    press = "([key, code]) => document.activeElement.dispatchEvent("
    press += "new KeyboardEvent('keydown', {key, code, bubbles: true}))"
    for key, code, subject in (
        ("о", "KeyJ", "Number 1"),
        ("о", "KeyJ", "Number 2"),
        ("л", "KeyK", "Number 1"),
    ):
        page.evaluate(press, [key, code])
        assert focused(page) == subject
    page.keyboard.press("/")
    page.keyboard.type("jkcол")
    page.evaluate(press, ["о", "KeyJ"])
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("jkcол")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    assert page.url.endswith("/desk/?view=open")


def test_ux17_no_shortcut_uses_alt(desk, ticket):
    """On many layouts Alt and AltGr type signs: nothing acts on them, and nothing says so."""
    page = desk()
    paths = ["/desk/?view=open", f"/desk/tickets/{ticket.pk}/"]
    for path in paths:
        page.goto(page.url.split("/desk/")[0] + path, wait_until="networkidle")  # parts come by themselves
        assert page.locator("[accesskey], [aria-keyshortcuts*=Alt i]").count() == 0
        keys = page.locator("[data-key]").evaluate_all("all => all.map(one => one.dataset.key)")
        assert len(keys) > 5
        live = re.compile(r' data-live="[a-z]*"')  # comes and goes by itself
        before = live.sub("", page.content())
        for how in ({"altKey": True}, {"altKey": True, "ctrlKey": True}):
            page.evaluate(
                """([keys, how]) => { for (const key of [...keys, "j", "k", "o", "x", "g", "k"])
                document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, ...how})) }""",
                [keys, how],
            )
        assert (live.sub("", page.content()), page.url.endswith(path)) == (before, True)
        assert page.evaluate("document.activeElement === document.body")


def test_keys_of_the_ticket_reach_their_controls(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Waiting")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#prop-status")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("h1")).to_contain_text("My open")


def test_g_then_q_goes_to_the_queue(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.keyboard.press("g")
    page.keyboard.press("q")
    expect(page.locator("#newsbar")).to_be_visible()


# --- nothing moves under the hand -----------------------------------------------------------------------


def test_ux18_twenty_events_move_no_row_and_the_bar_counts_them(desk, three, open_ticket, cast):
    page = desk()
    page.keyboard.press("j")
    page.keyboard.press("j")
    order = page.locator("[data-row-link]").all_text_contents()
    for n in range(17):
        open_ticket(subject=f"Newer {n}", priority=4)
    for ticket in three:
        actions.prioritize(ticket, 1, by=cast.sue)
    page.evaluate("document.dispatchEvent(new Event('news:ask'))")
    show = page.locator("#newsbar [data-show]")
    expect(show).to_have_text("17 new, 3 changed · Show")
    assert page.locator("[data-row-link]").all_text_contents() == order
    assert focused(page) == "Number 2"
    expect(page.locator("#say")).to_have_text("17 new tickets")


def test_ux19_show_keeps_the_focus_on_the_same_ticket_and_so_does_going_back(desk, three, open_ticket, cast):
    page = desk()
    page.keyboard.press("j")
    page.keyboard.press("j")
    open_ticket(subject="Newer", priority=4)
    page.evaluate("document.dispatchEvent(new Event('news:ask'))")
    expect(page.locator("#newsbar [data-show]")).to_have_text("1 new · Show")
    page.keyboard.press(".")
    expect(page.locator("[data-row-link]")).to_have_count(4)
    assert focused(page) == "Number 2"
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/tickets/**")
    page.keyboard.press("u")
    page.wait_for_url("**/desk/?view=open")
    expect(page.locator(":focus")).to_have_text("Number 2")


def test_ux21_a_ticket_taken_elsewhere_stays_and_says_by_whom(desk, ticket, cast):
    page = desk("/desk/?view=unassigned")
    actions.assign(ticket, cast.sue, by=cast.sue)
    page.evaluate("document.dispatchEvent(new Event('news:ask'))")
    row = page.locator(f"#t{ticket.pk}")
    expect(row).to_contain_text("Sue took the ticket at")
    expect(row).to_have_class("is-gone")


# --- changing a ticket ----------------------------------------------------------------------------------


def test_ux07_a_change_swaps_the_head_keeps_the_words_and_returns_the_focus(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("#reply-text").fill("Half a sentence")
    page.keyboard.press("Escape")
    page.locator("#prop-priority").click()
    page.get_by_role("button", name="Urgent").click()
    expect(page.locator("#prop-priority")).to_contain_text("Urgent")
    expect(page.locator("#prop-priority")).to_be_focused()
    expect(page.locator("#reply-text")).to_have_value("Half a sentence")
    expect(page.locator(".toast")).to_contain_text("Priority: Urgent")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#prop-priority")).to_contain_text("Normal")
    page.locator("h1").click()
    page.keyboard.press("t")
    for tag in ("refund", "bank"):  # the second one is typed at once
        expect(page.locator("#panel-tag")).to_be_focused()
        page.keyboard.type(tag)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Remove the tag {tag}")).to_be_visible()
    page.get_by_role("button", name="Remove the tag bank").press("Enter")
    expect(page.locator("#tags summary")).to_have_text("Tagsrefund")
    expect(page.locator("#reply-text")).to_have_value("Half a sentence")
    # Whatever is pressed in the head, by keyboard: what is swapped leaves the focus on nothing but a control.
    page.evaluate(
        "document.addEventListener('htmx:afterSettle', event => {"
        " if (event.target.id !== 'timeline') document.body.dataset.swapped = 'yes'; })"
    )
    for control in ("[action*=take]", "[action*=resolve]", "[action*=reopen]", "[action*=set-waiting]",
                    "[action*=prioritize]", "[action*=assign]"):  # fmt: skip
        button = page.locator(f".ticket__props form{control} button").first
        button.evaluate("it => { const menu = it.closest('details'); if (menu) menu.open = true; }")
        button.press("Enter")
        page.wait_for_selector("body[data-swapped]")
        page.evaluate("delete document.body.dataset.swapped")
        page.wait_for_function("document.activeElement !== document.body")
        assert page.evaluate("document.activeElement.matches('#ticket-head :is(a, button, summary, h1)')"), (
            control
        )


# --- the composer ---------------------------------------------------------------------------------------


def test_the_note_tab_can_be_clicked_and_changes_word_form_and_button(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("[data-composer=note]").click()
    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#reply-form")).to_be_hidden()
    expect(page.get_by_text("Only your team sees this. Priya gets nothing.")).to_be_visible()
    expect(page.get_by_role("button", name="Add note")).to_be_visible()


def test_a_colleague_is_named_and_a_double_merged_and_brought_back_by_keyboard(desk, ticket, open_ticket):
    double = open_ticket(subject="Refund still missing")
    page = desk(f"/desk/tickets/{double.pk}/?view=open")
    page.keyboard.press("n")
    page.keyboard.type("See this, @su")
    expect(page.get_by_role("option", name="Sue Park")).to_be_visible()
    assert [fault["id"] for fault in axe.faults(page) if fault["id"] != "color-contrast"] == []
    page.keyboard.press("Enter")
    expect(page.locator("#note-text")).to_have_value("See this, @Sue Park ")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--note")).to_contain_text("@Sue Park")
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    page.wait_for_url("**/merge/**")
    page.get_by_role("link", name="Refund missing").focus()
    page.keyboard.press("Enter")
    merge = page.get_by_role("button", name=f"Merge #{double.pk} into #{ticket.pk}")
    expect(merge).to_be_visible()
    assert axe.faults(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
    merge.press("Enter")
    page.wait_for_url(f"**/desk/tickets/{ticket.pk}/**")
    page.keyboard.press("z")
    page.wait_for_url(f"**/desk/tickets/{double.pk}/**")
    expect(page.locator("#prop-status")).to_contain_text("Open")


def test_control_enter_sends_and_undo_brings_the_words_back(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("#reply-text").fill("Too early")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Sending to Priya in")
    expect(page.locator(".message--held")).to_contain_text("Too early")
    page.keyboard.press("z")
    expect(page.locator("#reply-text")).to_have_value("Too early")
    expect(page.locator(".message--held")).to_have_count(0)
    assert ticket.messages.get(text="Too early").withdrawn_at is not None


def test_a_draft_outlives_the_page_and_goes_when_it_is_sent(desk, ticket):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("#reply-text").fill("Not yet done")
    page.reload()
    expect(page.locator("#reply-text")).to_have_value("Not yet done")
    expect(page.locator("[data-draft-mark=reply]")).to_be_visible()
    page.locator("#reply-text").click()  # it rests in one line
    page.get_by_role("button", name="Send to Priya").click()
    expect(page.locator(".message--held")).to_be_visible()
    expect(page.locator("#reply-text")).to_have_value("")


def test_a_newer_customer_message_stops_the_send_and_keeps_the_text(desk, ticket, cast):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("#reply-text").fill("Please wait")
    actions.reply(ticket, "It has arrived!", by=cast.priya, channel="mail")
    page.get_by_role("button", name="Send to Priya").click()
    expect(page.locator(".composer__problem")).to_be_focused()
    expect(page.locator("#reply-text")).to_have_value("Please wait")
    expect(page.locator("#talk")).to_contain_text("It has arrived!")
    page.get_by_role("button", name="Send to Priya").click()
    expect(page.locator(".message--held")).to_contain_text("Please wait")


def test_ux01_without_scripts_a_ticket_is_found_answered_and_resolved(
    live_server, browser: Browser, cast, ticket
):
    sla_actions.install_defaults()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookie(cast.mira, live_server.url))
    page = context.new_page()
    page.goto(f"{live_server.url}/desk/?view=open")
    page.get_by_role("link", name="Refund missing").click()
    page.locator("#reply-text").fill("Plain and simple")
    page.get_by_role("button", name="Send to Priya").click()
    expect(page.locator("#talk")).to_contain_text("Plain and simple")
    page.get_by_role("link", name="Note to team").click()
    page.locator("#note-text").fill("Quietly")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".message--note")).to_contain_text("Quietly")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("#prop-status")).to_contain_text("Resolved")
    page.get_by_role("button", name="Undo").first.click()
    ticket.refresh_from_db()
    assert ticket.status == "waiting"
    context.close()


# --- signed out ----------------------------------------------------------------------------------------


STYLED = """<div style="background:#ffffff"><p style="color:#222222">Dear team,</p>
<p>words of no colour of their own</p><img data-remote="https://tracker.example/p.png" alt="Logo"></div>"""
CONTRASTS = """() => {
    const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const ground = node => {
        for (; node; node = node.parentElement) {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        const scheme = getComputedStyle(document.documentElement).colorScheme;
        return scheme === 'dark' ? [18, 18, 18] : [255, 255, 255];
    };
    return [...document.querySelectorAll('p')].map(node => {
        const pair = [parse(getComputedStyle(node).color), ground(node)].map(light).sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
    });
}"""


@pytest.mark.parametrize("look", ["light", "dark"])
def test_ux31_styled_mail_is_readable_in_both_themes_and_asks_no_other_host(desk, ticket, cast, look):
    mail = actions.Words(text="Dear team,", html=STYLED)
    message = actions.reply(ticket, mail, by=cast.priya, channel="mail")
    page = desk(f"/desk/tickets/{ticket.pk}/", look=look)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme=look)
    page.goto(page.url)
    address = page.evaluate("location.origin")
    page.locator("details:has(.message__frame) > summary").click()
    expect(page.frame_locator(".message__frame").get_by_text("Dear team,")).to_be_visible()
    frame = page.frame(name=f"frame-{message.pk}")
    assert frame is not None
    contrasts = frame.evaluate(CONTRASTS)
    assert len(contrasts) >= 2
    assert min(contrasts) >= 4.5
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_signed_out_while_writing_the_words_are_there_after_signing_in(desk, ticket, cast, live_server):
    page = desk(f"/desk/tickets/{ticket.pk}/")
    page.locator("#reply-text").fill("Long and careful")
    page.context.clear_cookies()
    # What a form leaves behind whose answer was the page to sign in.
    page.evaluate("sessionStorage.setItem('draft-sent', Object.keys(localStorage)[0] || '')")
    page.goto(f"{live_server.url}/desk/tickets/{ticket.pk}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page = desk(f"/desk/tickets/{ticket.pk}/")
    expect(page.locator("#reply-text")).to_have_value("Long and careful")
