"""The composer by keyboard in a real browser: saved replies, drafts on the server, files, pasted floods."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from helpdesk.models import SavedReply
from tests import axe
from tests.browser.test_desk import cookie, desk  # noqa: F401
from tickets import actions
from tickets.models import Draft, Ticket

pytestmark = pytest.mark.browser

PASTE = """([text, kind]) => {
  const bag = new DataTransfer();
  if (kind) bag.items.add(new File([text], "image.png", {type: kind})); else bag.setData("text/plain", text);
  document.getElementById("reply-text").dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: bag, bubbles: true, cancelable: true}));
}"""
SHAPE = """node => {
  const style = getComputedStyle(node);
  return [style.borderTopStyle, style.borderInlineStartWidth];
}"""


def test_a_reply_is_written_with_saved_words_a_picture_and_no_flood_by_keyboard(desk, ticket, cast):  # noqa: F811
    SavedReply.objects.create(title="Ask for the order", text="Which order, {customer}?")
    SavedReply.objects.create(title="Refund sent", text="Dear {customer}, it left today.")
    actions.add_note(ticket, "The bank refused it.", by=cast.mira)
    page: Page = desk(f"/desk/tickets/{ticket.pk}/")
    area = page.locator("#reply-text")
    options = page.locator("#saved-replies [role=option]")
    page.keyboard.press("r")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Find a saved reply")
    expect(field).to_be_focused()
    expect(options).to_have_count(2)
    assert not axe.faults(page)
    page.keyboard.type("refund")
    expect(options).to_have_count(1)
    option = options.filter(has_text="Refund sent")
    expect(option).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    expect(area).to_have_value("Dear Priya, it left today.")
    expect(area).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(area).to_have_value("Dear Priya, it left today.\n/")

    page.evaluate(PASTE, ["not really a picture", "image/png"])
    expect(area).to_have_value("Dear Priya, it left today.\n/[picture-1.png]")
    expect(page.locator("#reply-form [data-file]")).to_contain_text("picture-1.png")
    page.evaluate(PASTE, ["x" * 2_000_000, ""])
    expect(page.locator("#reply-form [data-fault]")).to_contain_text("2,000,000 characters; 100,000 fit")
    expect(area).to_have_value("Dear Priya, it left today.\n/[picture-1.png]")
    expect(page.locator("[data-draft-state=reply]")).to_contain_text("Draft saved", timeout=4000)
    assert Draft.objects.get().files.get().name == "picture-1.png"

    # The same draft in two windows: both texts are seen, one is chosen.
    row = Draft.objects.get()
    actions.save_draft(ticket, "From the phone", by=cast.mira, kind="reply", version=row.version)
    area.fill("From the desk")
    newer = page.locator("#reply-form [data-elsewhere]")
    expect(newer).to_contain_text("From the phone", timeout=4000)
    expect(area).to_have_value("From the desk")
    newer.get_by_role("button", name="Keep mine").click()
    expect(newer).to_be_hidden()
    expect(page.locator("#reply-form [name=draft]")).to_have_value("3")

    # Signed out while writing: a dialog, and the words stay.
    page.context.clear_cookies()
    area.fill("From the desk, more")
    expect(page.get_by_role("dialog", name="You are signed out")).to_be_visible(timeout=4000)
    assert not axe.faults(page)
    page.context.add_cookies(cookie(cast.mira, page.url.split("/desk/")[0]))
    page.get_by_role("button", name="I am signed in again").click()
    expect(page.locator("#reply-form [name=draft]")).to_have_value("4")
    page.reload()
    expect(area).to_have_value("From the desk, more")
    expect(page.locator("#reply-form .composer__send")).to_be_hidden()  # a draft rests in one line

    # The line breaks in the moment of Send: the page stays, with the words.
    page.evaluate(
        "() => { window.line = window.fetch; window.fetch = () => Promise.reject(new TypeError()); }"
    )
    page.keyboard.press("r")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#reply-form [data-fault]")).to_contain_text("Nothing was sent")
    expect(area).to_be_focused()
    page.evaluate("() => { window.fetch = window.line; }")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--held")).to_contain_text("picture-1.png")
    expect(area).to_have_value("")
    assert not Draft.objects.exists()

    # Paper leaves the house: the customer's conversation is printed, a note never.
    note = page.get_by_text("The bank refused it.")
    expect(note).to_be_visible()
    page.emulate_media(media="print")
    expect(note).to_be_hidden()
    expect(page.locator(".message--held")).to_be_visible()


def test_ux11_reply_and_note_differ_in_shape_word_and_glyph_not_only_in_colour(desk, ticket: Ticket):  # noqa: F811
    page: Page = desk(f"/desk/tickets/{ticket.pk}/")
    page.keyboard.press("r")
    assert page.locator("#reply-form").evaluate(SHAPE) == ["solid", "1px"]
    expect(page.locator("#reply-form [data-send]")).to_contain_text("Send to Priya")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.locator("#note-form").evaluate(SHAPE) == ["dashed", "6px"]
    expect(page.locator("#note-form [data-send] svg")).to_be_visible()
    expect(page.get_by_text("Only your team sees this")).to_be_visible()
