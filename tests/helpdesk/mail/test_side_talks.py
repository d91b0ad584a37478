"""A side conversation by mail: what leaves, what comes back, and that neither is the customer's."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import transaction

from helpdesk.models import Delivery, InboundEmail, Notification
from sla import actions as sla_actions
from sla.models import Clock
from tests.helpdesk.mail.post import bounce_of, letter, receive
from tickets import actions
from tickets.actions import NewFile, NotAllowed, Words
from tickets.events import record
from tickets.models import Message, SideTalk, Ticket

KIM = "kim@supplier.example"
State = InboundEmail.State


@pytest.fixture
def asked(cast: Any, open_ticket: Any, support: Any) -> Message:
    """Mira asked Kim, a supplier, about Priya's ticket, which she owns, and quoted Priya's words."""
    sla_actions.install_defaults()
    ticket = open_ticket(words=Words("The pump is broken."))
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.add_note(ticket, "Kim is slow.", by=cast.mira)
    file = NewFile("pump.txt", b"photo of the pump", "text/plain")
    return actions.ask_outside(
        ticket,
        Words("When does the part come?", files=(file,)),
        address="Kim@Supplier.example",
        name="Kim Lee",
        by=cast.mira,
        quoting=ticket.messages.filter(public=True),
    )


def standing(ticket: Ticket) -> list[Any]:
    """What a word of a customer or of ours would move."""
    ticket = Ticket.objects.get(pk=ticket.pk)
    clocks = Clock.objects.filter(ticket=ticket).order_by("pk").values_list("metric", "state", "due_at")
    turn = [ticket.status, ticket.assignee_id, ticket.unanswered_since, ticket.last_customer_at]
    return [*turn, ticket.updated_at, list(clocks)]


def mail_to(server: Any, address: str) -> EmailMessage:
    found = [body for _sender, to, body in server.bodies if address in to]
    mail = message_from_bytes(found[-1], policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_it_leaves_with_what_was_chosen_and_moves_nothing(asked, cast, send_all):
    before = standing(asked.ticket)
    mail = mail_to(send_all(), KIM)
    assert (mail["To"], mail["Cc"], mail["In-Reply-To"]) == (f"Kim Lee <{KIM}>", None, None)
    assert "Mira" in mail["From"]
    assert "[#" not in mail["Subject"]
    said = text_of(mail)
    assert said.startswith("When does the part come?")
    assert "> The pump is broken." in said
    assert "Kim is slow" not in said
    assert "priya@" not in mail.as_string()
    assert [one.get_filename() for one in mail.iter_attachments()] == ["pump.txt"]
    assert standing(asked.ticket) == before
    assert not asked.ticket.events.filter(kind="ticket.replied", data__by="agent").exists()


@pytest.mark.parametrize("how", ["by the address", "by the Message-ID"])
def test_the_answer_comes_back_into_it_and_is_told_to_the_assignee(asked, cast, send_all, how):
    mail, before = mail_to(send_all(), KIM), standing(asked.ticket)
    to = mail["Reply-To"] if how == "by the address" else "billing@acme.example"
    answers = {} if how == "by the address" else {"in_reply_to": mail["Message-ID"]}
    row = receive(letter("On Friday.", sender=f"Kim Lee <{KIM}>", to=str(to), **answers))
    assert (row.state, row.reason, row.ticket) == (State.FILED, "answer from outside", asked.ticket)
    assert row.message is not None
    heard = row.message
    assert (heard.side_talk_id, heard.public, heard.by, heard.held) == (
        asked.side_talk_id,
        False,
        "outside",
        False,
    )
    assert standing(asked.ticket) == before
    assert Ticket.objects.count() == 1
    assert list(Notification.objects.filter(kind="side_talk.heard").values_list("person", flat=True)) == [
        cast.mira.pk
    ]
    news = mail_to(send_all(), "mira@desk.example")
    assert "Kim Lee answered" in text_of(news)
    assert "On Friday" not in news.as_string()
    assert news["Reply-To"] is None  # an answer to this mail would be for the customer
    actions.write_outside(SideTalk.objects.get(), "Thank you.", by=cast.mira)
    again = mail_to(send_all(), KIM)
    assert again["In-Reply-To"] == f"<{heard.internet_message_id}>"
    assert again["Subject"].startswith("Re: ")


def test_somebody_else_with_the_address_waits_for_an_agent(asked, cast, send_all):
    mail, before = mail_to(send_all(), KIM), standing(asked.ticket)
    row = receive(letter("Me too!", to=str(mail["Reply-To"])))  # Priya, to whom Kim passed the mail on
    assert row.message is not None
    assert (row.state, row.message.held, row.message.public) == (State.SUSPENDED, True, False)
    assert standing(asked.ticket) == before
    actions.accept_message(row.message, by=cast.mira)
    row.message.refresh_from_db()
    assert (row.message.held, row.message.public) == (False, False)
    assert standing(asked.ticket) == before
    assert asked.ticket.events.filter(kind="side_talk.heard").count() == 1


def test_the_id_alone_lets_nobody_else_in(asked, cast, send_all):
    """Priya answers a mail of the side conversation that was passed on: a ticket of her own."""
    mail = mail_to(send_all(), KIM)
    row = receive(letter("What is this?", in_reply_to=str(mail["Message-ID"])))
    assert row.ticket is not None
    assert row.ticket != asked.ticket
    assert row.reason == "possibly related"


def test_a_robots_answer_is_kept_quietly(asked, send_all):
    mail = mail_to(send_all(), KIM)
    SideTalk.objects.update(closed_at=asked.said_at)
    row = receive(letter("Away.", sender=KIM, to=str(mail["Reply-To"]), auto_submitted="auto-replied"))
    assert row.message is not None
    assert (row.state, row.message.automatic, row.message.public) == (State.QUIET, True, False)
    assert not Notification.objects.filter(kind="side_talk.heard").exists()
    assert not SideTalk.objects.get().is_open


def test_an_answer_opens_a_closed_one_and_a_word_of_ours_too(asked, cast, send_all):
    mail = mail_to(send_all(), KIM)
    talk = actions.close_side_talk(SideTalk.objects.get(), by=cast.mira)
    receive(letter("Late.", sender=KIM, to=str(mail["Reply-To"])))
    assert SideTalk.objects.get().is_open
    actions.close_side_talk(talk, by=cast.mira)
    actions.write_outside(talk, "One more thing.", by=cast.mira)
    assert SideTalk.objects.get().is_open


def test_a_mail_that_comes_back_is_told_to_its_writer_and_starts_no_clock(asked, cast, send_all):
    mail, before = mail_to(send_all(), KIM), standing(asked.ticket)
    receive(bounce_of(str(mail["Message-ID"]).strip("<>"), KIM))
    assert Delivery.objects.get(address=KIM).state == Delivery.State.FAILED
    assert standing(asked.ticket) == before
    assert not asked.ticket.events.filter(kind="delivery.failed").exists()
    assert "Kim Lee" in text_of(mail_to(send_all(), "mira@desk.example"))


def test_only_public_words_can_be_chosen_and_only_for_somebody_outside(asked, cast):
    ticket = asked.ticket
    note = ticket.messages.get(text="Kim is slow.")
    for chosen in (note, asked):
        with pytest.raises(NotAllowed):
            actions.ask_outside(ticket, "Look.", address=KIM, by=cast.mira, quoting=[chosen])
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    for customer in ("priya@customers.example", "cara@customers.example"):
        with pytest.raises(NotAllowed, match="Reply instead"):
            actions.ask_outside(ticket, "Look.", address=customer, by=cast.mira)


@pytest.mark.tampers
def test_a_mail_bent_to_quote_a_note_is_not_sent(asked, cast, send_all):
    note = asked.ticket.messages.get(text="Kim is slow.")
    data = {"side_talk": asked.side_talk_id, "message": asked.pk, "quoted": [note.pk]}
    send_all()
    with transaction.atomic():
        record(
            "side_talk.written",
            ticket=actions.base.lock(asked.ticket),
            subject=asked,
            by=cast.mira,
            data=data,
        )
    send_all()
    row = Delivery.objects.get(event__data__quoted=[note.pk])
    assert (row.address, row.state) == (KIM, Delivery.State.FAILED)
