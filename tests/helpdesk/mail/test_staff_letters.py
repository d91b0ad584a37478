"""What staff are told by mail."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from helpdesk.models import Delivery
from sla.actions import install_defaults
from tickets import actions
from tickets.events import record

MIRA = "mira@desk.example"


@pytest.fixture
def told(ticket, cast, support, send_all):
    """Does something on Priya's ticket and returns the text of the mail that Mira gets of it."""

    def _told(act):
        Delivery.objects.all().delete()
        act()
        (mail,) = send_all().mails(MIRA)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert f"/desk/tickets/{ticket.pk}/" in mail.get_body(("html",)).get_content()
        return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")

    return _told


def test_an_assignment_names_who_assigned(ticket, cast, told):
    text = told(lambda: actions.assign(ticket, cast.mira, by=cast.sue))
    assert text.startswith(f"Sue Park assigned ticket {ticket.pk} to you: Refund missing\n")


def test_the_customers_words_are_quoted_without_what_they_quoted(ticket, cast, told):
    actions.assign(ticket, cast.mira, by=cast.mira)
    words = actions.Words("Yes.\n\n> old", fresh="Yes & <b>no</b>.", quoted="> old")
    text = told(lambda: actions.reply(ticket, words, by=cast.priya, channel="mail"))
    assert f"Priya Nair wrote on ticket {ticket.pk}:" in text
    assert "> Yes & <b>no</b>." in text
    assert "old" not in text


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("level", "metric", "expected"),
    [
        ("-25%", "first_response", "The reply on ticket {} is due {}: Refund missing"),
        ("0", "first_response", "The reply on ticket {} is late since {}: Refund missing"),
        ("0", "resolution", "Ticket {} is late since {}: Refund missing"),
    ],
)
def test_a_clock_names_its_due_time(ticket, cast, told, level, metric, expected):
    version = install_defaults()[1].latest.pk
    actions.assign(ticket, cast.mira, by=cast.mira)
    days = timedelta(days=-2 if "late" in expected else 2)
    due_at = (timezone.now() + days).replace(hour=15, minute=4, second=0, microsecond=0)

    def tick():
        with transaction.atomic():
            data = {"clock": 1, "metric": metric, "instance": 1, "due_at": due_at}
            data |= {"level": level, "policy_version": version, "calendar_version": None}
            record("sla.escalated", ticket=ticket, subject=ticket, data=data)

    when = f"{due_at:%a} {due_at.day} {due_at:%b, %H:%M} UTC"
    assert told(tick).startswith(expected.format(ticket.pk, when))


def test_a_lost_answer_is_told_to_its_author_with_the_servers_words(ticket, cast, told, mail_server):
    mail_server.faults["priya@customers.example"] = "550 5.1.1 no such mailbox"
    text = told(lambda: actions.reply(ticket, "Hello.", by=cast.mira, channel="desk"))
    assert text.startswith(f"Your reply on ticket {ticket.pk} did not reach Priya Nair: Refund missing\n")
    assert "550 5.1.1 no such mailbox" in text
    assert "The text is saved." in text
