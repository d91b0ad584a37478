"""Drafts are saved while they are typed, listed, moved, and never overwrite each other; files go up first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from helpdesk.models import SavedReply
from tests.helpdesk.desk.pages import form, send, words
from tickets import actions
from tickets.models import Draft, DraftFile, User

JSON = {"Accept": "application/json"}


def base(ticket: Any) -> str:
    return f"/desk/tickets/{ticket.pk}/"


def save(client: Any, ticket: Any, **given: Any) -> Any:
    """As the page's script saves, two seconds after the last key."""
    fields = {"kind": "reply", "draft": "0", "text": "Half a"} | given
    return client.post(f"{base(ticket)}save-draft/", fields, headers=JSON)


def test_ux28_what_is_typed_is_on_the_server_after_sign_out_and_another_sign_in(browser, cast, ticket):
    first = browser(cast.mira)
    assert save(first, ticket, text="Dear Priya,\r\n", then="resolved").json()["version"] == 1
    answer = save(first, ticket, text="Dear Priya,\r\nyour", draft="1", then="resolved")
    assert answer.json()["version"] == 2
    assert answer.json()["said"].startswith("Draft saved ")
    first.post("/accounts/logout/")
    assert save(first, ticket, text="lost?", draft="2").status_code == 302
    there = form(browser(cast.mira).get(base(ticket)), f"{base(ticket)}reply/")
    assert (there["text"], there["draft"], there["then"]) == ("Dear Priya,\nyour", "2", "resolved")


def test_a_newer_draft_from_another_window_is_shown_and_never_overwritten(mira, ticket):
    save(mira, ticket, text="From the phone")
    stale = save(mira, ticket, text="From the desk")
    assert stale.status_code == 409
    assert (stale.json()["version"], stale.json()["text"]) == (1, "From the phone")
    reply = f"{base(ticket)}reply/"
    fields = form(mira.get(base(ticket)), reply) | {"draft": "0", "text": "From the desk"}
    stopped = mira.post(reply, fields)
    assert stopped.status_code == 409
    page = words(stopped)
    assert "A newer draft exists" in page
    assert "From the phone" in page
    again = form(stopped, reply)
    assert again["text"] == "From the desk"
    assert mira.post(reply, again).status_code == 303
    assert ticket.messages.latest("pk").text == "From the desk"
    assert not Draft.objects.exists()


def test_emptied_words_end_the_draft_and_too_long_ones_are_refused(mira, ticket):
    save(mira, ticket)
    assert save(mira, ticket, text=" ", draft="1").json() == {"version": 0, "said": ""}
    assert not Draft.objects.exists()
    long = save(mira, ticket, text="x" * 2_000_000)
    assert long.status_code == 422
    assert "2,000,000 characters; 100,000 fit" in long.json()["problem"]
    whole = send(mira, ticket, "reply", text="y" * 2_000_000)
    assert whole.status_code == 422
    assert form(whole, f"{base(ticket)}reply/")["text"] == "y" * 2_000_000


def test_a_file_goes_up_before_it_is_sent_and_leaves_with_the_reply(mira, cast, ticket, settings):
    up = f"{base(ticket)}add-draft-file/"
    facts = SimpleUploadedFile("facts.txt", b"facts", "text/plain")
    added = mira.post(up, {"kind": "reply", "file": facts}, headers=JSON)
    assert added.status_code == 201
    other = mira.post(up, {"kind": "reply", "file": SimpleUploadedFile("b.txt", b"b")}).json()["id"]
    assert mira.post(f"{base(ticket)}remove-draft-file/", {"file": other}).status_code == 204
    assert save(mira, ticket).json()["version"] == 1  # the files did not count as words saved elsewhere
    settings.FILE_BYTES = 10
    large = mira.post(up, {"file": SimpleUploadedFile("big.bin", b"x" * 11)})
    assert large.status_code == 422
    assert "Make it smaller" in large.json()["problem"]
    assert "empty" in mira.post(up, {"file": SimpleUploadedFile("no.txt", b"")}).json()["problem"]
    assert mira.post(up, {}).status_code == 422
    send(mira, ticket, "reply", text="See the file", keep_draft=added.json()["id"])
    assert [row.name for row in ticket.messages.latest("pk").attachments.all()] == ["facts.txt"]
    assert not DraftFile.objects.exists()


def test_a_file_of_somebody_elses_draft_is_not_taken_away(browser, cast, ticket):
    row = actions.add_draft_file(ticket, actions.NewFile("a.txt", b"a"), by=cast.sue, kind="reply")
    browser(cast.mira).post(f"{base(ticket)}remove-draft-file/", {"file": row.pk})
    assert DraftFile.objects.filter(pk=row.pk).exists()
    with pytest.raises(actions.NotAllowed):
        actions.remove_draft_file(row, by=cast.mira)
    actions.remove_draft_file(row, by=cast.sue)
    assert not Draft.objects.exists()


def test_words_move_from_reply_to_note_by_a_button_below_what_is_there(mira, cast, ticket):
    save(mira, ticket, kind="note", text="Known bug.")
    fields = form(mira.get(base(ticket)), f"{base(ticket)}reply/") | {"text": "Not for her", "kind": "reply"}
    moved = mira.post(f"{base(ticket)}move-draft/", fields)
    assert moved["Location"].endswith("?write=note#composer")
    assert [(row.kind, row.text) for row in Draft.objects.all()] == [("note", "Known bug.\n\nNot for her")]
    assert not ticket.messages.filter(author=cast.mira).exists()


