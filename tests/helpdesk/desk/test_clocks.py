"""The clocks at the head of the ticket page, and the sheet that says why they read what they read."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.desk.about import about
from helpdesk.desk.clocks import clocks_of
from sla import actions as sla_actions
from sla.models import Calendar, Policy
from sla.rules import METRICS
from tests.helpdesk.desk.pages import words
from tickets import actions
from tickets.models import Ticket
from tickets.queries import timeline

HOUR = 3600


@pytest.fixture
def everything(promises: None) -> Policy:
    """The default policy, promising all seven metrics: the more encompassing, the later."""
    targets = {
        metric: {str(priority): {"seconds": hours * HOUR} for priority in (1, 2, 3, 4)}
        for hours, metric in enumerate(METRICS, 10)
    }
    return sla_actions.edit_policy(Policy.objects.get(), spec={"targets": targets}, by=None)


def ledgers(client: Client, ticket: Ticket) -> list[str]:
    """The names of the clocks that the sheet explains."""
    page = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    return re.findall(r'<section class="card ledger" aria-label="([^"]*)"', page)


def test_the_head_shows_the_few_most_urgent_clocks_and_the_sheet_all(mira, cast, everything, open_ticket):
    ticket = open_ticket()
    assert ledgers(mira, ticket) == ["First reply", "Total wait", "Total work", "Resolve", "Final resolve"]
    actions.reply(ticket, "Hello", by=cast.mira, channel="mail")
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    chips = page.content.decode().count('class="ticket__clock"')
    assert chips == 3
    text = words(page).partition("Why?")[0]
    assert [name in text for name in ("Update by", "Total wait by", "Total work by")] == [True] * 3
    assert "First reply met" not in text


def due(**ahead: int) -> str:
    """An instant ahead as the field for date and time sends it, in the company's time."""
    return f"{timezone.localtime(timezone.now() + timedelta(**ahead)):%Y-%m-%dT%H:%M}"


def test_a_deadline_set_on_the_page_is_shown_with_whose_hand_it_was(mira, ticket):
    path = f"/desk/tickets/{ticket.pk}/set-deadline/"
    answer = mira.post(path, {"metric": "resolution", "due_at": due(days=3), "reason": "Promised by phone"})
    assert answer.status_code == 303
    assert answer.url.endswith("?why=1#clock-resolution")
    page = mira.get(answer.url)
    text = words(page)
    assert "set by hand by Mira" in text
    assert "Promised by phone" in text
    assert re.search(r'<details class="why fold" open>', page.content.decode())
    released = mira.post(f"/desk/tickets/{ticket.pk}/release-deadline/", {"metric": "resolution"})
    assert "set by hand" not in words(mira.get(released.url)).partition("Why?")[0]
    assert "Mira let the policy decide again" in words(mira.get(released.url))


def test_undo_brings_back_the_deadline_that_was_there(mira, ticket):
    path, first = f"/desk/tickets/{ticket.pk}/set-deadline/", due(days=3)
    mira.post(path, {"metric": "resolution", "due_at": first})
    page = mira.get(mira.post(path, {"metric": "resolution", "due_at": due(days=5)}).url)
    undo = re.search(r'action="([^"]*set-deadline/\?metric=[^"]*)"', page.content.decode())
    assert undo
    mira.post(html.unescape(undo[1]))
    assert due_input(mira, ticket) == first


def due_input(client: Client, ticket: Ticket) -> str:
    found = re.search(
        r'id="deadline-resolution" name="due_at" value="([^"]*)"',
        client.get(f"/desk/tickets/{ticket.pk}/").content.decode(),
    )
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2020-01-01T10:00", "Choose a time that is still to come."),
        ("2199-01-01T10:00", "Choose a time within five years."),
        ("next week", "Enter date and time, such as 2026-11-23 10:00."),
        ("", "Enter date and time"),
    ],
)
def test_a_deadline_that_cannot_be_is_refused_at_its_field(mira, ticket, typed, sentence):
    path = f"/desk/tickets/{ticket.pk}/set-deadline/"
    page = mira.post(path, {"metric": "resolution", "due_at": typed, "reason": "Because"})
    assert page.status_code == 422
    text = page.content.decode()
    assert sentence in words(page)
    assert 'aria-invalid="true" aria-describedby="deadline-resolution-error"' in text
    assert 'value="Because"' in text
    assert "<title>Error: " in text


def test_a_clock_that_is_over_or_unknown_takes_no_deadline(mira, cast, ticket):
    actions.resolve(ticket, by=cast.mira)
    for metric in ("resolution", "mood"):
        path = f"/desk/tickets/{ticket.pk}/set-deadline/"
        assert mira.post(path, {"metric": metric, "due_at": due(days=1)}).status_code == 409


def test_each_line_says_who_began_it_and_a_holiday_by_its_name(mira, cast, open_ticket):
    calendar = Calendar.objects.get()
    sla_actions.edit_calendar(
        calendar, by=None, spec=calendar.latest.spec | {"holidays": {"2026-03-03": "Town fair"}}
    )
    friday = datetime(2026, 2, 27, 16, tzinfo=UTC)
    ticket = open_ticket(at=friday)
    actions.put_on_hold(ticket, by=cast.mira, at=friday + timedelta(minutes=30))
    actions.reply(ticket, "Hm?", by=cast.priya, channel="mail", at=friday + timedelta(days=3))
    actions.resolve(ticket, by=cast.mira, at=friday + timedelta(days=5, hours=-4))
    text = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    for line in (
        "Priya wrote: counted to",
        "Mira put it on hold: paused, not counted",
        "Closed: Town fair, not counted",
        "Met: done",
    ):
        assert line in text
    assert "Policy Standard support, version 1, priority Normal." in text


def test_which_versions_hold_is_known_from_what_stands_beside_the_ticket(
    cast, ticket, django_assert_num_queries
):
    events, known = timeline(ticket), about(ticket, cast.mira).versions
    with django_assert_num_queries(0):
        views = clocks_of(ticket, events, known=known)
    assert [view.source for view in views] == [view.source for view in clocks_of(ticket, events)]
    assert views[0].source.policy.name == "Standard support"
    assert views[0].source.calendar.number == 1


def test_without_a_policy_nothing_is_promised_and_a_deadline_can_be_given(mira, cast, open_ticket):
    Policy.objects.update(is_active=False)
    ticket = open_ticket()
    page = words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "Nothing is promised" in page
    assert "Set a due time" in page
    mira.post(f"/desk/tickets/{ticket.pk}/set-deadline/", {"metric": "resolution", "due_at": due(days=1)})
    assert "Resolve by" in words(mira.get(f"/desk/tickets/{ticket.pk}/"))
    assert "set by hand" in words(mira.get("/desk/?view=open"))
