"""The form for a new ticket: at once for people we know, by a mailed link for everybody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from helpdesk import submissions
from helpdesk.models import Delivery, HeldFile, HeldSubmission
from sla import actions as sla_actions
from tests.helpdesk.mailed import mails_to, path_in
from tests.helpdesk.portal.pages import once_key, send, words
from tickets import actions
from tickets.models import Team, Ticket, User

GUEST = "nina@elsewhere.example"
FORM = {"subject": "My parcel", "message": "It has not come."}


@pytest.fixture(autouse=True)
def house(cast):
    return cast


def guest_form(client: Client, email: str = GUEST, **fields):
    return send(client, "/new/", email=email, **(FORM | fields))


def confirm(client: Client, email: str = GUEST):
    """Open the newest link and press its button with everything that waits."""
    page = client.get(path_in(mails_to(email, "account.confirm_ticket")[-1]), follow=True)
    return client.post("/confirm/", {"form": waiting_of(page)})


def waiting_of(page) -> list[str]:
    text = page.content.decode()
    return [part.split('"')[0] for part in text.split('name="form" value="')[1:]]


# --- people who are signed in -------------------------------------------------------------------------


def test_somebody_signed_in_gets_the_ticket_at_once(cast, signed_in):
    client = signed_in(cast.priya)
    file = SimpleUploadedFile("photo.png", b"\x89PNG", content_type="image/png")
    answer = send(client, "/new/", files=file, **FORM)
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/tickets/{ticket.pk}/received/"
    assert (ticket.requester, ticket.subject, ticket.channel) == (cast.priya, "My parcel", "portal")
    assert ticket.messages.get().attachments.get().name == "photo.png"
    page = words(client.get(answer["Location"]))
    assert f"#{ticket.pk}" in page
    assert "What happens next" in page
    assert "We aim to answer" not in page


def test_the_confirmation_names_the_time_that_is_promised(cast, signed_in):
    sla_actions.install_defaults()
    client = signed_in(cast.priya)
    assert "We aim to answer by" in words(client.get(send(client, "/new/", **FORM)["Location"]))


def test_the_same_form_sent_twice_opens_one_ticket(cast, signed_in):
    client = signed_in(cast.priya)
    fields = FORM | {"once": once_key(client.get("/new/"))}
    first, second = client.post("/new/", fields), client.post("/new/", fields)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


def test_another_text_under_the_same_key_is_asked_about(cast, signed_in):
    client = signed_in(cast.priya)
    fields = FORM | {"once": once_key(client.get("/new/"))}
    client.post("/new/", fields)
    answer = client.post("/new/", fields | {"message": "Changed my mind."})
    assert answer.status_code == 422
    assert "sent already" in words(answer)
    assert (
        client.post("/new/", fields | {"message": "Changed my mind.", "once": once_key(answer)}).status_code
        == 302
    )
    assert Ticket.objects.count() == 2


def test_keys_of_different_people_do_not_meet(cast, signed_in):
    fields = FORM | {"once": "x" * 22}
    for person in (cast.priya, cast.bob):
        assert signed_in(person).post("/new/", fields).status_code == 302
    assert {ticket.requester for ticket in Ticket.objects.all()} == {cast.priya, cast.bob}


# --- bad input ----------------------------------------------------------------------------------------


def test_an_invalid_form_keeps_what_was_typed_and_leads_to_each_field(browser):
    answer = guest_form(browser, subject="", message="Kept words", email="nina@")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error:" in page
    assert 'href="#id_subject"' in page
    assert page.count("Enter a subject") == 2
    assert page.count("Enter an email address, as in name@example.com") == 2
    assert "Kept words" in page
    assert not HeldSubmission.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"once": ""}, {"once": "short"}, {"once": "x" * 300}])
def test_a_form_without_its_key_is_asked_for_once_more(browser, fields):
    answer = browser.post("/new/", FORM | {"email": GUEST} | fields)
    assert answer.status_code == 422
    assert "Send it once more" in words(answer)
    assert browser.post("/new/", FORM | {"email": GUEST, "once": once_key(answer)}).status_code == 302


def test_a_text_that_is_too_long_or_cannot_be_stored_is_refused(browser):
    assert guest_form(browser, message="x" * 100_001).status_code == 422
    assert guest_form(browser, message="a\x00b").status_code == 422
    assert guest_form(browser, subject="x" * 201).status_code == 422


def test_a_file_above_the_limit_is_named_and_the_text_kept(browser, settings):
    settings.FILE_BYTES = 1000
    exact = SimpleUploadedFile("exact.bin", b"x" * 1000)
    large = SimpleUploadedFile("large.bin", b"x" * 1001)
    answer = guest_form(browser, files=[exact, large])
    assert answer.status_code == 422
    assert "“large.bin” is larger than 1 kB" in words(answer)
    assert "It has not come." in answer.content.decode()
    assert guest_form(browser, files=SimpleUploadedFile("exact.bin", b"x" * 1000)).status_code == 302


def test_files_are_limited_together_and_in_number(browser, settings):
    settings.FILES_BYTES = 1500
    two = [SimpleUploadedFile(f"{n}.bin", b"x" * 800) for n in range(2)]
    assert "together are larger" in words(guest_form(browser, files=two))
    settings.FILES_MOST = 1
    two = [SimpleUploadedFile(f"{n}.bin", b"x") for n in range(2)]
    assert "at most 1 files" in words(guest_form(browser, files=two))


def test_an_odd_file_is_taken_as_it_is(cast, signed_in):
    odd = SimpleUploadedFile("../../‮gpj.exe", b"", content_type="image/svg+xml; x")
    client = signed_in(cast.priya)
    assert send(client, "/new/", files=odd, **FORM).status_code == 302
    row = Ticket.objects.get().messages.get().attachments.get()
    answer = client.get(f"/tickets/{Ticket.objects.get().pk}/files/{row.pk}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "/" not in answer["Content-Disposition"]
    assert "\u202e" not in answer["Content-Disposition"]


def test_without_any_team_the_form_says_so(browser):
    Team.objects.update(is_active=False)
    answer = browser.get("/new/")
    assert answer.status_code == 503
    assert "Not open yet" in words(answer)


# --- guests -------------------------------------------------------------------------------------------


def test_a_guests_form_waits_and_nothing_of_it_is_mailed(browser):
    answer = guest_form(browser, files=SimpleUploadedFile("a.txt", b"file"))
    assert answer["Location"] == "/new/check-your-email/"
    assert GUEST in words(browser.get(answer["Location"]))
    assert not Ticket.objects.exists()
    assert not User.objects.filter(email=GUEST).exists()
    mail = mails_to(GUEST)[0]
    assert mail.template == "account.confirm_ticket"
    from helpdesk.mail.letters import letter_of

    text = str(letter_of(mail))
    assert "My parcel" not in text
    assert "It has not come" not in text


def test_the_button_behind_the_link_opens_the_ticket_and_proves_the_address(browser):
    guest_form(browser, files=SimpleUploadedFile("a.txt", b"file"))
    other = Client()
    answer = confirm(other)
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/tickets/{ticket.pk}/received/"
    assert ticket.requester.email == GUEST
    assert ticket.requester.proven_at is not None
    assert bytes(ticket.messages.get().attachments.get().blob.data) == b"file"
    assert other.get(f"/tickets/{ticket.pk}/").status_code == 200
    assert not HeldFile.objects.exists()
    assert Client().get(f"/tickets/{ticket.pk}/").status_code == 302


def test_opening_the_link_sends_nothing_and_shows_it_in_no_address(browser):
    guest_form(browser)
    path = path_in(mails_to(GUEST)[0])
    for method in ("get", "head", "get"):
        answer = getattr(Client(), method)(path)
        assert answer["Location"] == "/confirm/"
        assert answer["Referrer-Policy"] == "no-referrer"
    assert "My parcel" in words(Client().get(path, follow=True))
    assert not Ticket.objects.exists()


def test_the_button_pressed_twice_opens_one_ticket(browser):
    guest_form(browser)
    client = Client()
    page = client.get(path_in(mails_to(GUEST)[0]), follow=True)
    fields = {"form": waiting_of(page)}
    client.post("/confirm/", fields)
    again = client.post("/confirm/", fields)
    assert Ticket.objects.count() == 1
    assert again.status_code == 200
    assert "has been sent" in words(again)


def test_a_known_address_is_treated_like_any_other(cast, browser):
    known, unknown = guest_form(browser, email=cast.priya.email), guest_form(browser)
    assert known["Location"] == unknown["Location"]
    assert known.status_code == unknown.status_code
    assert not Ticket.objects.exists()


def test_one_mail_in_ten_minutes_and_its_link_shows_everything_that_waits(browser):
    guest_form(browser)
    guest_form(Client(), subject="Second one")
    assert len(mails_to(GUEST)) == 1
    client = Client()
    page = client.get(path_in(mails_to(GUEST)[0]), follow=True)
    assert "Second one" in words(page)
    assert page.content.decode().count(" checked") == 1
    client.post("/confirm/", {"form": waiting_of(page)})
    assert Ticket.objects.count() == 2


def test_at_most_five_mails_a_day(browser, monkeypatch):
    now = timezone.now()
    for number in range(8):
        monkeypatch.setattr(timezone, "now", lambda number=number: now + timedelta(minutes=11 * number))
        submissions.hold(GUEST, subject="S", text="T")
    assert Delivery.objects.filter(address=GUEST).count() == 5


def test_a_link_that_is_old_or_altered_is_told_so(browser):
    guest_form(browser)
    path = path_in(mails_to(GUEST)[0])
    altered = path[:-3] + ("a" if path[-3] != "a" else "b") + path[-2:]
    for wrong in (altered, "/confirm/null/", "/confirm/%20/"):
        answer = Client().get(wrong, follow=True)
        assert answer.status_code == 404
        assert "This link has ended" in words(answer)
    HeldSubmission.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    client = Client()
    assert client.get(path, follow=True).status_code == 404
    assert client.post("/confirm/", {"form": "1"}).status_code == 404
    assert submissions.forget_expired() == 1


def test_nobody_confirms_what_waits_under_another_address(browser):
    guest_form(browser)
    guest_form(Client(), email="other@elsewhere.example")
    foreign = HeldSubmission.objects.get(email="other@elsewhere.example")
    client = Client()
    client.get(path_in(mails_to(GUEST)[0]))
    client.post("/confirm/", {"form": [foreign.pk, "x", "-1", "9" * 30]})
    assert not Ticket.objects.exists()


def test_a_deactivated_person_opens_nothing(cast, browser):
    guest_form(browser, email=cast.bob.email)
    actions.deactivate(cast.bob, by=cast.root)
    answer = confirm(Client(), cast.bob.email)
    assert answer.status_code == 403
    assert not Ticket.objects.exists()


def test_the_sixth_ticket_of_a_guest_in_an_hour_waits_and_keeps_its_text(browser):
    answers = [guest_form(browser, email=f"n{n}@elsewhere.example") for n in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 3600
    assert "It has not come." in answers[-1].content.decode()


def test_the_fourth_ticket_for_one_address_in_an_hour_waits(settings):
    answers = [guest_form(Client(REMOTE_ADDR=f"192.0.2.{n}")) for n in range(4)]
    assert [answer.status_code for answer in answers] == [302] * 3 + [429]


def test_repeating_a_form_does_not_count_as_another(browser):
    fields = FORM | {"email": GUEST, "once": once_key(browser.get("/new/"))}
    assert {browser.post("/new/", fields).status_code for _ in range(8)} == {302}
    assert HeldSubmission.objects.count() == 1


def test_the_door_offers_a_ticket_and_the_sign_in(browser, cast, signed_in):
    page = words(browser.get("/"))
    assert "New ticket" in page
    assert "See your tickets" in page
    assert signed_in(cast.priya).get("/")["Location"] == "/tickets/"