def test_the_list_shows_own_drafts_what_leaves_by_itself_and_takes_the_time_back(browser, mira, cast, ticket):
    assert "No drafts" in words(mira.get("/desk/drafts/"))
    save(mira, ticket, text="Good morning.")
    page = mira.get("/desk/drafts/")
    assert "Refund missing" in words(page)
    assert "Good morning." in words(page)
    assert "Good morning." not in words(browser(cast.sue).get("/desk/drafts/"))
    assert "Draft" in words(mira.get("/desk/?view=open"))
    assert 'href="/desk/drafts/"' in mira.get("/desk/?view=open").content.decode()
    actions.schedule_draft(Draft.objects.get(), timezone.now() + timedelta(days=1), by=cast.mira, version=1)
    assert "Sends by itself" in words(mira.get("/desk/drafts/"))
    assert " readonly" in mira.get(base(ticket)).content.decode()
    back = mira.post(f"{base(ticket)}unschedule-draft/", {"from": "list"})
    assert back["Location"] == "/desk/drafts/"
    assert Draft.objects.get().send_at is None


def test_a_time_from_the_list_is_in_the_readers_zone(browser, cast, ticket):
    actions.edit_person(cast.mira, by=cast.mira, time_zone="Asia/Tokyo")
    mira = browser(User.objects.get(pk=cast.mira.pk))
    page = mira.get(base(ticket))
    found = [part.split('"')[0] for part in page.content.decode().split('name="preset" value="')[1:]]
    assert found
    assert all(at.endswith("+09:00") for at in found)
    fields = form(page, f"{base(ticket)}reply/") | {"text": "Later", "preset": found[-1], "send_at": "x"}
    assert mira.post(f"{base(ticket)}send-later/", fields).status_code == 303
    send_at = Draft.objects.get().send_at
    assert send_at is not None
    assert send_at.isoformat().endswith("00:00:00+00:00")  # nine in Tokyo


def test_copies_are_changed_in_the_composer_and_the_words_stay(mira, cast, ticket):
    path = f"{base(ticket)}change-copies/"
    fields = form(mira.get(base(ticket)), f"{base(ticket)}reply/") | {"text": "Hello both"}
    bad = mira.post(path, fields | {"add": "nowhere"})
    assert bad.status_code == 422
    fields = form(bad, f"{base(ticket)}reply/")
    assert fields["text"] == "Hello both"
    assert mira.post(path, fields | {"add": "cara@customers.example"}).status_code == 303
    page = mira.get(base(ticket))
    assert "Send to Priya and 1 Cc" in words(page)
    assert form(page, f"{base(ticket)}reply/")["text"] == "Hello both"
    mira.post(path, {"remove": cast.cara.pk, "once": "x"})
    assert "and 1 Cc" not in words(mira.get(base(ticket)))


def test_ux30_after_sending_the_page_stays_unless_chosen_otherwise(mira, cast, ticket, open_ticket):
    other = open_ticket(subject="Next one", priority=1)
    stays = send(mira, other, "reply", text="Staying")  # it waits now, below the one that is due
    assert stays["Location"].startswith(base(other))
    bad = mira.post("/desk/writing/", {"hold_seconds": "61", "after_sending": "next"})
    assert bad.status_code == 422
    assert mira.post("/desk/writing/", {"hold_seconds": "30", "after_sending": "next"}).status_code == 303
    path = f"{base(ticket)}reply/"
    page = mira.get(f"{base(ticket)}?view=open")
    assert "Send to Priya, then next" in words(page)
    answer = mira.post(f"{path}?view=open", form(page, path) | {"text": "And on"})
    assert answer["Location"] == f"{base(other)}?view=open&sent={ticket.pk}#latest"
    message = ticket.messages.get(text="And on")
    assert message.visible_at - message.said_at == timedelta(seconds=30)
    assert f"messages/{message.pk}/withdraw/" in mira.get(answer["Location"].split("#")[0]).content.decode()


def test_a_saved_reply_is_found_filled_counted_and_what_is_missing_is_said(mira, cast, ticket):
    row = SavedReply.objects.create(title="Refund sent", text="{customer}: {customer.organization} {foo}")
    SavedReply.objects.create(title="Order number", text="Which order?", folder="Questions")
    options = mira.get(f"{base(ticket)}saved-replies/?q=refund", headers={"HX-Request": "true"})
    assert f'role="option" id="saved-{row.pk}"' in options.content.decode()
    assert "Order number" not in words(options)
    assert "Order number" in words(mira.get(f"{base(ticket)}saved-replies/"))
    answer = mira.post(f"{base(ticket)}insert/", {"saved": row.pk}, headers=JSON).json()
    assert answer["text"] == "Priya: Nordlicht GmbH {foo}"
    assert "{foo}" in answer["said"]
    row.refresh_from_db()
    assert row.uses == 1
    path = f"{base(ticket)}reply/"
    fields = form(mira.get(base(ticket)), path) | {"text": "Typed before"}
    chooser = mira.post(f"{base(ticket)}choose-reply/", fields)
    page = mira.post(f"{base(ticket)}insert/", {"saved": row.pk})
    assert chooser["Location"].startswith(f"{base(ticket)}saved-replies/")
    assert form(page, path)["text"] == "Typed before\n\nPriya: Nordlicht GmbH {foo}"
    assert "Still to write by hand: {foo}" in words(page)


def test_ux25_the_customers_last_words_are_quoted_a_note_never(mira, cast, ticket):
    actions.reply(ticket, "First\nsecond", by=cast.priya, channel="mail")
    actions.add_note(ticket, "Secret among us", by=cast.sue)
    actions.hold_message(ticket, "A stranger", author=cast.bob)
    quote = mira.post(f"{base(ticket)}insert/", {"quote": "last"}, headers=JSON).json()
    assert quote["text"] == "> First\n> second\n"
