"""The Mailroom: every mail in and out, what happened to it, and what an administrator may do about it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from helpdesk import actions as outward
from helpdesk.mail import tokens
from helpdesk.mail.inbound import account, process
from helpdesk.models import InboundEmail, SupportAddress
from tests.helpdesk.mail.post import SUPPORT, letter, receive
from tests.helpdesk.setup.test_mail_state import incoming, outgoing
from tickets import actions
from tickets.models import Event, Message

LIST, ACT = "/setup/mail/incoming/", "/setup/mail/incoming/act/"


@pytest.fixture
def support(cast):
    return SupportAddress.objects.create(address=SUPPORT, team=cast.tech)


@pytest.fixture
def held(cast, support):
    """A stranger's mail with somebody else's token, held on Priya's ticket."""
    ticket = receive(letter()).ticket
    to = tokens.reply_address(SUPPORT, ticket.pk, cast.priya.pk)
    return receive(letter("I am not Priya.", sender="Eve <eve@x.example>", to=to, subject="Me too"))


def words(answer):
    return " ".join(answer.content.decode().split())


def press(root, go, *rows, **fields):
    """Tick mails in the list and press a button; the fresh rows."""
    answer = root.send(ACT, {"go": go, "mail": [row.pk for row in rows], **fields}, page=LIST)
    for row in rows:
        row.refresh_from_db()
    return answer


def test_the_list_is_filtered_by_state_source_and_words_and_paged_by_key(root, django_assert_max_num_queries):
    first = incoming("filed", subject="Printer", from_address="ann@client.example", source="imap:3")
    for number in range(55):
        incoming("quiet", subject=f"Absent {number}", from_address="robot@x.example")
    with django_assert_max_num_queries(8):
        page = words(root.get(LIST))
    assert "Absent 54" in page
    assert "Printer" not in page
    older = re.search(r'href="(\?[^"]*before=\d+[^"]*)" rel="next"', page)[1].replace("&amp;", "&")
    assert "Printer" in words(root.get(LIST + older))
    for query in ({"state": "filed"}, {"source": "imap"}, {"q": "ann@client"}, {"q": f"#{first.pk}"}):
        page = words(root.get(LIST, **query))
        assert "Printer" in page, query
        assert "Absent 54" not in page, query
    assert "Nothing here fits" in words(root.get(LIST, q="nobody wrote this"))


def test_one_mail_shows_what_happened_to_it_and_gives_its_source(root, cast, held):
    page = words(root.get(reverse("setup:mail_one", args=[held.pk])))
    for text in ("eve@x.example", "Me too", "reply address was given to somebody else", "Subject: Me too"):
        assert text in page, text
    assert f"/desk/tickets/{held.ticket_id}/#message-{held.message_id}" in page
    raw = root.get(reverse("setup:mail_raw", args=[held.pk]))
    assert raw.content == bytes(held.raw)
    assert raw["Content-Type"] == "text/plain; charset=utf-8"
    assert raw["Content-Disposition"].startswith("attachment")
    assert "sandbox" in raw["Content-Security-Policy"]


def test_what_leaves_is_listed_with_its_state_and_its_story(root, cast):
    row = outgoing("failed", last_error="550 no such user", recipient=cast.priya)
    assert "ann@client.example" in words(root.get(reverse("setup:mail_outgoing"), state="failed", q="ann@"))
    assert "No mail found" in words(root.get(reverse("setup:mail_outgoing"), state="sent"))
    page = words(root.get(reverse("setup:mail_delivery", args=[row.pk])))
    assert "550 no such user" in page
    assert "Send again" in page


def test_a_held_mail_is_released_by_accepting_its_words(root, held):
    press(root, "release", held)
    assert (held.state, held.reason, held.message.held) == ("filed", "accepted", False)
    press(root, "release", held)
    kinds = Event.objects.filter(subject_kind="helpdesk.inboundemail", subject_id=held.pk)
    assert [event.kind for event in kinds] == ["mail.released"]


def test_a_robots_mail_is_released_as_the_words_of_a_person(root, cast, support):
    row = receive(letter("Really me.", auto_submitted="auto-generated"))
    assert (row.state, row.ticket) == ("quiet", None)
    press(root, "release", row)
    assert row.state == "waiting"
    outcome = process(row.pk)
    assert outcome.new_ticket
    assert outcome.row.ticket.requester == cast.priya


def test_a_mail_is_filed_on_another_ticket_and_leaves_the_one_it_was_held_on(root, cast, held):
    target = actions.open_ticket(
        requester=cast.bob, subject="Other", team=cast.tech, by=cast.bob, channel="portal", words="Hello"
    )
    wrong = Message.objects.get(pk=held.message_id)
    assert "Enter the number" in words(press(root, "file", held, ticket="x"))
    assert "There is no ticket" in words(press(root, "file", held, ticket="999999"))
    assert press(root, "file", held, ticket=f"#{target.pk}").status_code == 303
    process(held.pk)
    held.refresh_from_db()
    assert (held.state, held.reason, held.ticket) == ("filed", "filed by hand", target)
    assert held.message.fresh == "I am not Priya."
    wrong.refresh_from_db()
    assert wrong.withdrawn_at is not None
    assert not outward.refile(held, target, by=cast.root)


def test_deleting_is_asked_first_and_the_same_mail_is_known_when_it_comes_again(root, held):
    raw = bytes(held.raw)
    asked = press(root, "delete", held)
    assert "Delete 1 mail?" in words(asked)
    assert held.state == "suspended"
    assert press(root, "delete", held, sure="1").status_code == 303
    assert (held.state, bytes(held.raw), held.subject, held.from_address) == ("deleted", b"", "", "")
    assert Message.objects.get(pk=Message.objects.order_by("-pk")[0].pk).withdrawn_at is not None
    assert receive(raw).state == "duplicate"
    sums = account()
    assert sums.pop("received") == sum(sums.values())


def test_words_that_count_on_a_ticket_are_neither_deleted_nor_read_twice(root, cast, support):
    row = receive(letter())
    assert "stay there" in words(press(root, "delete", row, sure="1"))
    press(root, "again", row)
    assert (row.state, Message.objects.count()) == ("filed", 1)


def test_several_mails_at_once_and_nothing_ticked(root, cast, support):
    rows = [incoming("quarantined"), incoming("quarantined"), incoming("filed")]
    answer = root.send(ACT, {"go": "again", "mail": [row.pk for row in rows]}, page=LIST)
    assert "2 mails will be read again. 1 was left as it is" in words(root.get(answer["Location"]))
    assert InboundEmail.objects.filter(state="waiting").count() == 2
    assert "Tick at least one mail" in words(root.send(ACT, {"go": "again"}, page=LIST))


def test_an_agent_lets_a_held_mail_open_a_ticket_of_its_own(cast, held):
    browser = Client()
    browser.force_login(cast.gus)
    old, path = held.ticket_id, f"/desk/tickets/{held.ticket_id}/messages/{held.message_id}/new-ticket/"
    assert path in browser.get(f"/desk/tickets/{old}/").content.decode()
    assert browser.post(path).status_code == 303
    held.refresh_from_db()
    assert (held.state, held.ticket.subject, held.ticket.requester.email) == (
        "filed",
        "Me too",
        "eve@x.example",
    )
    assert (held.message.text, held.ticket.team) == ("I am not Priya.", cast.tech)
    assert "I am not Priya." not in browser.get(f"/desk/tickets/{old}/").content.decode()
    assert browser.post(path).status_code == 409
