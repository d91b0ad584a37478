"""The form of a policy: conditions, targets, pauses and rules; what cannot be meant is told at its field."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from sla import actions
from sla.matching import check_conditions
from sla.models import Policy
from sla.rules import DEFAULT_PAUSES, parse_rules
from tickets import actions as ticket_actions
from tickets.models import Event, Job

NEW = reverse("setup:hours_policy_new")
FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
PAUSES = {f"pause-{metric}": sorted(each) for metric, each in DEFAULT_PAUSES.items() if each}


@pytest.fixture
def standard(cast):
    _calendar, policy = actions.install_defaults(zone="Europe/Berlin")
    return policy


@pytest.fixture
def path(standard):
    return reverse("setup:hours_policy", args=[standard.pk])


def words(answer):
    return " ".join(strip_tags(answer.content.decode()).split())


def fields(policy, **more):
    """What the form of a policy without conditions sends, as its page shows it."""
    return {"name": policy.name, "calendar": policy.calendar_id, "do": "save"} | PAUSES | more


def row(number, field, operator, values):
    start = f"c-{number}-"
    return {start + "field": field, start + "operator": operator, start + "values": values}


def values_shown(html):
    """The form's fields as a browser would send them back."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name = re.search(r'name="([^"]+)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        if not name or (kind and kind[1] in {"checkbox", "radio"} and " checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        found.setdefault(name[1], []).append(
            value[1] if value else "on" if kind and kind[1] == "checkbox" else ""
        )
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[name] = [chosen[1]]
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', html, re.S):
        found[name] = [text]
    return found


def test_saving_what_is_shown_changes_nothing(root, path, standard):
    before = Event.objects.count()
    shown = values_shown(root.get(path).content.decode())
    assert root.client.post(path, shown | {"do": "save"}).status_code == 303
    assert standard.latest.number == 1
    assert Event.objects.count() == before


def test_all_kinds_of_conditions_are_saved_as_the_matcher_reads_them(root, standard, cast):
    sent = fields(standard, name="Special", **{"first_response-4": "30 min"})
    sent |= row(0, "team", "is", [cast.billing.pk])
    sent |= row(1, "organization", "is_not", "nordlicht gmbh\nBrightmill\n")
    sent |= row(2, "channel", "is", ["mail", "portal"])
    sent |= row(3, "type", "is", ["incident"])
    sent |= row(4, "priority", "is", ["3", "4"])
    sent |= row(7, "tag", "contains", "VIP, gold ,vip")
    sent |= row(8, "customer_tag", "is", "Key account")
    assert root.send(NEW, sent).status_code == 303
    policy = Policy.objects.get(name="Special")
    assert policy.latest.conditions == [
        {"field": "team", "operator": "is", "values": [cast.billing.pk]},
        {"field": "organization", "operator": "is_not", "values": [cast.nordlicht.pk, cast.brightmill.pk]},
        {"field": "channel", "operator": "is", "values": ["mail", "portal"]},
        {"field": "type", "operator": "is", "values": ["incident"]},
        {"field": "priority", "operator": "is", "values": [3, 4]},
        {"field": "tag", "operator": "contains", "values": ["vip", "gold"]},
        {"field": "customer_tag", "operator": "is", "values": ["key account"]},
    ]
    check_conditions(policy.latest.conditions)
    # Asked before the one that takes every ticket, or it never would be.
    assert list(Policy.objects.values_list("name", flat=True)) == ["Special", "Standard support"]
    html = root.get(reverse("setup:hours_policy", args=[policy.pk])).content.decode()
    shown = values_shown(html)
    assert shown["c-1-values"] == ["Nordlicht GmbH\nBrightmill"]
    assert shown["c-5-values"] == ["vip, gold"]
    assert shown["c-4-values"] == ["3", "4"]


