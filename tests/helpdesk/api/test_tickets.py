"""Opening, listing and reading tickets by API."""

from itertools import chain

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.actions import install_defaults
from tickets import actions
from tickets.models import Ticket, User


def test_a_member_opens_a_ticket_for_somebody_new(call, cast):
    body = {
        "subject": "Bench ticket",
        "text": "The printer prints blank pages.",
        "requester_email": "New.Person@client.example",
        "requester_name": "New Person",
        "priority": "high",
        "team": cast.billing.pk,
        "tags": ["Printer"],
        "assignee": "me",
    }
    answer = call(cast.mira).post("tickets/", body)
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    row = Ticket.objects.get(pk=shown["id"])
    assert row.requester.email == "new.person@client.example"
    assert shown["priority"] == "high"
    assert shown["tags"] == ["printer"]
    assert shown["assignee"]["id"] == cast.mira.pk
    assert row.channel == "api"
    assert shown["opened_at"].endswith("Z")


def test_a_customer_opens_a_ticket_for_themselves(call, cast):
    answer = call(cast.bob).post("tickets/", {"subject": "Help", "text": "It broke."})
    assert answer.status_code == 201
    row = Ticket.objects.get(pk=answer.json()["id"])
    assert row.requester == cast.bob
    assert row.team == cast.billing


NEVER_SET = (
    "id role author is_public created_at resolved_at due_at first_response_at reference survey rating status"
)
INTERNAL = (
    "is_staff is_superuser password team requester bcc forward_to requester_email priority assignee tags"
)


