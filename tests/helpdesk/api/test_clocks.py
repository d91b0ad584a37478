"""Clocks by API: each explained from the same ledger as the desk's, and deadlines set by hand."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from sla import actions as sla_actions
from tests.helpdesk.desk.pages import words
from tickets import actions


@pytest.fixture
def lived(policy, open_ticket, cast):
    """A ticket of Monday afternoon that was put on hold for an hour on Tuesday."""
    ticket = open_ticket(at=AFTERNOON)
    actions.put_on_hold(ticket, by=cast.mira, at=AFTERNOON + timedelta(hours=18))
    actions.set_open(ticket, by=cast.mira, at=AFTERNOON + timedelta(hours=19))
    return ticket


@pytest.fixture
def policy(db):
    return sla_actions.install_defaults()[1]


AFTERNOON = parse_datetime("2026-03-02T16:00:00Z")


def read(caller, ticket):
    answer = caller.get(f"tickets/{ticket.pk}/clocks/")
    assert answer.status_code == 200, answer.content
    return {clock["metric"]: clock for clock in answer.json()["clocks"]}


def test_a_clock_opens_as_its_ledger_with_events_sums_and_versions(call, cast, lived, policy):
    actions.resolve(lived, by=cast.mira, at=AFTERNOON + timedelta(hours=20))
    clock = read(call(cast.mira), lived)["resolution"]
    assert (clock["state"], clock["target"]) == ("fulfilled", {"seconds": 86400.0, "basis": "working"})
    assert clock["policy"] == {"id": policy.pk, "name": policy.name, "version": 1}
    told = [(one["kind"], one["reason"], one["seconds"], one["sum_seconds"]) for one in clock["intervals"]]
    assert told[:4] == [
        ("counted", "", 3600.0, 3600.0),
        ("closed", "night", 16 * 3600.0, 3600.0),
        ("counted", "", 3600.0, 7200.0),
        ("paused", "on_hold", 3600.0, 7200.0),
    ]
    started, paused = clock["intervals"][0]["started_by"], clock["intervals"][3]
    assert started["kind"] == "ticket.opened"
    assert clock["intervals"][-1]["ended_by"]["kind"] == "ticket.resolved"
    assert paused["started_by"]["kind"] == "ticket.put_on_hold"
    assert paused["started_by"]["by"]["email"] == cast.mira.email
    assert paused["ended_by"]["kind"] == "ticket.set_open"
    assert paused["words"] == "Mira put it on hold: paused, not counted"
    assert clock["used_seconds"] == clock["intervals"][-1]["sum_seconds"] == clock["used_working_seconds"]
    assert clock["sentence"] == "Met: done 3 Mar 2026, 12:00 after 3 h of 24 h of working time.".replace(
        " h", "\u00a0h"
    )


def test_the_sentence_is_the_one_on_the_ticket_page(call, cast, lived):
    browser = Client()
    browser.force_login(cast.mira)
    page = words(browser.get(f"/desk/tickets/{lived.pk}/"))
    for clock in read(call(cast.mira), lived).values():
        assert clock["sentence"].replace("\u00a0", " ") in page


def test_the_queries_do_not_grow_with_the_life(call, cast, lived):
    caller = call(cast.mira)
    counts = []
    for _turn in range(2):
        read(caller, lived)
        with CaptureQueriesContext(connection) as seen:
            read(caller, lived)
        counts.append(len(seen))
        for number in range(3):
            actions.reply(lived, "?", by=cast.priya, channel="mail")
            actions.reply(lived, f"{number}", by=cast.mira, channel="mail")
    assert counts[0] == counts[1]


def test_a_deadline_is_set_told_and_released(call, cast, lived):
    caller, due = call(cast.mira), (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    path = f"tickets/{lived.pk}/set-deadline/"
    body = {"metric": "resolution", "due_at": due.isoformat(), "reason": "Their audit"}
    answer = caller.post(path, body)
    assert answer.status_code == 200, answer.content
    clock = read(caller, lived)["resolution"]
    assert parse_datetime(clock["due_at"]) == due
    assert clock["by_hand"]["by"]["email"] == cast.mira.email
    assert clock["sentence"].startswith("Due ")
    assert "set by hand by Mira" in clock["sentence"]
    assert lived.messages.filter(public=False, text="Their audit").count() == 1
    caller.post(f"tickets/{lived.pk}/release-deadline/", {"metric": "resolution"})
    assert read(caller, lived)["resolution"]["by_hand"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"metric": "resolution", "due_at": "2020-01-01T10:00:00Z"}, 400),
        ({"metric": "resolution", "due_at": "soon"}, 400),
        ({"metric": "mood", "due_at": "2020-01-01T10:00:00Z"}, 400),
        ({"metric": "next_response", "due_at": "2099-01-01T10:00:00Z"}, 403),
    ],
)
def test_what_cannot_be_a_deadline_is_refused(call, cast, lived, body, status):
    assert call(cast.mira).post(f"tickets/{lived.pk}/set-deadline/", body).status_code == status


def test_customers_read_no_clock(call, cast, lived):
    caller = call(cast.priya)
    assert caller.get(f"tickets/{lived.pk}/clocks/").status_code == 403
    body = {"metric": "resolution", "due_at": "2026-01-01T10:00:00Z"}
    assert caller.post(f"tickets/{lived.pk}/set-deadline/", body).status_code == 403
