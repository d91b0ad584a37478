"""Making and editing calendars and policies: versions, refusals, who may, and what is recorded."""

import pytest

from sla import actions as sla_actions
from sla.actions.setup import OFFICE_HOURS
from sla.calendar import CalendarError
from sla.models import Calendar, Policy
from sla.rules import PolicyError
from tickets import actions as ticket_actions
from tickets.actions import NotAllowed
from tickets.models import Event

HOURS = {"timezone": "Europe/Berlin", "hours": OFFICE_HOURS}
NIGHTS = {"timezone": "Europe/Berlin", "hours": {"mon": [["22:00", "06:00"]]}}


@pytest.fixture
def calendar(cast):
    return sla_actions.create_calendar("Berlin", HOURS, by=cast.sue)


def changes(kind):
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("actor__name", "data"))


def test_the_first_calendar_becomes_the_default_and_is_recorded(calendar):
    assert calendar.is_default
    assert changes("calendar.changed") == [
        ("Sue Park", {"calendar": calendar.pk, "version": calendar.latest.pk})
    ]


def test_new_hours_make_a_new_version_and_the_old_one_stays(calendar, cast):
    first = calendar.latest
    sla_actions.edit_calendar(calendar, by=cast.root, spec=NIGHTS)
    assert (calendar.latest.number, calendar.latest.spec) == (2, NIGHTS)
    first.refresh_from_db()
    assert first.spec == HOURS
    assert len(changes("calendar.changed")) == 2


def test_an_edit_that_changes_nothing_records_nothing(calendar, cast):
    sla_actions.edit_calendar(calendar, by=cast.root, name="Berlin", spec=HOURS, is_default=True)
    assert (calendar.versions.count(), len(changes("calendar.changed"))) == (1, 1)


def test_there_is_one_default_calendar(calendar, cast):
    other = sla_actions.create_calendar("Nights", NIGHTS, by=cast.root, is_default=True)
    assert list(Calendar.objects.filter(is_default=True)) == [other]
    sla_actions.edit_calendar(calendar, by=cast.root, is_default=True)
    assert list(Calendar.objects.filter(is_default=True)) == [calendar]


def test_what_cannot_be_used_is_refused_in_a_sentence_and_nothing_is_written(calendar, cast):
    with pytest.raises(CalendarError, match="never open"):
        sla_actions.create_calendar("Empty", {"timezone": "UTC", "hours": {}}, by=cast.root)
    with pytest.raises(CalendarError, match="exists already"):
        sla_actions.create_calendar("Berlin", HOURS, by=cast.root)
    with pytest.raises(CalendarError, match="Enter a name"):
        sla_actions.edit_calendar(calendar, by=cast.root, name="  ")
    with pytest.raises(PolicyError, match="not something we measure"):
        sla_actions.create_policy("Odd", {"targets": {"luck": {}}}, calendar=calendar, by=cast.root)
    spec = {"conditions": [{"field": "mood", "operator": "is", "values": ["good"]}]}
    with pytest.raises(PolicyError, match="not something a policy can ask"):
        sla_actions.create_policy("Odd", spec, calendar=calendar, by=cast.root)
    assert (Calendar.objects.count(), Policy.objects.count()) == (1, 0)


def test_agents_and_customers_do_not_set_up(calendar, cast):
    for person in (cast.mira, cast.priya):
        with pytest.raises(NotAllowed):
            sla_actions.create_calendar("Mine", HOURS, by=person)
        with pytest.raises(NotAllowed):
            sla_actions.create_policy("Mine", sla_actions.default_policy(), calendar=calendar, by=person)


def test_policies_are_asked_in_the_order_of_their_position(calendar, cast, open_ticket):
    last = sla_actions.create_policy("All", sla_actions.default_policy(), calendar=calendar, by=cast.root)
    spec = sla_actions.default_policy()
    spec["conditions"] = [{"field": "organization", "operator": "is", "values": [cast.nordlicht.pk]}]
    special = sla_actions.create_policy("Nordlicht", spec, calendar=calendar, by=cast.root)
    ticket = open_ticket()
    assert sla_actions.matching_version(ticket) == last.latest
    sla_actions.edit_policy(special, by=cast.root, position=0)
    assert sla_actions.matching_version(ticket) == special.latest
    assert sla_actions.matching_version(open_ticket(requester=cast.bob)) == last.latest
    sla_actions.edit_policy(special, by=cast.root, is_active=False)
    assert sla_actions.matching_version(ticket) == last.latest


def test_a_policy_may_ask_for_a_tag_and_follows_it(calendar, cast, open_ticket):
    spec = sla_actions.default_policy()
    spec["conditions"] = [{"field": "tag", "operator": "is", "values": ["vip"]}]
    vip = sla_actions.create_policy("VIP", spec, calendar=calendar, by=cast.root)
    ticket = open_ticket(tags=["vip"])
    applied = ticket.events.filter(kind="sla.applied").last()
    assert applied.data["policy_version"] == vip.latest.pk


def test_the_defaults_are_installed_once(db):
    calendar, policy = sla_actions.install_defaults(zone="Europe/Berlin")
    assert calendar.latest.spec["timezone"] == "Europe/Berlin"
    assert sla_actions.install_defaults() == (calendar, policy)
    assert (Calendar.objects.count(), Policy.objects.count()) == (1, 1)
    assert sorted(policy.latest.rules.targets) == ["first_response", "next_response", "resolution"]


def test_a_policy_may_ask_for_the_tags_of_the_customer_or_of_the_organisation(calendar, cast, open_ticket):
    spec = sla_actions.default_policy()
    spec["conditions"] = [{"field": "customer_tag", "operator": "is", "values": ["Gold"]}]
    gold = sla_actions.create_policy("Gold", spec, calendar=calendar, by=cast.root)
    assert sla_actions.matching_version(open_ticket()) is None
    ticket_actions.tag_customer(cast.bob, ["gold "], by=cast.root)
    ticket_actions.tag_customer(cast.nordlicht, ["GOLD", "old"], by=cast.root)
    for person in (cast.bob, cast.priya):
        assert sla_actions.matching_version(open_ticket(requester=person)) == gold.latest
    assert sla_actions.matching_version(open_ticket(requester=cast.cara)) is None
    ticket_actions.tag_customer(cast.nordlicht, ["old"], by=cast.root)
    assert sla_actions.matching_version(open_ticket()) is None
