"""Tickets that nobody asked: closed, counted nowhere, their sender refused, and the way back."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from feedback.actions import install_standard_survey
from feedback.models import Survey
from helpdesk import actions as outward
from helpdesk.models import BlockedSender
from helpdesk.reports.filters import Filters
from helpdesk.reports.metrics import DEFINITIONS
from helpdesk.reports.periods import Period
from sla import actions as sla_actions
from sla.models import Clock, Measurement
from tests.helpdesk.desk.pages import words
from tickets import actions
from tickets.models import Draft


@pytest.fixture
def settled(cast, open_ticket):
    """Bob's ticket, answered, resolved and about to be asked about."""
    sla_actions.install_defaults()
    install_standard_survey()
    ticket = open_ticket(requester=cast.bob)
    actions.reply(ticket, "Yes.", by=cast.mira, channel="desk")
    return ticket


def counted():
    now, zone = timezone.now(), ZoneInfo("UTC")
    days = Period((now - timedelta(days=1)).date(), (now + timedelta(days=1)).date(), zone)
    filters = Filters(now=now, zone=zone, dates=days)
    reports = ("opened", "resolved", "first-response", "feedback")
    return [DEFINITIONS[report].relation(filters).count() for report in reports]


def test_spam_counts_nowhere_refuses_its_sender_and_can_be_taken_back(cast, settled):
    actions.resolve(settled, by=cast.mira)
    actions.reopen(settled, by=cast.mira)
    actions.resolve(settled, by=cast.mira)
    before = counted()
    assert before == [1, 2, 1, 2]
    assert Survey.objects.filter(state="scheduled").exists()
    assert outward.mark_spam(settled, by=cast.mira) == "bob@customers.example"
    settled.refresh_from_db()
    assert (settled.status, settled.spam_at is not None) == ("closed", True)
    assert counted() == [0, 0, 0, 0]
    assert not Clock.objects.exists()
    assert not Measurement.objects.exists()
    assert not Survey.objects.filter(state__in=("scheduled", "invited")).exists()
    assert BlockedSender.objects.get().value == "bob@customers.example"
    outward.unmark_spam(settled, by=cast.mira)
    settled.refresh_from_db()
    assert (settled.status, settled.spam_at) == ("closed", None)
    assert counted() == before
    assert not BlockedSender.objects.exists()


def test_the_desk_closes_spam_in_one_press_says_whom_it_refuses_and_takes_it_back(cast, ticket):
    sla_actions.install_defaults()
    browser, path = Client(), f"/desk/tickets/{ticket.pk}/"
    browser.force_login(cast.mira)
    done = browser.post(path + "mark-spam/", follow=True)
    assert "Mail from priya@customers.example is refused from now on." in words(done)
    assert "It counts in no report" in words(done)
    assert f'action="{path}unmark-spam/"' in done.content.decode()
    assert "It counts in no report" not in words(browser.post(path + "reopen/", follow=True))
    assert not BlockedSender.objects.exists()


def test_who_was_blocked_in_set_up_stays_blocked_and_colleagues_never_are(cast, open_ticket):
    outward.block_sender("priya@customers.example", by=cast.root)
    for person in (cast.priya, cast.sue):
        ticket = open_ticket(requester=person)
        outward.mark_spam(ticket, by=cast.mira)
        ticket.refresh_from_db()
        outward.unmark_spam(ticket, by=cast.mira)
        ticket.refresh_from_db()
        assert ticket.status == "open"
    assert [row.value for row in BlockedSender.objects.all()] == ["priya@customers.example"]


def test_spam_sends_no_waiting_reply_and_only_who_works_on_it_may_say_so(cast, ticket):
    with pytest.raises(actions.NotAllowed):
        outward.mark_spam(ticket, by=cast.gus)
    assert not BlockedSender.objects.exists()
    draft = actions.save_draft(ticket, "Soon.", by=cast.mira, kind="reply", version=0)
    tomorrow = timezone.now() + timedelta(days=1)
    actions.schedule_draft(draft, tomorrow, by=cast.mira, version=draft.version)
    for _twice in range(2):
        actions.mark_spam(ticket, by=cast.mira)
    assert ticket.events.filter(kind="ticket.marked_spam").count() == 1
    assert Draft.objects.get().why_not == "spam"
    actions.reopen(ticket, by=cast.mira)
    ticket.refresh_from_db()
    assert ticket.spam_at is None
