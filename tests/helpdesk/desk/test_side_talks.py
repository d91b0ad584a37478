"""Asking somebody outside from a ticket, with pages and forms alone."""

from __future__ import annotations

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from helpdesk.models import Delivery
from tests.helpdesk.desk.pages import form, words
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Message, SideTalk

KIM = "kim@supplier.example"


@pytest.fixture
def told(cast, open_ticket):
    """Priya's ticket with a file of hers, and a note with one."""
    file = NewFile("pump.txt", b"photo", "text/plain")
    ticket = open_ticket(words=Words("The pump is broken.", files=(file,)))
    secret = NewFile("margin.txt", b"secret", "text/plain")
    actions.add_note(ticket, Words("She pays too much.", files=(secret,)), by=cast.mira)
    return ticket


def ask(mira: Client, ticket, **given):
    path = f"/desk/tickets/{ticket.pk}/ask-outside/"
    filled = form(mira.get(path), path) | {"address": KIM, "subject": "Pump", "text": "When?"}
    return mira.post(path, filled | given)


def test_it_is_asked_shown_answered_closed_and_opened_again(mira, cast, told):
    first = told.messages.get(public=True)
    page = mira.get(f"/desk/tickets/{told.pk}/ask-outside/")
    assert "The pump is broken." in words(page)
    assert "pump.txt" in words(page)
    assert "too much" not in words(page)
    assert "margin.txt" not in words(page)
    answer = ask(
        mira,
        told,
        name="Kim Lee",
        quote=[first.pk],
        pass_on=[first.attachments.get().pk],
        files=[SimpleUploadedFile("plan.txt", b"plan", "text/plain")],
    )
    talk = SideTalk.objects.get()
    assert answer["Location"] == f"/desk/tickets/{told.pk}/#side-{talk.pk}"
    message = talk.messages.get()
    assert sorted(message.attachments.values_list("name", flat=True)) == ["plan.txt", "pump.txt"]
    actions.hear_outside(talk, "On Friday.")
    page = mira.get(f"/desk/tickets/{told.pk}/")
    assert f"Outside: {KIM}" in words(page)
    assert "On Friday." in words(page)
    assert f'href="#message-{first.pk}"' in page.content.decode()
    path = f"/desk/tickets/{told.pk}/side-talks/{talk.pk}/"
    page = mira.get(path)
    assert "On Friday." in words(page)
    mira.post(path, form(page, path) | {"text": "Thank you."})
    assert talk.messages.count() == 3
    mira.post(path + "close/")
    talk.refresh_from_db()
    assert talk.closed_at
    mira.post(path + "reopen/")
    talk.refresh_from_db()
    assert talk.is_open


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": " "}, "Write what you want to ask."),
        ({"address": "kim"}, "Enter an email address such as"),
        ({"address": "priya@customers.example"}, "reads this ticket as a customer"),
        ({"subject": ""}, "Enter a subject"),
    ],
)
def test_what_is_refused_comes_back_with_the_words_and_the_choice(mira, told, given, said):
    first = told.messages.get(public=True)
    page = ask(mira, told, quote=[first.pk], **{"text": "Not lost."} | given)
    assert page.status_code == 422
    assert said in words(page)
    assert "Error:" in page.content.decode()
    assert ("Not lost." in words(page)) == ("text" not in given)
    assert f'value="{first.pk}" checked' in page.content.decode()
    assert not SideTalk.objects.exists()


def test_a_note_cannot_be_chosen_whatever_is_posted(mira, told):
    note = told.messages.get(public=False)
    assert ask(mira, told, quote=[note.pk]).status_code == 422
    assert ask(mira, told, pass_on=[note.attachments.get().pk]).status_code == 303
    assert not Message.objects.get(side_talk__isnull=False).attachments.exists()


def test_files_beyond_what_a_mail_takes_are_refused_before_anything_is_sent(mira, told, settings):
    settings.MAIL_ATTACHMENTS_BYTES = 3
    page = ask(mira, told, files=[SimpleUploadedFile("plan.txt", b"plan", "text/plain")])
    assert "Choose fewer" in words(page)


def test_taken_back_in_time_the_words_stand_in_their_form_again(mira, told):
    first = told.messages.get(public=True)
    upload = SimpleUploadedFile("plan.txt", b"plan", "text/plain")
    page = mira.get(ask(mira, told, quote=[first.pk], files=[upload])["Location"])
    message = Message.objects.get(side_talk__isnull=False)
    undo = f"/desk/tickets/{told.pk}/messages/{message.pk}/withdraw-outside/"
    assert undo in page.content.decode()
    assert f"Sending to {KIM}, outside" in words(page)
    again = mira.post(undo)["Location"]
    filled = html.unescape(mira.get(again).content.decode())
    assert "When?" in filled
    assert f'value="{KIM}"' in filled
    assert f'value="{first.pk}" checked' in filled
    assert "plan.txt" in filled
    assert Delivery.objects.get(message=message).reason == Delivery.Reason.WITHDRAWN
    assert "Outside:" not in words(mira.get(f"/desk/tickets/{told.pk}/"))
    assert mira.post(undo).status_code == 303  # twice is once


def test_sent_twice_is_sent_once(mira, told):
    path = f"/desk/tickets/{told.pk}/ask-outside/"
    filled = form(mira.get(path), path) | {"address": KIM, "subject": "Pump", "text": "When?"}
    for _time in range(2):
        assert mira.post(path, filled).status_code == 303
    assert SideTalk.objects.count() == 1


def test_an_answer_marks_the_row_unread_and_lends_it_no_words(mira, cast, told):
    ask(mira, told)
    mira.get(f"/desk/tickets/{told.pk}/")
    assert "Unread" not in words(mira.get("/desk/?view=team"))
    actions.hear_outside(SideTalk.objects.get(), "On Friday.")
    row = words(mira.get("/desk/?view=team"))
    assert "Unread" in row
    assert "On Friday" not in row