def test_rows_come_and_go_by_buttons_and_nothing_typed_is_lost(root, path, standard, cast):
    typed = {"name": "Half", "first_response-4": "nonsense", "condition": "channel", "do": "add"}
    answer = root.send(path, fields(standard, **typed) | row(2, "team", "is", [cast.tech.pk]))
    html = answer.content.decode()
    assert answer.status_code == 200
    shown = values_shown(html)
    assert (shown["c-2-field"], shown["c-3-field"]) == (["team"], ["channel"])
    assert (shown["c-2-values"], shown["name"]) == ([str(cast.tech.pk)], ["Half"])
    assert shown["first_response-4"] == ["nonsense"]
    assert re.search(r'name="c-3-operator"[^>]* autofocus', html)
    assert "There is a problem" not in html
    answer = root.client.post(path, shown | {"do": "remove-c-2"})
    shown = values_shown(answer.content.decode())
    assert "c-2-field" not in shown
    assert shown["c-3-field"] == ["channel"]
    assert standard.latest.number == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("first_response-4", "soon", "Write a time such as"),
        ("first_response-4", "0 h", "Nobody can keep a target under 15 seconds."),
        ("resolution-1", "3650 d", "A target is 5 years at most."),
        ("resolution-1", "10 years", "Write a time such as"),
        ("next_response-2", "4", "Write a time such as"),
        ("name", " ", "Enter a name."),
        ("basis-resolution", "moon", "Select a valid choice"),
        ("pause-resolution", ["closed"], "Select a valid choice"),
        ("switch-agent_opened", "maybe", "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_field(root, path, standard, name, value, said):
    answer = root.send(path, fields(standard, **{name: value}))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert html.count(said) >= 2
    assert f'href="#id_{name}"' in html
    assert f'id="id_{name}' in html
    assert standard.latest.number == 1


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (("team", "is", []), "Choose at least one team, or remove this condition."),
        (("tag", "is", " , "), "Choose at least one tag"),
        (("organization", "is", "Nobody Ltd"), "“Nobody Ltd” is not an organisation."),
        (("priority", "is", ["9"]), "Select a valid choice"),
    ],
)
def test_a_condition_without_a_meaning_is_told_at_its_field(root, path, standard, condition, said):
    answer = root.send(path, fields(standard) | row(0, *condition))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert 'href="#id_c-0-values"' in html


def test_pauses_bases_and_rules_are_saved_only_where_they_differ(root, path, standard):
    sent = fields(
        standard,
        **{
            "first_response-4": "30 min",
            "resolution-4": "2 d",
            "basis-resolution": "calendar",
            "pause-resolution": ["on_hold"],
            "switch-agent_opened": "start",
            "switch-pause_unanswered": "True",
            "switch-due_at_closing": "closing",
        },
    )
    assert root.send(path, sent).status_code == 303
    spec = standard.latest.spec
    assert spec["targets"] == {
        "first_response": {"4": {"seconds": 1800, "basis": "working"}},
        "resolution": {"4": {"seconds": 172_800, "basis": "calendar"}},
    }
    assert spec["pauses"] == {"resolution": ["on_hold"]}
    assert spec["switches"] == {"agent_opened": "start", "pause_unanswered": True}
    parse_rules({key: value for key, value in spec.items() if key != "conditions"})
    shown = values_shown(root.get(path).content.decode())
    assert shown["pause-resolution"] == ["on_hold"]
    assert shown["switch-agent_opened"] == ["start"]


def test_what_the_form_does_not_know_is_kept(root, path, standard, cast):
    spec = actions.default_policy() | {"warnings": {"resolution": {"seconds": 3600}}}
    spec["targets"]["resolution"]["4"]["basis"] = "calendar"
    actions.edit_policy(standard, by=cast.root, spec=spec)
    shown = values_shown(root.get(path).content.decode())
    assert shown["basis-resolution"] == ["mixed"]
    assert root.client.post(path, shown | {"do": "save", "first_response-4": "15 min"}).status_code == 303
    latest = standard.latest.spec
    assert latest["warnings"] == {"resolution": {"seconds": 3600}}
    assert [latest["targets"]["resolution"][p]["basis"] for p in "34"] == ["working", "calendar"]
    assert latest["targets"]["first_response"]["4"]["seconds"] == 900


