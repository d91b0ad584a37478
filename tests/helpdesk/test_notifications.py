"""What those who work here are told in the app: who, what, and when it counts as read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from feedback import actions as feedback
from helpdesk import notifications, wishes
from helpdesk.models import Delivery, Notification
from helpdesk.tidying import tidy
from sla.actions import install_defaults
from sla.tasks import sweep
from tests.surveyed import resolve
from tickets import actions

__all__ = ["resolve"]


def told(person):
    rows = Notification.objects.filter(person=person, read_at=None).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_the_assignee_is_told_what_others_do_and_nobody_of_their_own_acts(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.reply(ticket, "Any news?", by=cast.priya, channel="portal")
    assert told(cast.mira) == ["ticket.assigned", "ticket.answered"]
    actions.assign(ticket, cast.sue, by=cast.sue)
    assert told(cast.sue) == []


def test_acting_on_a_ticket_by_any_face_marks_its_news_read_and_no_other(open_ticket, cast):
    one, other = open_ticket(), open_ticket()
    for each in (one, other):
        actions.assign(each, cast.mira, by=cast.sue)
    actions.prioritize(one, 4, by=cast.mira)
    assert list(Notification.objects.filter(read_at=None).values_list("ticket", flat=True)) == [other.pk]


def test_promises_and_replies_that_did_not_arrive_are_told(open_ticket, cast):
    install_defaults()
    ticket = open_ticket(assignee=cast.mira)
    reply = actions.reply(ticket, "Here", by=cast.mira, channel="mail", then="open")
    actions.report_undelivered(reply, delivery=reply.deliveries.get().pk)
    sweep(now=timezone.now() + timedelta(days=30))
    assert {"delivery.failed", "sla.breached"} <= set(told(cast.mira))


@pytest.mark.parametrize("channel", wishes.CHANNELS)
def test_app_and_mail_tell_the_same_people_and_each_can_be_declined(open_ticket, cast, channel):
    other = {"app": "mail", "mail": "app"}[channel]
    actions.edit_person(cast.mira, by=cast.mira, preferences={channel: {"ticket.assigned": False}})
    actions.assign(open_ticket(), cast.mira, by=cast.sue)
    by_mail = Delivery.objects.filter(recipient=cast.mira, template="ticket.assigned").count()
    assert {"mail": by_mail, "app": len(told(cast.mira))} == {channel: 0, other: 1}


def test_a_low_score_is_told_to_whom_it_counts_for(resolve, cast):
    survey = feedback.invite(resolve(at=timezone.now() - timedelta(days=2)), at=timezone.now())
    feedback.answer(survey, score=4)
    assert told(survey.agent) == []
    feedback.answer(survey, score=2, comment="It took two weeks.")
    assert told(survey.agent) == ["survey.scored_low"]


def test_what_went_out_of_sight_is_not_counted(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.sue)
    assert notifications.Alerts(cast.mira).words == "1"
    actions.move(ticket, cast.tech, by=cast.sue)
    assert notifications.Alerts(cast.mira).count == 0


def test_after_ninety_days_it_is_forgotten(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.sue)
    Notification.objects.update(told_at=timezone.now() - timedelta(days=89))
    tidy()
    assert Notification.objects.count() == 1
    Notification.objects.update(told_at=timezone.now() - timedelta(days=91))
    tidy()
    assert not Notification.objects.exists()
