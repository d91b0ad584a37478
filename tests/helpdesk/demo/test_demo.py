"""The demo and the seed tell a story that the events prove."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.models import Survey
from helpdesk.models import Delivery
from sla import clockwork
from sla.models import Measurement
from tickets.models import Event, Message, Role, Speaker, Ticket, User


def test_the_demo_plays_three_months_whose_clocks_agree_with_their_events(db, settings):
    settings.DEMO = True
    call_command("load_demo", tickets=25)
    tickets = Ticket.objects.all()
    assert tickets.count() >= 25
    assert list(clockwork.differences(list(tickets.values_list("pk", flat=True)))) == []
    assert User.objects.filter(role=Role.CUSTOMER).count() == 40
    assert User.objects.filter(role=Role.AGENT).count() == 8
    assert User.objects.get(email="agent@demo.example").check_password("demo")
    assert Survey.objects.exists()
    oldest = Event.objects.filter(kind="ticket.opened").earliest("at")
    assert oldest.at < timezone.now() - timedelta(days=30)
    replies = Message.objects.filter(public=True, by=Speaker.AGENT, withdrawn_at=None)
    assert replies.exists()
    mailed = Delivery.objects.filter(state=Delivery.State.QUEUED)
    assert not mailed.exists(), "the played past is mailed now"


def test_without_the_demo_setting_its_people_cannot_sign_in(db, settings):
    settings.DEMO = False
    call_command("load_demo", tickets=1)
    assert not User.objects.get(email="agent@demo.example").has_usable_password()


def test_the_demo_refuses_a_database_that_holds_people(cast):
    with pytest.raises(CommandError, match="empty database only"):
        call_command("load_demo", tickets=1)


@pytest.mark.django_db(transaction=True)
def test_seeded_tickets_have_the_clocks_that_their_events_ask_for():
    call_command("seed", tickets=60)
    ids = list(Ticket.objects.values_list("pk", flat=True))
    assert len(ids) == 60
    assert list(clockwork.differences(ids)) == []
    assert Measurement.objects.exists()
    last = Event.objects.filter(ticket=ids[-1]).latest("seq")
    assert Ticket.objects.get(pk=ids[-1]).event_seq == last.seq


def test_seeding_less_than_one_ticket_is_refused_in_words(db):
    with pytest.raises(CommandError, match="at least 1"):
        call_command("seed", tickets=0)