def test_a_changed_target_shows_what_it_was(root, path, standard):
    shown = values_shown(root.get(path).content.decode())
    typed = {"do": "add", "condition": "tag", "first_response-1": "2 h", "first_response-2": "240 min"}
    answer = root.client.post(path, shown | typed)
    html = answer.content.decode()
    assert re.findall(r"<s>([^<]+)</s>", html) == ["8 h"]


TICKET = {"t-channel": "mail", "t-type": "question", "t-at": "2026-11-20T16:30"}


def test_a_ticket_is_tested_against_the_draft_that_is_not_saved(root, path, standard, cast):
    cast.root.time_zone = "Europe/Berlin"
    cast.root.save()
    sent = fields(standard, **{"first_response-2": "1 h", "do": "test"})
    sent |= {"t-priority": 2, "t-team": cast.billing.pk}
    answer = root.send(path, sent | TICKET)
    said = words(answer)
    assert answer.status_code == 200
    assert "it gets Standard support." in said
    told = "Due Mon 09:30: 1 h of working time from 16:30, closed 17:00 to Mon 09:00."
    assert told in said.replace("\xa0", " ")
    assert standard.latest.number == 1


def test_a_ticket_that_is_refused_is_told_why(root, standard, cast):
    sent = fields(standard, name="Tech only", do="test") | row(0, "team", "is", [cast.tech.pk])
    sent |= TICKET | {"t-priority": 2, "t-team": cast.billing.pk}
    said = words(root.send(NEW, sent))
    assert "it gets Standard support." in said
    assert "Tech only takes only tickets whose team is Tech" in said
    said = words(root.send(NEW, sent | {"t-team": cast.tech.pk}))
    assert "it gets Tech only." in said
    assert "It has no target at this priority." in said
    assert not Policy.objects.filter(name="Tech only").exists()


def test_the_saved_list_is_tested_on_its_own_page(root, standard, cast):
    asked = TICKET | {"t-priority": 4, "t-team": cast.billing.pk}
    said = words(root.get(reverse("setup:hours"), **asked))
    assert "it gets Standard support." in said
    assert "If the customer writes again then: Due" in said
    actions.edit_policy(standard, by=cast.root, is_active=False)
    said = words(root.get(reverse("setup:hours"), **asked))
    assert "No policy takes it: it has no promise." in said


def test_the_tags_of_a_customer_decide_and_their_organisations_count_too(root, standard, cast):
    ticket_actions.tag_customer(cast.nordlicht, ["Key account"], by=cast.root)
    sent = fields(standard, name="Key accounts", do="test") | row(0, "customer_tag", "is", "key account")
    sent |= TICKET | {"t-priority": 2, "t-team": cast.billing.pk}
    assert "it gets Standard support." in words(root.send(NEW, sent))
    assert "it gets Key accounts." in words(root.send(NEW, sent | {"t-organization": "nordlicht gmbh"}))
    assert "it gets Key accounts." in words(root.send(NEW, sent | {"t-customer_tags": "KEY account"}))


def test_a_ticket_that_cannot_be_is_told_at_its_field(root, path, standard, cast):
    sent = fields(standard, do="test") | TICKET | {"t-team": cast.billing.pk, "t-priority": 2}
    answer = root.send(path, sent | {"t-organization": "Nobody Ltd", "t-at": "yesterday"})
    assert answer.status_code == 422
    assert "There is no organisation of this name." in words(answer)
    assert "Enter date and time" in words(answer)


# --- escalation -----------------------------------------------------------------------------------------


