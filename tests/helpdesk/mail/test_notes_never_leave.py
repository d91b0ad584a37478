"""An internal note reaches no customer: not as words, not as a quote, not by a builder that is handed one."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from helpdesk.mail import letters
from helpdesk.mail.letters import NotForCustomers, PublicWords
from helpdesk.models import Delivery
from tests.cast import PersonFactory
from tickets import actions
from tickets.events import record

SECRET = "zanzibar-4711"


def everything(server):
    return b"\n".join(body for _sender, _to, body in server.bodies).decode()


def test_no_mail_to_anybody_holds_a_word_of_a_note(ticket, cast, support, send_all):
    for person in (cast.cara, cast.bob):
        actions.accept_follower(ticket, person, by=cast.mira)
    file = actions.NewFile(f"{SECRET}.txt", SECRET.encode(), "text/plain")
    actions.prove_address(cast.priya)
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.add_note(ticket, actions.Words(SECRET, files=(file,)), by=cast.mira)
    actions.reply(ticket, "On its way.", by=cast.mira, channel="desk")
    actions.add_note(ticket, actions.Words(SECRET, files=(file,)), by=cast.sue)
    actions.reply(ticket, "Arrived?", by=cast.mira, channel="desk", then="waiting")
    actions.reply(ticket, "Yes.", by=cast.priya, channel="portal")
    actions.resolve(ticket, by=cast.mira)
    server = send_all()
    assert len(server.recipients) >= 8
    assert SECRET not in everything(server)


@pytest.mark.parametrize("kind", ["note", "held", "automatic", "withdrawn", "not yet released"])
def test_the_builder_of_customers_mail_refuses_what_customers_never_see(ticket, cast, kind):
    hold = timedelta(minutes=5)
    make = {
        "note": lambda: actions.add_note(ticket, SECRET, by=cast.mira),
        "held": lambda: actions.hold_message(ticket, SECRET, author=PersonFactory()),
        "automatic": lambda: actions.hear_automatic(ticket, SECRET, author=cast.priya),
        "withdrawn": lambda: actions.withdraw(
            actions.reply(ticket, SECRET, by=cast.mira, channel="desk", hold=hold), by=cast.mira
        ),
        "not yet released": lambda: actions.reply(ticket, SECRET, by=cast.mira, channel="desk", hold=hold),
    }
    with pytest.raises(NotForCustomers):
        PublicWords(make[kind]())


def test_a_delivery_bent_to_a_note_is_not_sent(ticket, cast, support, send_all):
    note = actions.add_note(ticket, SECRET, by=cast.mira)
    actions.reply(ticket, "Hello.", by=cast.mira, channel="desk")
    Delivery.objects.filter(template="ticket.replied").update(message=note, send_at=timezone.now())
    server = send_all()
    assert SECRET not in everything(server)
    assert Delivery.objects.get(template="ticket.replied").state == Delivery.State.FAILED


@pytest.mark.tampers
def test_not_even_a_colleague_is_mailed_the_words_of_a_note(ticket, cast, support, send_all):
    """No placeholder leads to one, whatever the event says that a mail is about."""
    actions.assign(ticket, cast.mira, by=cast.mira)
    note = actions.add_note(ticket, SECRET, by=cast.sue)
    Delivery.objects.all().delete()
    ticket.refresh_from_db()
    with transaction.atomic():
        data = {"message": note.pk, "by": "customer", "human": True, "channel": "mail"}
        record("ticket.replied", ticket=ticket, subject=note, by=cast.priya, data=data)
    server = send_all()
    assert "mira@desk.example" in server.recipients
    assert SECRET not in everything(server)


def test_every_letter_to_a_customer_with_words_demands_public_ones():
    assert letters._reply_letter.__annotations__["words"] == "PublicWords"
    assert letters._quoted.__annotations__["return"] == "PublicWords | None"
