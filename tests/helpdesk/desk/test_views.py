"""Filters of the queue and saved views: what they hold, who sees them, and when they mean nothing."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.helpdesk.desk.pages import words
from tests.helpdesk.desk.test_queue import subjects
from tickets import actions, queries
from tickets.models import SavedView


@pytest.fixture
def tickets(open_ticket, cast):
    """An urgent one, one with a tag, one of Mira's, one that is resolved, one of another team."""
    urgent = open_ticket(subject="Urgent", priority=4)
    tagged = actions.tag(open_ticket(subject="Tagged"), "refund", by=cast.mira)
    mine = open_ticket(subject="Mine", assignee=cast.mira)
    settled = actions.resolve(open_ticket(subject="Settled"), by=cast.mira)
    theirs = open_ticket(subject="Theirs", team=cast.tech, priority=4)
    return urgent, tagged, mine, settled, theirs


def links(page) -> dict[str, str]:
    """Words of each link → its address."""
    found = re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page.content.decode(), re.S)
    return {
        re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", text)).strip(): path.replace("&amp;", "&")
        for path, text in found
    }


def test_each_term_is_a_chip_that_can_be_taken_off_and_the_address_is_the_filter(mira, tickets):
    page = mira.get("/desk/", {"view": "open", "q": "priority:urgent tag:refund"})
    assert subjects(page) == []
    assert "No ticket matches." in words(page)
    assert subjects(mira.get(links(page)["tag:refund"])) == ["Urgent"]
    assert subjects(mira.get(links(page)["priority:urgent"])) == ["Tagged"]
    assert len(subjects(mira.get(links(page)["Clear filters"]))) == 3
    page = mira.get("/desk/?view=open&q=-tag:refund")
    assert subjects(page) == ["Urgent", "Mine"]
    path = links(page)["Urgent"]
    assert "q=-tag%3Arefund" in path
    ticket = mira.get(path)
    assert "1 of 2" in words(ticket)
    assert f"/desk/tickets/{tickets[2].pk}/" in links(ticket)["Next Next"]
    assert subjects(mira.get(links(ticket)["All open"])) == ["Urgent", "Mine"]


@pytest.mark.parametrize("text", ["colour:red", "is:purple", "due:soon", 'team:"Nobody here"', "x " * 30])
def test_a_filter_that_means_nothing_says_why_and_keeps_the_words(mira, tickets, text):
    page = mira.get("/desk/", {"view": "open", "q": text})
    assert page.status_code == 422
    assert (
        f'value="{text.strip()}"'.replace('"Nobody here"', "&#34;Nobody here&#34;") in page.content.decode()
    )
    assert "Change the filter and try again." in words(page)
    assert "data-row-link" not in page.content.decode()


def test_a_saved_view_is_made_from_what_is_shown_changed_and_deleted(mira, cast, tickets):
    form = mira.get("/desk/views/new/?view=mine&q=priority:normal")
    assert 'value="is:open assignee:me priority:normal"' in form.content.decode()
    given = {"name": "My normal ones", "text": "is:open assignee:me priority:normal", "sort": "newest"}
    page = mira.post("/desk/views/new/", given | {"shared": "mine"}, follow=True)
    assert subjects(page) == ["Mine"]
    view = SavedView.objects.get()
    assert (view.owner, view.sort) == (cast.mira, "newest")
    wrong = mira.post(f"/desk/views/{view.pk}/", given | {"text": "is:purple", "shared": "mine"})
    assert wrong.status_code == 422
    assert 'value="is:purple"' in wrong.content.decode()
    page = mira.post(f"/desk/views/{view.pk}/", given | {"text": "tag:refund", "shared": "all"}, follow=True)
    assert subjects(page) == ["Tagged"]
    mira.post(f"/desk/views/{view.pk}/delete/")
    gone = mira.get(f"/desk/?view=s{view.pk}")
    assert gone.status_code == 422
    assert "This view was deleted, or is no longer shared with you. Choose another view." in words(gone)


def test_a_view_shows_each_reader_what_they_may_work_on_and_me_is_the_reader(browser, cast, tickets):
    view = actions.create_view("Urgent", "priority:urgent", by=cast.mira, shared="all")
    address = f"/desk/?view=s{view.pk}"
    assert subjects(browser(cast.mira).get(address)) == ["Urgent"]
    assert subjects(browser(cast.gus).get(address)) == ["Theirs"]
    actions.edit_view(
        view, by=cast.mira, name="Urgent", text="assignee:me", shared="team", team=cast.billing, sort="due"
    )
    assert browser(cast.gus).get(address).status_code == 422
    assert subjects(browser(cast.sue).get(address)) == []


def test_a_view_whose_words_mean_nothing_any_more_says_what_to_do(mira, cast, tickets):
    view = actions.create_view("Billing", "team:billing", by=cast.mira, shared="team", team=cast.billing)
    assert len(subjects(mira.get(f"/desk/?view=s{view.pk}"))) == 3
    actions.edit_team(cast.billing, by=cast.root, is_active=False)
    page = mira.get(f"/desk/?view=s{view.pk}")
    assert page.status_code == 422
    assert "There is no team “billing”." in words(page)
    assert "Change the filter of this view, or delete it." in words(page)
    assert "Edit view" in links(page)
    assert "means nothing any more" in words(mira.get("/desk/views/", headers={"HX-Request": "true"}))


def test_counts_of_saved_views_look_at_a_bounded_number_of_tickets(mira, cast, open_ticket, monkeypatch):
    view = actions.create_view("All", "is:unresolved", by=cast.mira)
    actions.create_view("Done", "is:resolved", by=cast.mira)

    def counts() -> str:
        page = mira.get(f"/desk/views/?view=s{view.pk}", headers={"HX-Request": "true"})
        return words(page)

    for n in range(4):
        open_ticket(subject=f"S{n}")
    assert "All 4 Done Save this view" in counts()
    monkeypatch.setattr("helpdesk.desk.rail.CAPPED", 3)
    assert "All 3+" in counts()
    monkeypatch.setattr(queries, "LOOKED_AT", 2)
    assert "All 3+" in counts()


def test_the_queries_of_the_queue_do_not_grow_with_saved_views_or_filters(mira, cast, tickets, open_ticket):
    def count(path: str) -> int:
        mira.get(path)
        with CaptureQueriesContext(connection) as found:
            assert mira.get(path).status_code in (200, 304)
        return len(found)

    few = count("/desk/?view=open")
    for n in range(8):
        actions.create_view(f"V{n}", "team:billing assignee:mira is:open", by=cast.mira)
        open_ticket(subject=f"More {n}")
    assert count("/desk/?view=open") == few
    view = SavedView.objects.first()
    assert max(few, count(f"/desk/?view=s{view.pk}"), count("/desk/?view=open&q=is:late+refund")) <= 22