def test_the_default_levels_are_shown_and_not_written_out(root, path, standard):
    html = root.get(path).content.decode()
    assert "75% used: Assignee; at the due time: Assignee" in html
    shown = values_shown(html)
    assert root.client.post(path, shown | {"do": "save", "first_response-4": "20 min"}).status_code == 303
    assert "escalations" not in standard.latest.spec


def test_a_level_is_added_filled_and_read_back(root, path, standard, cast):
    shown = values_shown(root.get(path).content.decode())
    answer = root.client.post(path, shown | {"do": "add-level_first_response"})
    html = answer.content.decode()
    assert re.search(r'name="level_first_response-2-place"[^>]* autofocus', html)
    start = "level_first_response-2-"
    typed = {
        start + "amount": "1 h 30 min",
        start + "tell": ["team_lead", "supervisor"],
        start + "address": "Duty@acme.example",
        start + "priority": "4",
        start + "assign": str(cast.gus.pk),
        start + "tag": "Late",
        start + "urgent": "on",
        "do": "save",
    }
    assert root.client.post(path, values_shown(html) | typed).status_code == 303
    assert standard.latest.spec["escalations"] == {
        "first_response": [
            {"percent": -25, "tell": ["assignee"]},
            {"seconds": 0, "tell": ["assignee"]},
            {
                "seconds": 5400,
                "tell": ["team_lead", "supervisor", "address:duty@acme.example"],
                "actions": [{"raise_priority": 4}, {"assign": cast.gus.pk}, {"tag": "late"}],
                "urgent": True,
            },
        ]
    }
    number = standard.latest.number
    shown = values_shown(root.get(path).content.decode())
    assert shown[start + "tell"] == ["team_lead", "supervisor"]
    assert root.client.post(path, shown | {"do": "save"}).status_code == 303
    assert standard.latest.number == number


