"""A guest link from its mail to its end; files; the poll for new answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from helpdesk import guests
from helpdesk.models import GuestLink
from tests.helpdesk.portal.pages import send, words
from tickets import actions
from tickets.models import Ticket


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


@pytest.fixture
def link(cast, ticket) -> str:
    """The path of Priya's link to her ticket."""
    return path_of(guests.make_link(ticket, cast.priya))


@pytest.fixture
def guest(link) -> Client:
    """A browser that has opened the link."""
    client = Client()
    client.get(link)
    return client


def test_the_link_is_swapped_for_a_cookie_and_a_clean_address(ticket, link):
    client = Client()
    answer = client.get(link)
    assert answer["Location"] == f"/tickets/{ticket.pk}/"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    page = client.get(answer["Location"])
    assert "Refund missing" in words(page)
    assert link not in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_the_token_is_stored_hashed_only(link):
    token = link.strip("/").split("/")[-1]
    row = GuestLink.objects.get()
    assert token not in str(vars(row))
    assert row.token_hash == guests.digest(token)
    assert len(token) >= 43


def test_a_guest_answers_in_the_requesters_name(cast, ticket, guest):
    answer = send(guest, f"/tickets/{ticket.pk}/reply/", f"/tickets/{ticket.pk}/", message="From the link")
    assert answer.status_code == 302
    message = ticket.messages.latest("pk")
    assert (message.author, message.by) == (cast.priya, "customer")
    guest.post(f"/tickets/{ticket.pk}/resolve/")
    ticket.refresh_from_db()
    assert ticket.status == "resolved"


def test_a_link_opens_its_own_ticket_alone(cast, ticket, open_ticket, guest):
    other = open_ticket(subject="Another of hers")
    assert guest.get(f"/tickets/{other.pk}/").status_code == 404
    assert guest.get("/tickets/").status_code == 302
    assert guest.post(f"/tickets/{other.pk}/resolve/").status_code == 404


@pytest.mark.parametrize("end", ["revoked", "deactivated", "closed", "too old"])
def test_an_ended_link_ends_the_right_that_it_gave(cast, ticket, link, guest, end):
    assert guest.get(f"/tickets/{ticket.pk}/").status_code == 200
    long_ago = timezone.now() - timedelta(days=30, seconds=1)
    if end == "revoked":
        assert guests.revoke_links(ticket) == 1
    elif end == "deactivated":
        actions.deactivate(cast.priya, by=cast.root)
    elif end == "closed":
        Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_at=long_ago)
    else:
        GuestLink.objects.update(expires_at=timezone.now())
    assert guest.get(f"/tickets/{ticket.pk}/").status_code == 302
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "This link has ended" in words(answer)


def test_a_link_lives_for_thirty_days_after_closing(ticket, link):
    lately = timezone.now() - timedelta(days=29)
    Ticket.objects.filter(pk=ticket.pk).update(status="closed", closed_at=lately)
    assert Client().get(link).status_code == 302


@pytest.mark.parametrize("token", ["x", "null", "%20", "A" * 43, "a" * 4000])
def test_a_made_up_token_is_answered_like_an_ended_one(ticket, link, token):
    guests.revoke_links(ticket)
    made_up, ended = Client().get(f"/g/{token}/"), Client().get(link)
    assert made_up.status_code == ended.status_code == 404
    assert words(made_up) == words(ended)
    assert made_up["Referrer-Policy"] == "no-referrer"


def test_signing_out_ends_the_right_too(cast, ticket, guest):
    guest.force_login(cast.bob)
    assert guest.get(f"/tickets/{ticket.pk}/").status_code == 200
    guest.post("/accounts/logout/")
    assert guest.get(f"/tickets/{ticket.pk}/").status_code == 302


def test_a_stolen_page_address_opens_nothing(ticket, guest):
    assert Client().get(f"/tickets/{ticket.pk}/").status_code == 302
    assert django_settings.SESSION_COOKIE_NAME in guest.cookies


# --- files --------------------------------------------------------------------------------------------


@pytest.fixture
def files(cast, ticket):
    """A file of a public message and one of a note."""

    def words_with(name: str) -> actions.Words:
        return actions.Words(text="see file", files=(actions.NewFile(name, b"<svg/>", "image/svg+xml"),))

    said = actions.reply(ticket, words_with("a.svg"), by=cast.mira, channel="desk")
    noted = actions.add_note(ticket, words_with("zebra.svg"), by=cast.mira)
    return said.attachments.get(), noted.attachments.get()


def test_a_file_is_saved_and_never_run(cast, ticket, files, signed_in):
    answer = signed_in(cast.priya).get(f"/tickets/{ticket.pk}/files/{files[0].pk}/")
    assert answer.content == b"<svg/>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="a.svg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"


def test_files_ask_the_same_question_as_their_message(cast, ticket, files, open_ticket, signed_in, guest):
    said, noted = (f"/tickets/{ticket.pk}/files/{file.pk}/" for file in files)
    own = open_ticket(requester=cast.bob)
    nested = f"/tickets/{own.pk}/files/{files[0].pk}/"
    assert guest.get(said).status_code == 200
    assert guest.get(noted).status_code == 404
    assert signed_in(cast.bob).get(said).status_code == 404
    assert signed_in(cast.bob).get(nested).status_code == 404
    assert signed_in(cast.mira).get(noted).status_code == 404
    assert Client().get(said).status_code == 404
    guests.revoke_links(ticket)
    assert guest.get(said).status_code == 404


# --- news ---------------------------------------------------------------------------------------------


def ask(client: Client, ticket: Ticket, seen: int, **headers: str):
    return client.get(f"/tickets/{ticket.pk}/news/?seen={seen}", headers={"HX-Request": "true"} | headers)


def test_the_poll_says_how_many_answers_came_and_304_when_none_did(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    quiet = ask(client, ticket, 1)
    assert quiet.status_code == 200
    assert "new answer" not in words(quiet)
    assert ask(client, ticket, 1, **{"If-None-Match": quiet["ETag"]}).status_code == 304
    actions.reply(ticket, "Here it is", by=cast.mira, channel="desk")
    news = ask(client, ticket, 1, **{"If-None-Match": quiet["ETag"]})
    assert news.status_code == 200
    assert "1 new answer · Show" in words(news)
    assert "1 new answer" in news["HX-Trigger"]


def test_notes_and_held_words_move_nothing_on_the_portal(cast, ticket, signed_in):
    client = signed_in(cast.priya)
    before = ask(client, ticket, 1)["ETag"]
    actions.add_note(ticket, "zebra", by=cast.mira)
    actions.reply(ticket, "held", by=cast.mira, channel="desk", hold=timedelta(minutes=1))
    assert ask(client, ticket, 1)["ETag"] == before


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 40, "1.5"])
def test_an_odd_count_breaks_nothing(cast, ticket, signed_in, seen):
    assert ask(signed_in(cast.priya), ticket, seen).status_code == 200  # type: ignore[arg-type]


def test_the_poll_opened_directly_leads_to_the_ticket(cast, ticket, signed_in):
    answer = signed_in(cast.priya).get(f"/tickets/{ticket.pk}/news/?seen=1")
    assert answer["Location"] == f"/tickets/{ticket.pk}/"
