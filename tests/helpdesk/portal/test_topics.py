"""What a new ticket is about: chosen from the topics that administrators set up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from helpdesk import actions as outward
from helpdesk.portal import promises
from helpdesk.topics import offers
from sla import actions as sla_actions
from sla.models import Clock
from tests.helpdesk.mailed import mails_to, path_in
from tests.helpdesk.portal.pages import send, words
from tickets.models import Ticket

FORM = {"subject": "My parcel", "message": "It has not come."}


@pytest.fixture
def topics(cast):
    """Refunds go to Billing as they are; faults to Tech, urgent and tagged."""
    refunds = outward.create_topic(
        {"en": {"name": "Refunds", "hint": "Have the order number ready."}, "de": {"name": "Erstattungen"}},
        cast.billing,
        by=cast.root,
    )
    faults = outward.create_topic(
        {"en": {"name": "A fault", "description": "Something does not work."}},
        cast.tech,
        by=cast.root,
        priority=4,
        tags=[" Fault ", "fault", "portal"],
    )
    return refunds, faults


def test_a_topic_brings_the_ticket_to_its_team_with_priority_and_tags(cast, topics, signed_in):
    _refunds, faults = topics
    client = signed_in(cast.priya)
    page = client.get(f"/new/?topic={faults.pk}").content.decode()
    assert "Something does not work." in page
    assert page.count(" checked") == 1
    assert f'value="{faults.pk}" checked' in page
    answer = send(client, "/new/", topic=faults.pk, **FORM)
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/tickets/{ticket.pk}/received/"
    assert (ticket.team, ticket.priority) == (cast.tech, 4)
    assert sorted(ticket.tags.values_list("name", flat=True)) == ["fault", "portal"]


def test_the_time_that_is_told_is_the_one_that_the_clock_will_hold(cast, topics, signed_in):
    _calendar, policy = sla_actions.install_defaults()
    told = promises.aims(offers("en"), cast.billing, cast.priya)
    assert told[topics[1].pk] < told[topics[0].pk]  # urgent before normal
    client = signed_in(cast.priya)
    assert words(client.get("/new/")).count("If you send it now, we aim to answer by") == 2
    for topic in topics:
        send(client, "/new/", topic=topic.pk, **FORM)
        clock = Clock.objects.get(ticket=Ticket.objects.latest("pk"), metric="first_response")
        assert abs(clock.due_at - told[topic.pk]) < timedelta(minutes=1)
    sla_actions.edit_policy(policy, by=cast.root, is_active=False)
    assert "we aim to answer" not in words(client.get("/new/"))


def test_without_a_choice_the_form_comes_back_and_one_topic_alone_is_not_asked_for(cast, topics, signed_in):
    client = signed_in(cast.priya)
    for wrong in ({}, {"topic": "999"}, {"topic": "x"}):
        answer = send(client, "/new/", **FORM, **wrong)
        assert answer.status_code == 422
        assert '<a href="#id_topic">Choose what it is about</a>' in answer.content.decode()
    outward.edit_topic(topics[0], by=cast.root, is_active=False)
    assert "What is it about?" not in words(client.get("/new/"))
    send(client, "/new/", **FORM)
    assert Ticket.objects.get().team == cast.tech


def test_a_guests_topic_is_kept_until_the_address_is_confirmed(cast, topics, browser):
    for topic, email in zip(topics, ("nina@elsewhere.example", "nils@elsewhere.example"), strict=True):
        send(browser, "/new/", email=email, topic=topic.pk, **FORM)
        if topic == topics[1]:
            outward.edit_topic(topic, by=cast.root, is_active=False)
        page = browser.get(path_in(mails_to(email, "account.confirm_ticket")[-1]), follow=True)
        waiting = page.content.decode().split('name="form" value="')[1].split('"')[0]
        browser.post("/confirm/", {"form": waiting})
    first, second = Ticket.objects.order_by("pk")
    assert (first.team, first.priority) == (cast.billing, 2)
    assert (second.team, second.priority) == (cast.billing, 2)  # no longer offered: as without a topic


def test_topics_speak_the_readers_language_or_else_the_companys(topics):
    page = words(Client().get("/new/", headers={"Accept-Language": "de"}))
    assert "Erstattungen" in page
    assert "Have the order number ready." not in page  # the German words have no hint
    assert "A fault" in page
