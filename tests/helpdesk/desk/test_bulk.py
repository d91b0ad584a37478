"""Selecting in the queue, changing many, snoozing: as forms, without a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from helpdesk.desk import listing
from helpdesk.desk.instants import snooze_choices
from tests.helpdesk.desk.pages import words
from tests.helpdesk.desk.test_queue import subjects
from tickets import actions
from tickets.actions import bulk
from tickets.models import Job, Ticket


def undo_path(page) -> str:
    return re.search(r'action="(/desk/bulk/\d+/undo/[^"]*)"', page.content.decode())[1]


@pytest.fixture
def six(open_ticket, cast) -> list[Ticket]:
    return [open_ticket(subject=f"S{n}", priority=2) for n in range(6)]


def test_ux23_bulk_over_all_names_the_number_then_changed_and_skipped(
    mira, cast, six, open_ticket, monkeypatch
):
    monkeypatch.setattr(listing, "PAGE", 4)
    monkeypatch.setattr(listing.page, "__defaults__", (4,))
    page = mira.get("/desk/?view=open")
    assert "Select all 6 in this view" in words(page)
    page = mira.get("/desk/?view=open&all=1")
    assert "6 selected, the whole view" in words(page)
    markup = page.content.decode()
    assert len(re.findall(r'name="ticket"[^>]* checked', markup)) == 4
    given = {name: re.search(rf'name="{name}" value="([^"]*)"', markup)[1] for name in ("shown", "all")}
    arrived = open_ticket(subject="After the page was made")
    moved = six[5]
    actions.resolve(six[4], by=cast.sue)  # has left the view: no longer meant
    ticked = [pk for pk in given["shown"].split("-") if pk != str(six[0].pk)]  # one was taken out by hand
    answer = mira.post("/desk/bulk/?view=open", given | {"ticket": ticked, "do": "prioritize:4"}, follow=True)
    assert "4 changed" in words(answer)
    urgent = set(Ticket.objects.filter(priority=4).values_list("pk", flat=True))
    assert urgent == {six[1].pk, six[2].pk, six[3].pk, moved.pk}
    assert arrived.pk not in urgent


def test_ux24_undo_of_a_bulk_change_says_what_it_left(mira, cast, six):
    picked = [six[0].pk, six[1].pk, Ticket.objects.count() + 10_000]
    answer = mira.post("/desk/bulk/?view=open", {"ticket": picked, "do": "assign:me"}, follow=True)
    assert "2 changed, 1 skipped: not allowed" in words(answer)
    assert "checked" not in answer.content.decode()
    actions.assign(six[1], cast.sue, by=cast.sue)
    answer = mira.post(undo_path(answer), follow=True)
    assert "1 put back, 1 left as they are: changed again since" in words(answer)
    six[0].refresh_from_db()
    assert six[0].assignee is None


def test_more_than_a_hundred_show_their_progress_and_can_be_stopped_by_their_asker_alone(
    mira, cast, browser, six, monkeypatch
):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr("helpdesk.desk.views.bulk.AT_ONCE", 2)
    answer = mira.post(
        "/desk/bulk/?view=open", {"ticket": [one.pk for one in six], "do": "resolve"}, follow=True
    )
    assert "0 of 6 tickets" in words(answer)
    job = Job.objects.get()
    assert browser(cast.root).get(f"/desk/bulk/{job.pk}/").status_code == 404
    page = mira.post(f"/desk/bulk/{job.pk}/stop/?view=open", follow=True)
    assert "Stopped. 0 of 6 tickets were done before." in words(page)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"do": "resolve"}, "Select the tickets first."),
        ({"do": "tag", "tag": " "}, "Enter a tag."),
        ({"do": "snooze", "until": "soon"}, "Enter date and time"),
        ({"do": "fly"}, "Choose what to do"),
        ({}, "Choose what to do"),
    ],
)
def test_a_refused_change_keeps_the_selection_and_says_why(mira, six, given, says):
    picked = [] if given.get("do") == "resolve" else [six[0].pk]
    answer = mira.post("/desk/bulk/?view=open", given | {"ticket": picked})
    assert answer.status_code == 422
    assert says in words(answer)
    assert len(re.findall(r'name="ticket"[^>]* checked', answer.content.decode())) == len(picked)
    assert not Job.objects.exists()


# --- snooze -------------------------------------------------------------------------------------------


def test_ux24_snoozing_a_ticket_says_when_it_is_back_and_can_be_undone(mira, ticket):
    path = f"/desk/tickets/{ticket.pk}/"
    answer = mira.post(f"{path}snooze/?view=open", {"until": "2030-01-07T09:00"})
    assert answer.status_code == 422
    assert "Choose a time within a year." in words(answer)
    until = (timezone.now() + timedelta(days=40)).replace(microsecond=0)
    page = mira.post(f"{path}snooze/?view=open", {"until": until.isoformat()}, follow=True)
    assert "Snoozed until" in words(page)
    assert "Its clocks run on." in words(page)
    assert subjects(mira.get("/desk/?view=snoozed")) == [ticket.subject]
    assert subjects(mira.get("/desk/?view=unassigned")) == []
    undo = re.search(r'action="([^"]*/unsnooze/[^"]*)"', page.content.decode())[1]
    mira.post(undo)
    ticket.refresh_from_db()
    assert ticket.snoozed_until is None


def test_the_choices_are_mornings_of_the_reader_and_none_is_over():
    with timezone.override("Europe/Berlin"):
        sunday = snooze_choices(datetime(2026, 3, 28, 17, 30, tzinfo=UTC))  # Saturday, 18:30; clocks change
        assert [(each.word, each.when) for each in sunday] == [
            ("Tomorrow morning", "Sun 29 Mar, 09:00"),
            ("Next week", "Mon 30 Mar, 09:00"),
        ]
        assert sunday[0].at == datetime(2026, 3, 29, 7, tzinfo=UTC)
        monday = snooze_choices(datetime(2026, 3, 30, 7, 20, tzinfo=UTC))
        assert [each.when for each in monday] == [
            "Mon 30 Mar, 12:00",
            "Tue 31 Mar, 09:00",
            "Mon 6 Apr, 09:00",
        ]


# --- order --------------------------------------------------------------------------------------------


def test_ux22_the_order_of_a_view_is_remembered_across_sign_outs(browser, cast, six):
    due, newest = [f"S{n}" for n in range(6)], [f"S{n}" for n in reversed(range(6))]
    mira = browser(cast.mira)
    assert subjects(mira.get("/desk/?view=open")) == due
    assert subjects(mira.get("/desk/?view=open&sort=newest")) == newest
    mira.logout()
    cast.mira.refresh_from_db()
    again = browser(cast.mira)
    assert subjects(again.get("/desk/?view=open")) == newest
    assert subjects(again.get("/desk/?view=team")) == due
    page = again.get(f"/desk/tickets/{six[3].pk}/?view=open").content.decode()
    assert f'/desk/tickets/{six[2].pk}/?view=open#latest" data-key="j"' in page
    assert f'/desk/tickets/{six[4].pk}/?view=open#latest" data-key="k"' in page