@pytest.mark.parametrize("field", f"{NEVER_SET} {INTERNAL}".split())
def test_a_customer_cannot_set_a_field_that_is_not_theirs(call, cast, field):
    answer = call(cast.bob).post("tickets/", {"subject": "Help", "text": "It broke.", field: 1})
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("field", NEVER_SET.split())
def test_a_member_cannot_set_a_field_that_is_no_field(call, cast, field):
    body = {"subject": "Help", "text": "It broke.", "requester_email": "a@b.example", field: 1}
    answer = call(cast.mira).post("tickets/", body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    assert not User.objects.filter(email="a@b.example").exists()


def test_missing_fields_are_named_together(call, cast):
    answer = call(cast.mira).post("tickets/", {"text": "  "})
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {"subject", "text", "requester_email"}


def test_a_refused_ticket_leaves_no_person_behind(call, cast):
    body = {"subject": "x", "text": "y", "requester_email": "a@b.example", "assignee": cast.gus.email}
    answer = call(cast.mira).post("tickets/", body)
    assert answer.status_code == 403
    assert not User.objects.filter(email="a@b.example").exists()


def test_a_list_holds_what_the_person_may_see(call, cast, open_ticket):
    mine = open_ticket()
    other = open_ticket(requester=cast.bob, team=cast.tech, subject="Other")
    shown = {
        person: {row["id"] for row in call(person).get("tickets/").json()["results"]}
        for person in (cast.mira, cast.gus, cast.sue, cast.root, cast.priya, cast.paul, cast.bob, cast.cara)
    }
    assert shown[cast.mira] == shown[cast.priya] == shown[cast.paul] == {mine.pk}
    assert shown[cast.gus] == shown[cast.bob] == {other.pk}
    assert shown[cast.sue] == shown[cast.root] == {mine.pk, other.pk}
    assert shown[cast.cara] == set()


def test_filters_narrow_the_list(call, cast, open_ticket):
    first = open_ticket(priority=4, assignee=cast.mira, tags=["refund"])
    second = open_ticket(requester=cast.bob, channel="phone", by=cast.mira)
    third = open_ticket(subject="Printer on fire")
    actions.resolve(third, by=cast.mira)
    caller = call(cast.sue)

    def found(**query):
        answer = caller.get("tickets/", **query)
        assert answer.status_code == 200, answer.content
        return {row["id"] for row in answer.json()["results"]}

    assert found(status="new,resolved") == {first.pk, second.pk, third.pk}
    assert found(status=["open", "resolved"]) == {third.pk}
    assert found(priority="urgent") == {first.pk}
    assert found(assignee=str(cast.mira.pk)) == {first.pk}
    assert found(assignee="none") == {second.pk, third.pk}
    assert call(cast.mira).get("tickets/", assignee="me").json()["results"][0]["id"] == first.pk
    assert found(team=cast.tech.pk) == set()
    assert found(channel="phone") == {second.pk}
    assert found(requester=cast.bob.email) == found(requester=str(cast.bob.pk)) == {second.pk}
    assert found(organization=cast.nordlicht.pk) == {first.pk, third.pk}
    assert found(tag="Refund") == {first.pk}
    assert found(search="fire printer") == {third.pk}
    assert found(search="refund", status="new") == {first.pk, second.pk}
    assert found(search=f"#{second.pk}") == {second.pk}


@pytest.mark.parametrize(
    "ordering", ["created_at", "-created_at", "updated_at", "-updated_at", "priority", "-priority"]
)
def test_pages_join_without_gap_or_repetition_in_every_order(call, cast, open_ticket, ordering):
    at = open_ticket().opened_at
    for number in range(6):
        open_ticket(priority=1 + number % 3, at=at)
    caller = call(cast.sue)
    pages, path, query = [], "tickets/", {"page_size": 3, "ordering": ordering}
    while path:
        answer = caller.get(path, **query).json()
        pages.append([row["id"] for row in answer["results"]])
        path, query = (answer["next"] or "").partition("/api/v1/")[2], {}
    rows = Ticket.objects.order_by(
        *{
            "created_at": ("opened_at", "pk"),
            "updated_at": ("updated_at", "pk"),
            "priority": ("priority", "pk"),
        }[ordering.lstrip("-")]
    )
    expected = list((rows.reverse() if ordering.startswith("-") else rows).values_list("pk", flat=True))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert list(chain(*pages)) == expected


HOSTILE = [
    {"requester__password__startswith": "p"},
    {"ordering": "requester__password"},
    {"ordering": "id;select"},
    {"status": "new' or 1=1"},
    {"team": "1 or 1=1"},
    {"team": "9" * 40},
    {"assignee": "%00"},
    {"tag": "\x00"},
    {"cursor": "AAAA"},
    {"cursor": "WyItY3JlYXRlZF9hdCIsIngiLDFd"},
    {"page_size": "101"},
    {"page_size": "0"},
    {"format": "json"},
    {"ordering": ["created_at", "priority"]},
    {"search": "x" * 5000},
]


@pytest.mark.parametrize("query", HOSTILE, ids=str)
def test_an_unknown_filter_order_or_value_is_refused_in_words(call, cast, query):
    answer = call(cast.sue).get("tickets/", **query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]["fields"]


def test_a_list_by_due_time_begins_with_the_nearest_promise(call, cast, open_ticket):
    install_defaults()
    low, urgent, normal = (open_ticket(priority=priority) for priority in (1, 4, 2))
    settled = open_ticket()
    actions.resolve(settled, by=cast.mira)
    caller = call(cast.mira)
    first = caller.get("tickets/", ordering="next_due", page_size=2).json()
    second = caller.get(first["next"].partition("/api/v1/")[2]).json()
    rows = first["results"] + second["results"]
    assert [row["id"] for row in rows] == [urgent.pk, normal.pk, low.pk]
    assert rows[0]["next_due"]["metric"] == "first_response"
    assert rows[0]["next_due"]["state"] == "running"
    times = [row["next_due"]["at"] for row in rows]
    assert times == sorted(times)
    backwards = caller.get("tickets/", ordering="-next_due").json()["results"]
    assert [row["id"] for row in backwards] == [low.pk, normal.pk, urgent.pk]
    assert call(cast.priya).get("tickets/", ordering="next_due").status_code == 400
    assert "next_due" not in call(cast.priya).get("tickets/").json()["results"][0]


def test_an_unknown_filter_lists_the_known_ones(call, cast):
    words = call(cast.sue).get("tickets/", queue=1).json()["error"]["fields"]["queue"][0]
    assert "assignee" in words
    assert "next" not in words


@pytest.mark.parametrize(
    "words",
    ["& | ! ( ) : *", "'", '"', "a:*b", "\\", "<->", "x" * 400, "-", "refund & !missing", "%00", "\u202e"],
)
def test_no_search_words_break_the_search(call, cast, ticket, words):
    answer = call(cast.sue).get("tickets/", search=words)
    assert answer.status_code == 200
    assert {row["id"] for row in answer.json()["results"]} <= {ticket.pk}


def test_a_customer_may_not_filter_by_what_is_internal(call, cast, ticket):
    for query in ({"assignee": "me"}, {"team": "1"}, {"status": "on_hold"}, {"ordering": "priority"}):
        assert call(cast.priya).get("tickets/", **query).status_code == 400


def test_a_customer_reads_public_statuses_and_no_internal_field(call, cast, ticket):
    actions.put_on_hold(ticket, by=cast.mira)
    caller = call(cast.priya)
    shown = caller.get(f"tickets/{ticket.pk}/").json()
    assert shown["status"] == "open"
    internal = {"team", "assignee", "priority", "tags", "version", "updated_at", "type", "channel"}
    assert not internal & shown.keys()
    assert [row["id"] for row in caller.get("tickets/", status="open").json()["results"]] == [ticket.pk]
    assert caller.get("tickets/", status="waiting").json()["results"] == []


def test_a_note_leaves_no_trace_on_the_customers_side(call, cast, ticket):
    caller = call(cast.priya)
    paths = ["tickets/", f"tickets/{ticket.pk}/", f"tickets/{ticket.pk}/messages/"]
    before = [caller.get(path).content for path in paths]
    actions.add_note(ticket, "Zebrafish are suspicious.", by=cast.mira)
    assert [caller.get(path).content for path in paths] == before
    assert caller.get("tickets/", search="zebrafish").json()["results"] == []
    assert "Zebrafish" in call(cast.mira).get(f"tickets/{ticket.pk}/").content.decode()


def test_our_people_are_shown_to_customers_by_first_name(call, cast, ticket):
    actions.reply(ticket, "We look into it.", by=cast.mira, channel="desk")
    message = call(cast.priya).get(f"tickets/{ticket.pk}/").json()["messages"][1]
    assert message["author"] == {"name": "Mira"}
    assert message["by"] == "agent"


def test_a_long_conversation_goes_on_behind_its_first_hundred(call, cast, ticket):
    for number in range(104):
        actions.add_note(ticket, f"Note {number}", by=cast.mira)
    caller = call(cast.mira)
    shown = caller.get(f"tickets/{ticket.pk}/").json()
    rest = caller.get(shown["more_messages"].partition("/api/v1/")[2]).json()
    assert len(shown["messages"]) == 100
    assert [message["text"] for message in rest["results"]] == [f"Note {n}" for n in range(99, 104)]
    assert rest["next"] is None


def test_lists_and_pages_cost_the_same_however_much_there_is(call, cast, open_ticket):
    def cost(path, caller):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert caller.get(path).status_code == 200
        return len(queries)

    agent, customer = call(cast.mira), call(cast.priya)
    ticket = open_ticket(tags=["a"], assignee=cast.mira)
    paths = [
        (agent, "tickets/"),
        (agent, f"tickets/{ticket.pk}/"),
        (customer, "tickets/"),
        (customer, f"tickets/{ticket.pk}/"),
    ]
    for caller, path in paths:
        caller.get(path)
    before = [cost(path, caller) for caller, path in paths]
    for number in range(5):
        other = open_ticket(tags=["b", "c"], assignee=cast.mira)
        actions.reply(other, "Yes", by=cast.mira, channel="desk")
        actions.reply(ticket, f"Word {number}", by=cast.mira, channel="desk")
    assert [cost(path, caller) for caller, path in paths] == before
    assert max(before) <= 9
