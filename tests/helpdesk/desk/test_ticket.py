"""The ticket page and what can be changed on it."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.models import InboundEmail
from tests.helpdesk.desk.pages import words
from tickets import actions
from tickets.models import Channel


def test_unknown_and_forbidden_numbers_answer_alike(mira, cast, open_ticket):
    foreign = open_ticket(team=cast.tech)
    unknown, forbidden = mira.get("/desk/tickets/999999/"), mira.get(f"/desk/tickets/{foreign.pk}/")
    assert unknown.status_code == forbidden.status_code == 404
    strip = re.compile(r'(csrfmiddlewaretoken|next|once)" value="[^"]*"')
    assert strip.sub("", unknown.content.decode()) == strip.sub("", forbidden.content.decode())
    assert "No such ticket" in words(forbidden)


def test_a_number_too_large_for_the_database_is_unknown(mira):
    assert mira.get(f"/desk/tickets/{10**30}/").status_code == 404


def test_the_page_names_the_ticket_once_and_shows_what_was_said(mira, ticket):
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    html = page.content.decode()
    assert f"<title>Refund missing #{ticket.pk} · Desk</title>" in html
    assert html.count("<h1") == 1
    assert "It is now two weeks." in words(page)


def test_first_reply_and_resolution_are_shown_with_their_ledger(mira, ticket):
    text = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "First reply by" in text
    assert "Resolve by" in text
    assert "Why?" in text
    assert "of working time" in text


def test_a_first_reply_in_time_is_told_as_met(mira, cast, ticket):
    actions.reply(ticket, "Hello", by=cast.mira, channel="mail", then="waiting")
    text = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "First reply met in" in text
    assert "Resolve paused: customer" in text


@pytest.mark.parametrize(
    ("route", "status", "undo", "before"),
    [
        ("resolve", "resolved", "reopen/?then=open", "open"),
        ("set-waiting", "waiting", "set-open/", "open"),
        ("put-on-hold", "on_hold", "set-open/", "open"),
        ("close", "closed", "reopen/?then=open", "open"),
    ],
)
def test_a_status_move_can_be_undone(mira, cast, ticket, route, status, undo, before):
    actions.set_open(ticket, by=cast.mira)
    path = f"/desk/tickets/{ticket.pk}/"
    moved = mira.post(path + route + "/", follow=True)
    ticket.refresh_from_db()
    assert ticket.status == status
    assert f'action="{path}{undo}"' in moved.content.decode()
    mira.post(path + undo)
    ticket.refresh_from_db()
    assert ticket.status == before


def test_undoing_a_resolution_brings_back_waiting(mira, cast, ticket):
    actions.set_waiting(ticket, by=cast.mira)
    mira.post(f"/desk/tickets/{ticket.pk}/resolve/")
    mira.post(f"/desk/tickets/{ticket.pk}/reopen/?then=waiting")
    ticket.refresh_from_db()
    assert ticket.status == "waiting"


def test_assign_and_undo(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/assign/"
    page = mira.post(path, {"to": cast.sue.pk, "expected": 0}, follow=True)
    ticket.refresh_from_db()
    assert ticket.assignee == cast.sue
    assert "Assigned to Sue" in words(page)
    mira.post(path + "?to=0")
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_taking_a_ticket_that_somebody_else_took_says_so(mira, cast, ticket):
    actions.assign(ticket, cast.sue, by=cast.sue)
    answer = mira.post(f"/desk/tickets/{ticket.pk}/take/", {"expected": 0})
    assert answer.status_code == 409
    assert "Sue Park took this ticket meanwhile." in words(answer)
    ticket.refresh_from_db()
    assert ticket.assignee == cast.sue


def test_a_person_of_another_team_cannot_be_made_owner(mira, cast, ticket):
    answer = mira.post(f"/desk/tickets/{ticket.pk}/assign/", {"to": cast.gus.pk})
    assert answer.status_code == 409
    ticket.refresh_from_db()
    assert ticket.assignee is None


@pytest.mark.parametrize("value", ["0", "5", "x", "", "-1", "99999999999999999999"])
def test_an_impossible_priority_changes_nothing(mira, ticket, value):
    answer = mira.post(f"/desk/tickets/{ticket.pk}/prioritize/", {"priority": value})
    assert answer.status_code == 422
    assert "Choose a priority." in words(answer)
    ticket.refresh_from_db()
    assert ticket.priority == 2


def test_priority_type_team_and_tags(mira, cast, ticket):
    path = f"/desk/tickets/{ticket.pk}/"
    mira.post(path + "prioritize/", {"priority": 4})
    mira.post(path + "retype/", {"type": "incident"})
    mira.post(path + "tag/", {"tag": "Refund"})
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.type) == (4, "incident")
    assert "refund" in words(mira.get(path))
    mira.post(path + "untag/", {"tag": "refund"})
    assert not ticket.tags.exists()
    gone = mira.post(path + "move/", {"team": cast.tech.pk})
    assert gone["Location"] == "/desk/"
    ticket.refresh_from_db()
    assert ticket.team == cast.tech


def test_scripts_get_the_parts_and_everybody_else_the_page(mira, ticket):
    path = f"/desk/tickets/{ticket.pk}/prioritize/"
    part = mira.post(path, {"priority": 3}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert part.content.decode().lstrip().startswith('<header class="ticket__head"')
    assert 'hx-swap-oob="true"' in part.content.decode()
    assert "<!doctype" not in part.content.decode()
    assert part["HX-Push-Url"] == "false"  # a reload would find no page at the form's address
    whole = mira.post(path, {"priority": 2})
    assert whole.status_code == 303


def test_undo_keeps_the_place_in_the_list(mira, ticket):
    page = mira.post(f"/desk/tickets/{ticket.pk}/resolve/?view=team&sort=new", follow=True).content.decode()
    assert f'action="/desk/tickets/{ticket.pk}/reopen/?then=' in page
    assert '&amp;view=team&amp;sort=new"' in page


def test_a_move_out_of_sight_takes_scripts_to_the_queue(mira, cast, ticket):
    answer = mira.post(
        f"/desk/tickets/{ticket.pk}/move/", {"team": cast.tech.pk}, headers={"HX-Request": "true"}
    )
    assert answer["HX-Redirect"] == "/desk/"


def test_tags_are_offered_while_they_are_typed(mira, cast, ticket, open_ticket):
    actions.tag(open_ticket(), "vip", by=cast.mira)
    page = mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert '<option value="vip">' in page[page.index('id="tag-choices"') :]


def test_opening_with_get_changes_nothing(mira, ticket):
    for route in ("resolve", "take", "reply", "note", "assign", "close"):
        assert mira.get(f"/desk/tickets/{ticket.pk}/{route}/").status_code == 405
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_the_number_of_queries_does_not_grow_with_the_conversation(mira, cast, ticket):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert mira.get(f"/desk/tickets/{ticket.pk}/?view=open").status_code == 200
        return len(queries)

    actions.assign(ticket, cast.mira, by=cast.mira)
    actions.tag(ticket, "one", by=cast.mira)
    actions.move(ticket, cast.billing, by=cast.mira)
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    count()
    few = count()
    for n in range(8):
        actions.reply(ticket, f"customer {n}", by=cast.priya, channel="mail")
        actions.reply(ticket, f"agent {n}", by=cast.mira, channel="mail", then="waiting")
        actions.add_note(ticket, f"note {n}", by=cast.sue)
        actions.tag(ticket, f"tag{n}", by=cast.mira)
        actions.assign(ticket, (cast.mira, cast.sue)[n % 2], by=cast.mira)
    count()  # the first look also moves the read mark
    assert count() <= few
    assert few <= 12


def test_the_read_middle_of_a_long_conversation_is_folded(mira, cast, ticket):
    for n in range(10):
        actions.reply(ticket, f"word {n}", by=cast.priya, channel="mail")
    assert "read messages" not in words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    text = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "7 read messages" in text


def test_unread_words_follow_a_line(mira, cast, ticket):
    mira.get(f"/desk/tickets/{ticket.pk}/")
    actions.reply(ticket, "One more thing", by=cast.priya, channel="mail")
    assert "1 unread" in words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "unread" not in words(mira.get(f"/desk/tickets/{ticket.pk}/"))


def test_the_neighbours_follow_the_list(mira, open_ticket):
    first, second, third = (open_ticket(subject=f"S{n}", priority=p) for n, p in enumerate((4, 3, 2)))
    page = mira.get(f"/desk/tickets/{second.pk}/?view=open").content.decode()
    assert f'href="/desk/tickets/{first.pk}/?view=open#latest" data-key="k"' in page
    assert f'href="/desk/tickets/{third.pk}/?view=open#latest" data-key="j"' in page
    assert "2 of 3" in page


def test_beside_a_list_that_is_empty_nobody_is_looked_for(mira, ticket):
    def count(view: str) -> int:
        with CaptureQueriesContext(connection) as made:
            assert mira.get(f"/desk/tickets/{ticket.pk}/?view={view}").status_code == 200
        return len(made)

    count("open")  # the first look also moves the read mark
    assert count("mine") == count("open") - 1


def test_news_of_a_ticket(mira, cast, ticket):
    seen = ticket.event_seq
    ticket.refresh_from_db()
    path = f"/desk/tickets/{ticket.pk}/news/?seen={ticket.event_seq}"
    part = {"HX-Request": "true"}
    assert mira.get(path, headers=part).status_code == 204
    actions.reply(ticket, "Hello?", by=cast.priya, channel=Channel.MAIL)
    assert "1 new message · Show" in words(mira.get(path, headers=part))
    assert seen >= 0


def test_a_file_is_a_download_that_nothing_runs(mira, cast, ticket):
    evil = actions.NewFile('ev"il\r\n.html', b"<script>alert(1)</script>", "text/html")
    message = actions.reply(ticket, actions.Words(text="x", files=(evil,)), by=cast.priya, channel="mail")
    file = message.attachments.get()
    answer = mira.get(f"/desk/tickets/{ticket.pk}/files/{file.pk}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer.content == b"<script>alert(1)</script>"


def test_files_and_frames_of_another_ticket_are_not_found(mira, cast, open_ticket, ticket):
    other = open_ticket(team=cast.tech)
    words_ = actions.Words(text="x", html="<p>x</p>", files=(actions.NewFile("a.txt", b"a"),))
    message = actions.reply(other, words_, by=cast.priya, channel="mail")
    file = message.attachments.get()
    for path in (
        f"/desk/tickets/{other.pk}/files/{file.pk}/",
        f"/desk/tickets/{ticket.pk}/files/{file.pk}/",
        f"/desk/tickets/{other.pk}/messages/{message.pk}/html/",
        f"/desk/tickets/{ticket.pk}/messages/{message.pk}/html/",
    ):
        assert mira.get(path).status_code == 404


def test_mail_html_is_served_alone_in_its_own_sandbox(mira, cast, ticket):
    mail = actions.Words(text="Hello", html="<p style='color:red'>Hello</p>")
    message = actions.reply(ticket, mail, by=cast.priya, channel="mail")
    answer = mira.get(f"/desk/tickets/{ticket.pk}/messages/{message.pk}/html/")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page = mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert re.search(r'<iframe[^>]* sandbox="allow-popups[^>]*title=', page)
    assert "color:red" not in page


def test_every_page_of_the_desk_renders(mira, cast, ticket):
    for path in (
        "/desk/?view=soon",
        "/desk/tickets/new/",
        f"/desk/tickets/new/?person={cast.priya.pk}",
        "/desk/search/",
        "/desk/search/?q=refund",
        "/desk/search/?q=refund&settled=1",
        "/desk/search/?q=priya",
        "/desk/customers/",
        "/desk/customers/?q=nord",
        "/desk/customers/?after=Bob.1",
        f"/desk/customers/{cast.priya.pk}/",
    ):
        assert mira.get(path).status_code == 200, path


# --- what came by mail ----------------------------------------------------------------------------------


@pytest.fixture
def mailed(cast, ticket):
    """A message of Priya's that came by mail: invitation, encrypted part, remote picture, original."""
    files = (
        actions.NewFile("invite.ics", INVITATION, "text/calendar; method=REQUEST"),
        actions.NewFile("encrypted.asc", b"x", "application/pgp-encrypted"),
    )
    html = '<p>Hi</p><img data-remote="http://127.0.0.1:9/a.png" alt="Logo">'
    said = actions.Words(text="Hi", quoted="> Earlier", html=html, files=files)
    message = actions.reply(ticket, said, by=cast.priya, channel="mail")
    InboundEmail.objects.create(
        source="smtp", raw=b"Subject: <b>x</b>\r\n\r\nHi", sha256="0", size=20, message=message, ticket=ticket
    )
    return message


