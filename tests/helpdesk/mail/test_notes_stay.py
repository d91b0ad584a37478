"""Mis-send: after all that agents do to a ticket, a note, a side conversation and their files reach no
customer by any face.

Each face must show the public words, so that a page that shows nothing proves nothing. Live hints carry no
words and are no customer's: `tests/helpdesk/live/test_stream.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from feedback import queries as surveys
from feedback.actions import install_standard_survey, invite
from feedback.models import Survey
from helpdesk import file_links, guests
from tests.cast import Cast
from tests.helpdesk.api.conftest import Caller
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Attachment, Message, Ticket, User

PUBLIC, SECRETS = "lighthouse", ("zanzibar4711", "quetzal4712", "pomegranate4713")
SECRET, ASKED, HEARD = SECRETS
KIM = "kim@supplier.example"


def words(secret: str, more: str = "") -> Words:
    return Words(f"{secret}{more}", files=(NewFile(f"{secret}.txt", secret.encode(), "text/plain"),))


NOTE = words(SECRET, " @Sue Park")


@pytest.fixture
def told(cast: Cast, open_ticket: Callable[..., Ticket], support: Any) -> Ticket:
    """Priya's ticket after notes, replies, a side conversation with an answer and a stranger's, a merge with
    Bob's (which has the same) that was undone and done again, spam taken back, somebody in copy, a
    resolution."""
    install_standard_survey()
    for person in (cast.priya, cast.bob):
        actions.prove_address(person)
    ticket, double = open_ticket(subject=PUBLIC), open_ticket(requester=cast.bob, subject=PUBLIC)
    for one in (ticket, double):
        actions.accept_follower(one, cast.cara, by=cast.mira)
        actions.add_note(one, NOTE, by=cast.mira)
        actions.reply(one, words(PUBLIC), by=cast.mira, channel="desk", then="waiting")
        actions.add_note(one, NOTE, by=cast.sue)
        public = one.messages.filter(public=True)
        asked = actions.ask_outside(one, words(ASKED), address=KIM, by=cast.mira, quoting=public)
        assert asked.side_talk is not None
        actions.hear_outside(asked.side_talk, words(HEARD))
        actions.hear_outside(asked.side_talk, words(HEARD), held_from=cast.cara)
        actions.hear_outside(asked.side_talk, words(HEARD), automatic=True)
    actions.merge(double, into=ticket, by=cast.mira)
    actions.unmerge(double, by=cast.mira)
    actions.merge(double, into=ticket, by=cast.mira)
    actions.accept_follower(ticket, cast.bob, by=cast.mira)
    actions.mark_spam(ticket, by=cast.mira)
    actions.unmark_spam(ticket, by=cast.mira)
    actions.reply(ticket, PUBLIC, by=cast.priya, channel="portal")
    actions.add_note(ticket, NOTE, by=cast.mira)
    actions.reply(ticket, PUBLIC, by=cast.mira, channel="desk")
    actions.resolve(ticket, by=cast.mira)
    ticket.refresh_from_db()
    return ticket


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def portal(cast: Cast, ticket: Ticket) -> bytes:
    """Of the requester, a colleague whose organisation shares, and the one whose ticket was merged; lists,
    news and every file by its number too."""
    double = Ticket.objects.exclude(pk=ticket.pk).get()
    said = b""
    for person, own in ((cast.priya, ticket), (cast.paul, ticket), (cast.bob, double)):
        client = signed_in(person)
        paths = [
            f"/tickets/{own.pk}/",
            "/tickets/",
            "/tickets/organization/",
            f"/tickets/{own.pk}/news/?seen=0",
        ]
        paths += [reverse("portal:attachment", args=[own.pk, pk]) for pk in files()]
        said += b"".join(client.get(path).content for path in paths)
    return said


def guest_link(cast: Cast, ticket: Ticket) -> bytes:
    """The page that a customer prints is this same one."""
    return Client().get(guests.make_link(ticket, cast.priya), follow=True).content


def links_to_files(cast: Cast, ticket: Ticket) -> bytes:
    """As mails carry them, made to every file whatever it belongs to."""
    said = b""
    for file in Attachment.objects.all():
        path = "/files/" + file_links.make_link(file, cast.priya)[0].partition("/files/")[2]
        said += Client().get(path).content + b"".join(Client().post(path + "download/"))
    return said


def search(cast: Cast, ticket: Ticket) -> bytes:
    """A customer's list by API, asked for the note's own word and a public one; the desk's is not theirs."""
    assert signed_in(cast.priya).get(f"/desk/search/?q={SECRET}").status_code == 404
    caller = Caller(cast.priya)
    for secret in SECRETS:
        assert PUBLIC.encode() not in caller.get("tickets/", search=secret).content
    return bytes(caller.get("tickets/", search=PUBLIC).content)


