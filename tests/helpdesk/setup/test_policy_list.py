"""The list of policies: its order, what each takes in a sentence, and what is wrong with it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from sla import actions
from sla.models import Policy
from tests.helpdesk.setup.conftest import Browser
from tickets import actions as ticket_actions
from tickets.models import Event

LIST = reverse("setup:hours")


@pytest.fixture
def calendar(cast):
    calendar, standard = actions.install_defaults()
    assert standard.latest.conditions == []
    return calendar


@pytest.fixture
def add(calendar):
    """A policy with conditions (triples of field, operator, values), asked before the one that takes all."""

    def _add(name, *conditions, **more):
        parts = [{"field": f, "operator": o, "values": v} for f, o, v in conditions]
        spec = actions.default_policy() | {"conditions": parts}
        last = Policy.objects.get(name="Standard support")
        return actions.create_policy(name, spec, calendar=calendar, by=None, before=last, **more)

    return _add


def words(answer):
    return " ".join(strip_tags(answer.content.decode()).split())


def order():
    return list(Policy.objects.values_list("name", flat=True))


def test_each_policy_says_in_a_sentence_for_which_tickets_it_is(root, add, cast):
    add(
        "Urgent",
        ("team", "is", [cast.billing.pk, cast.tech.pk]),
        ("channel", "is_not", ["phone"]),
        ("priority", "is", [4, 3]),
    )
    add("Nordlicht", ("organization", "is", [cast.nordlicht.pk]), ("tag", "contains", ["vip"]))
    said = words(root.get(LIST))
    assert (
        "Tickets whose team is Billing or Tech and whose channel is not phone and whose priority is"
        " Urgent or High." in said
    )
    assert "Tickets whose organisation is Nordlicht GmbH and whose tag contains “vip”." in said
    assert "Every ticket." in said


def test_buttons_move_a_policy_and_the_focus_stays_on_its_row(root, add):
    add("One", ("priority", "is", [4]))
    two = add("Two", ("priority", "is", [3]))
    assert order() == ["One", "Two", "Standard support"]
    path = reverse("setup:hours_policy_move", args=[two.pk])
    answer = root.send(path, {"go": "up"}, page=LIST)
    assert answer.status_code == 303
    assert order() == ["Two", "One", "Standard support"]
    html = root.get(answer["Location"]).content.decode()
    # Already first, so only the other button of the row can take the focus.
    row = html[html.index(f'id="policy-{two.pk}"') :]
    assert re.search(r'value="down"[^>]* autofocus', row[: row.index("</li>")])
    assert len(re.findall(r'name="go"[^>]* autofocus', html)) == 1
    assert "“Two” is asked earlier now" in html
    root.send(path, {"go": "up"}, page=LIST)
    assert order() == ["Two", "One", "Standard support"]
    answer = root.send(path, {"go": "down"}, page=LIST)
    assert order() == ["One", "Two", "Standard support"]
    html = root.get(answer["Location"]).content.decode()
    row = html[html.index(f'id="policy-{two.pk}"') :]
    assert re.search(r'value="down"[^>]* autofocus', row[: row.index("</li>")])


def test_a_move_sent_twice_moves_once(root, add):
    for name in ("One", "Two", "Three"):
        add(name, ("priority", "is", [4]))
    path = reverse("setup:hours_policy_move", args=[Policy.objects.get(name="Three").pk])
    for _time in range(2):
        root.send(path, {"go": "up"}, once="k" * 20)
    assert order() == ["One", "Three", "Two", "Standard support"]


def test_policies_with_one_position_get_places_of_their_own(calendar, add):
    Policy.objects.update(position=0)
    last = add("Two", ("priority", "is", [4]))
    Policy.objects.update(position=0)
    actions.move_policy(last, by=None, up=True)
    assert order() == ["Two", "Standard support"]
    assert list(Policy.objects.values_list("position", flat=True)) == [1, 2]


def test_a_list_without_a_policy_for_every_ticket_is_warned_about(root, add):
    add("Urgent", ("priority", "is", [4]))
    assert "No active policy takes every ticket." not in words(root.get(LIST))
    standard = Policy.objects.get(name="Standard support")
    path = reverse("setup:hours_policy_switch", args=[standard.pk])
    assert root.send(path, {"go": "off"}, page=LIST).status_code == 303
    said = words(root.get(LIST))
    assert "No active policy takes every ticket." in said
    assert "not in use" in said
    root.send(path, {"go": "on"}, page=LIST)
    assert "No active policy takes every ticket." not in words(root.get(LIST))


def test_a_policy_below_one_that_takes_everything_is_never_asked(root, add):
    special = add("Urgent", ("priority", "is", [4]))
    actions.move_policy(special, by=None, up=False)
    assert "Never asked: “Standard support” above it takes every ticket." in words(root.get(LIST))


@pytest.mark.tampers
def test_conditions_on_closed_or_deleted_things_are_warned_about_in_a_sentence(root, add, cast):
    ticket_actions.edit_team(cast.tech, by=cast.root, is_active=False)
    add("Tech", ("team", "is", [cast.tech.pk]))
    gone = ticket_actions.create_team("Old", by=cast.root)
    add("Gone", ("team", "is", [gone.pk]))
    add("Half", ("team", "is", [gone.pk, cast.billing.pk]))
    gone.delete()
    said = words(root.get(LIST))
    assert "Team Tech is closed: no new tickets reach it." in said
    assert "It takes no ticket: the team that it asks for was deleted. Change the condition." in said
    assert "A team that it asks for was deleted; that part of the condition has no effect." in said
    assert "Tickets whose team is something deleted or Billing." in said


def test_moving_and_switching_are_recorded_by_whoever_did_them(add, cast):
    policy = add("Urgent", ("priority", "is", [4]))
    browser = Browser(cast.sue)
    before = Event.objects.filter(kind="policy.changed").count()
    browser.send(reverse("setup:hours_policy_move", args=[policy.pk]), {"go": "down"}, page=LIST)
    browser.send(reverse("setup:hours_policy_switch", args=[policy.pk]), {"go": "off"}, page=LIST)
    events = Event.objects.filter(kind="policy.changed").order_by("pk")[before:]
    assert [event.actor for event in events] == [cast.sue, cast.sue]


def test_the_page_costs_the_same_however_many_policies_there_are(root, add, cast, django_assert_num_queries):
    add("One", ("team", "is", [cast.billing.pk]), ("organization", "is", [cast.nordlicht.pk]))
    root.get(LIST)
    with CaptureQueriesContext(connection) as few:
        root.get(LIST)
    for number in range(8):
        add(f"Policy {number}", ("team", "is", [cast.tech.pk]), ("organization", "is", [cast.brightmill.pk]))
    with django_assert_num_queries(len(few)):
        root.get(LIST)
    assert len(few) <= 9
