"""Mis-send: after all that agents do to a ticket, a note and its file reach no customer by any face.

Each face must show the public words, so that a page that shows nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from feedback.actions import install_standard_survey, invite
from feedback.models import Survey
from helpdesk import guests
from tests.cast import Cast
from tests.helpdesk.api.conftest import Caller
from tickets import actions
from tickets.actions import NewFile, Words
from tickets.models import Attachment, Ticket, User

SECRET, PUBLIC = "zanzibar4711", "lighthouse"
NOTE = Words(f"{SECRET} @Sue Park", files=(NewFile(f"{SECRET}.txt", SECRET.encode(), "text/plain"),))


@pytest.fixture
def told(cast: Cast, open_ticket: Callable[..., Ticket], support: Any) -> Ticket:
    """Priya's ticket after notes, replies, a merge with Bob's (which has a note too) that was undone and done
    again, spam taken back, somebody in copy, a resolution."""
    install_standard_survey()
    for person in (cast.priya, cast.bob):
        actions.prove_address(person)
    ticket, double = open_ticket(subject=PUBLIC), open_ticket(requester=cast.bob, subject=PUBLIC)
    for one in (ticket, double):
        actions.accept_follower(one, cast.cara, by=cast.mira)
        actions.add_note(one, NOTE, by=cast.mira)
        actions.reply(one, PUBLIC, by=cast.mira, channel="desk", then="waiting")
        actions.add_note(one, NOTE, by=cast.sue)
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
    return Client().get(guests.make_link(ticket, cast.priya), follow=True).content


def search(cast: Cast, ticket: Ticket) -> bytes:
    """A customer's list by API, asked for the note's own word and a public one; the desk's is not theirs."""
    assert signed_in(cast.priya).get(f"/desk/search/?q={SECRET}").status_code == 404
    caller = Caller(cast.priya)
    assert PUBLIC.encode() not in caller.get("tickets/", search=SECRET).content
    return bytes(caller.get("tickets/", search=PUBLIC).content)


def api(cast: Cast, ticket: Ticket) -> bytes:
    said = b""
    for person in (cast.priya, cast.paul):
        caller = Caller(person)
        parts = ("", "messages/", "messages/?kind=note", "deliveries/", "drafts/", "clocks/")
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


def files() -> list[int]:
    return list(Attachment.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("face", [portal, guest_link, search, api, report], ids=lambda face: face.__name__)
def test_a_note_stays_whatever_is_done_and_whichever_face_is_asked(cast, told, face):
    said = face(cast, told)
    assert PUBLIC.encode() in said
    assert SECRET.encode() not in said


def test_no_mail_to_a_customer_and_no_invitation_carries_it(cast, told, send_all):
    row = Survey.objects.filter(ticket=told, state="scheduled").latest("pk")
    invite(row, at=row.send_at)
    server = send_all()
    assert {"priya@customers.example", "cara@customers.example", "bob@customers.example"} <= set(
        server.recipients
    )
    sent = b"\n".join(body for _sender, _to, body in server.bodies)
    assert PUBLIC.encode() in sent
    assert SECRET.encode() not in sent