def api(cast: Cast, ticket: Ticket) -> bytes:
    said = b""
    for person in (cast.priya, cast.paul):
        caller = Caller(person)
        parts = (
            "",
            "messages/",
            "messages/?kind=note",
            "messages/?kind=outside",
            "deliveries/",
            "drafts/",
            "clocks/",
        )
        said += b"".join(caller.get(f"tickets/{ticket.pk}/{part}").content for part in parts)
        said += b"".join(caller.get(f"attachments/{pk}/").content for pk in files())
    return said


def report(cast: Cast, ticket: Ticket) -> bytes:
    """What is exported and may be passed on says nothing of notes either, to whoever asks."""
    client = signed_in(cast.sue)
    query = "?report=first-response"
    return (
        client.get("/reports/tickets/" + query).content
        + client.get("/reports/tickets.csv" + query).getvalue()
    )


def quote(cast: Cast, ticket: Ticket) -> bytes:
    """What an agent's reply quotes at the press of a button; the page around it is the agent's own."""
    path = reverse("desk:insert", args=[ticket.pk])
    return signed_in(cast.mira).post(path, {"quote": "1"}, HTTP_ACCEPT="application/json").content


def survey(cast: Cast, ticket: Ticket) -> bytes:
    """The page, what it answers to an empty form, the thanks and the page that ends it."""
    asked = surveys.invitation(invited(ticket).pk)
    assert asked is not None
    client, path, said = Client(), asked["choices"][0].path, b""
    for score in ("", "1"):
        said += client.get(path).content
        said += client.post(path.partition("?")[0], {"score": score, "comment": PUBLIC}, follow=True).content
    return said + client.get(asked["stop_path"]).content


def invited(ticket: Ticket) -> Survey:
    row = Survey.objects.filter(ticket=ticket, state="scheduled").latest("pk")
    invite(row, at=row.send_at)
    return row


def files() -> list[int]:
    return list(Attachment.objects.values_list("pk", flat=True))


FACES = (portal, guest_link, links_to_files, search, api, report, quote, survey)


def test_ux25_nothing_of_it_leaves_whatever_is_done_and_whichever_face_is_asked(cast, told):
    said = {face.__name__: face(cast, told) for face in FACES}
    assert [name for name, page in said.items() if PUBLIC.encode() not in page] == []
    assert [(name, word) for name, page in said.items() for word in SECRETS if word.encode() in page] == []


def test_no_mail_to_a_customer_and_no_invitation_carries_it(cast, told, send_all):
    """Acknowledgements, replies with what they quote, copies, invitations; and of the side conversation to
    whom it was meant for our words alone."""
    invited(told)
    sent: dict[str, bytes] = {}
    for _sender, to, body in send_all().bodies:
        for address in [to] if isinstance(to, str) else to:
            sent[address] = sent.get(address, b"") + body
    for person in (cast.priya, cast.cara, cast.bob):
        assert PUBLIC.encode() in sent[person.email]
    told_staff = {person.email for person in (cast.mira, cast.sue)}
    leaked = {(to, word) for to, body in sent.items() for word in SECRETS if word.encode() in body}
    assert leaked == {(KIM, ASKED)}
    assert told_staff <= sent.keys()


def test_no_count_time_or_tag_tells_a_customer_of_it(cast, open_ticket, support):
    """What a customer gets is the same to the last sign before and after."""
    ticket = open_ticket(subject=PUBLIC)
    client, caller = signed_in(cast.priya), Caller(cast.priya)

    def seen() -> list[object]:
        pages = [
            client.get(path)
            for path in ("/tickets/", f"/tickets/{ticket.pk}/", f"/tickets/{ticket.pk}/news/")
        ]
        pages += [caller.get(f"tickets/{part}") for part in ("", f"{ticket.pk}/", f"{ticket.pk}/messages/")]
        tags = [page.headers.get(name) for page in pages for name in ("ETag", "Last-Modified")]
        return [re.sub(rb'value="[^"]{20,}"', b"", page.content) for page in pages] + tags

    before = seen()
    actions.add_note(ticket, NOTE, by=cast.mira)
    talk = actions.ask_outside(ticket, words(ASKED), address=KIM, by=cast.mira).side_talk
    assert talk is not None
    actions.hear_outside(talk, words(HEARD))
    actions.close_side_talk(talk, by=cast.mira)
    assert seen() == before


def test_no_action_makes_it_public(cast, told):
    hidden = Message.objects.filter(public=False)
    for message in hidden:
        assert not actions.accept_message(message, by=cast.mira).public
        with pytest.raises(actions.NotAllowed):
            actions.withdraw(message, by=cast.mira)
    assert hidden.filter(withdrawn_at=None).count() == 5 + 2 * 4
    with pytest.raises(IntegrityError), transaction.atomic():
        hidden.filter(side_talk__isnull=False).update(public=True)