INVITATION = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Weekly call\r\nLOCATION:Room 5\r\n"
    b"DTSTART:20261124T090000Z\r\nDTEND:20261124T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_the_original_of_a_mail_is_a_plain_text_download(mira, cast, ticket, mailed):
    path = f"/desk/tickets/{ticket.pk}/messages/{mailed.pk}/original/"
    assert path in mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    answer = mira.get(path)
    assert answer.content == b"Subject: <b>x</b>\r\n\r\nHi"
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    first = ticket.messages.order_by("pk").first()
    assert mira.get(f"/desk/tickets/{ticket.pk}/messages/{first.pk}/original/").status_code == 404


def test_special_parts_of_a_mail_are_told_in_words(mira, ticket, mailed):
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    text = words(page)
    assert "Invitation: Weekly call · Tue 24 Nov 2026" in text
    assert "Room 5" in text
    assert "encrypted with PGP" in text
    assert "<details" in page.content.decode().partition("Quoted text and signature")[0][-200:]
    assert "unusual" not in text
    InboundEmail.objects.update(flagged=True)
    assert "This mail is unusual" in words(mira.get(f"/desk/tickets/{ticket.pk}/"))


def test_a_mail_with_pictures_between_its_words_is_shown_as_it_was_sent(mira, cast, ticket, mailed):
    assert '<details class="fold" open>' not in mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    said = actions.Words(text="Look", html='<p>Look</p><img data-cid="one@x">')
    actions.reply(ticket, said, by=cast.priya, channel="mail")
    assert '<details class="fold" open>' in mira.get(f"/desk/tickets/{ticket.pk}/").content.decode()


def test_pictures_on_other_hosts_are_fetched_by_nobody_until_asked_and_never_by_the_browser(
    mira, ticket, mailed
):
    frame = f"/desk/tickets/{ticket.pk}/messages/{mailed.pk}/html/"
    assert "src=" not in mira.get(frame).content.decode().partition("<body>")[2]
    shown = mira.post(f"/desk/tickets/{ticket.pk}/messages/{mailed.pk}/show-images/")
    assert shown.status_code == 200
    assert "src=" not in shown.content.decode().partition("<body>")[2]  # 127.0.0.1 is nobody's to fetch from
    assert mira.get(f"/desk/tickets/{ticket.pk}/messages/{mailed.pk}/show-images/").status_code == 405