def test_a_metric_without_levels_tells_nobody(root, path, standard):
    shown = values_shown(root.get(path).content.decode())
    for number in (0, 1):
        answer = root.client.post(path, shown | {"do": f"remove-level_resolution-{number}"})
        shown = values_shown(answer.content.decode())
    assert "nobody is told" in answer.content.decode()
    assert root.client.post(path, shown | {"do": "save"}).status_code == 303
    assert standard.latest.spec["escalations"] == {"resolution": []}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"place": "percent", "amount": "175"}, "Write the share of the time that is used"),
        ({"place": "after", "amount": "later"}, "Write a time such as"),
        ({"place": "before", "amount": "0 h"}, "choose “at the due time”"),
        ({"place": "due", "amount": ""}, "Another level stands at the same place."),
        ({"place": "after", "amount": "9999 d"}, "An escalation level lies at most 5 years"),
        ({"place": "after", "amount": "1 h", "tell": []}, "tells somebody or does something"),
        ({"place": "after", "amount": "1 h", "address": "duty"}, "is not an email address"),
    ],
)
def test_a_level_that_cannot_be_meant_is_told_at_its_field(root, path, standard, typed, said):
    shown = values_shown(root.get(path).content.decode())
    start = "level_first_response-5-"
    row = {"place": "after", "amount": "1 h", "tell": ["team"]} | typed
    sent = shown | {start + key: value for key, value in row.items()} | {"do": "save"}
    answer = root.client.post(path, sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'href="#id_level_first_response-5-' in answer.content.decode()


def test_a_metric_that_is_promised_now_gets_its_levels_into_the_form(root, path, standard):
    shown = values_shown(root.get(path).content.decode())
    assert "levels-periodic_update" not in shown
    answer = root.client.post(path, shown | {"do": "add", "periodic_update-4": "4 h", "condition": "tag"})
    shown = values_shown(answer.content.decode())
    assert shown["levels-periodic_update"] == ["1"]
    assert shown["level_periodic_update-0-amount"] == ["75"]


# --- what saving does -------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_change_and_writes_nothing(root, path, standard, open_ticket):
    ticket = open_ticket(priority=2)
    before = Event.objects.count()
    shown = values_shown(root.get(path).content.decode())
    answer = root.client.post(path, shown | {"do": "check", "first_response-2": "2 h"})
    said = words(answer)
    assert answer.status_code == 200
    assert "1 due time changes of 1 open ticket, checked at" in said
    assert "1 earlier show earlier" in said
    assert f"#{ticket.pk} First reply:" in said
    assert Event.objects.count() == before
    assert standard.latest.number == 1


def test_open_tickets_are_changed_only_after_their_dry_run_was_seen(root, path, standard, open_ticket):
    open_ticket(priority=2)
    shown = values_shown(root.get(path).content.decode())
    edited = shown | {"do": "save", "first_response-2": "2 h", "apply": "open"}
    answer = root.client.post(path, edited)
    assert answer.status_code == 200
    assert "Save and change 1" in answer.content.decode()
    assert standard.latest.number == 1
    seen = values_shown(answer.content.decode())
    # Another edit after the dry run has to be looked at again.
    answer = root.client.post(path, seen | {"do": "save", "first_response-2": "3 h"})
    assert answer.status_code == 200
    answer = root.client.post(path, seen | {"do": "save"})
    job = Job.objects.get(kind="sla.recompute")
    assert answer["Location"] == reverse("setup:jobs_one", args=[job.pk])
    assert job.arguments == {"policy": standard.pk}
    assert standard.latest.number == 2


def test_a_new_policy_is_tried_on_open_tickets_where_it_will_stand(root, standard, open_ticket, cast):
    open_ticket(priority=2)
    sent = fields(standard, name="Billing", do="check", **{"first_response-2": "15 min"})
    said = words(root.send(NEW, sent | row(0, "team", "is", [cast.billing.pk])))
    assert "1 earlier" in said
    assert not Policy.objects.filter(name="Billing").exists()


# --- what strangers send ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "remove-c-99999"},
        {"do": "remove-"},
        {"do": "add", "condition": "mood"},
        {"do": "add-level_luck"},
        {"do": "check", "c-0-field": "mood", "c-0-values": "x"},
        {
            "do": "check",
            "c-0-field": "team",
            "c-0-operator": "is",
            "c-0-values": ["²", "99999999999999999999"],
        },
        {"do": "check", "c-0-field": "tag", "c-0-operator": "like", "c-0-values": "a\x00b"},
        {"do": "check", "levels-luck": "1", "level_luck-0-place": "due"},
        {"do": "test", "t-at": "0001-01-01T00:00", "t-team": "²"},
        {"do": "whatever", "apply": "never", "checked": "x" * 99},
    ],
)
def test_odd_posts_are_answered_and_save_nothing(root, path, standard, sent):
    answer = root.send(path, fields(standard, **{"first_response-1": "nonsense"}) | sent)
    assert answer.status_code in (200, 422)
    assert standard.latest.number == 1


@pytest.mark.parametrize(
    "query", ["moved=²&went=up", "moved=99999999999999999999", "t-channel=x&t-at=9999-12-31T23:59"]
)
def test_odd_addresses_of_the_list_are_answered(root, standard, query):
    assert root.get(f"{reverse('setup:hours')}?{query}").status_code == 200


def test_the_form_costs_the_same_however_much_is_in_it(root, standard, cast, django_assert_max_num_queries):
    spec = actions.default_policy()
    spec["conditions"] = [
        {"field": "team", "operator": "is", "values": [cast.billing.pk, cast.tech.pk]},
        {"field": "organization", "operator": "is", "values": [cast.nordlicht.pk, cast.brightmill.pk]},
    ]
    tell = {"tell": ["assignee"], "actions": [{"assign": cast.gus.pk}]}
    spec["escalations"] = {"resolution": [tell | {"seconds": 60 * n} for n in range(9)]}
    actions.edit_policy(standard, by=cast.root, spec=spec)
    page = reverse("setup:hours_policy", args=[standard.pk])
    root.get(page)
    with django_assert_max_num_queries(16):
        root.get(page)
