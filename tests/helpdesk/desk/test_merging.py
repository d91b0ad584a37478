"""Two tickets about one request, at the desk: chosen, read about, merged, undone."""

from __future__ import annotations

import re

import pytest

from tests.helpdesk.desk.pages import form, words
from tickets import actions


@pytest.fixture
def double(ticket, open_ticket):
    """Priya's second ticket about the same."""
    return open_ticket(subject="Refund still missing")


def test_a_double_is_chosen_read_about_merged_and_led_to_and_it_can_be_undone(mira, ticket, double):
    path = f"/desk/tickets/{double.pk}/merge/"
    assert path in mira.get(f"/desk/tickets/{double.pk}/").content.decode()
    assert f"?with={ticket.pk}" in mira.get(path).content.decode()  # asked by the same person
    assert f"?with={ticket.pk}" in mira.get(path + "?q=refund").content.decode()
    plan = mira.get(path + f"?q=%23{ticket.pk}")
    text = words(plan)
    for said in (f"#{ticket.pk} stays", "Refund still missing", f"The clocks of #{ticket.pk} go on"):
        assert said in text
    assert "two people" not in text
    done = mira.post(path, form(plan, path), follow=True)
    assert done.redirect_chain == [(f"/desk/tickets/{ticket.pk}/", 303)]
    assert f"#{double.pk} merged into #{ticket.pk}" in words(done)
    assert f"/desk/tickets/{double.pk}/?merged=1" in done.content.decode()
    led = mira.get(f"/desk/tickets/{double.pk}/", follow=True)
    assert led.redirect_chain == [(f"/desk/tickets/{ticket.pk}/", 302)]
    assert "It is now two weeks." in words(mira.get(f"/desk/tickets/{double.pk}/?merged=1"))
    undo = re.search(r'action="(/desk/tickets/\d+/unmerge/[^"]*)"', done.content.decode())[1]
    assert mira.post(undo, follow=True).redirect_chain[-1][0].startswith(f"/desk/tickets/{double.pk}/")
    double.refresh_from_db()
    assert (double.merged_into, double.status) == (None, "open")


def test_the_older_stays_whichever_was_open_and_two_people_are_named_and_confirmed(
    mira, cast, ticket, open_ticket
):
    other = open_ticket(requester=cast.bob, subject="Where is it?")
    path = f"/desk/tickets/{ticket.pk}/merge/"
    plan = mira.get(path + f"?with={other.pk}")
    assert "Bob Stone and Priya Nair are two people." in words(plan)
    refused = mira.post(path, form(plan, path))
    assert (refused.status_code, "Confirm that two people share" in words(refused)) == (422, True)
    stale = mira.post(path, form(plan, path) | {"sure": "1", "between": f"{cast.cara.pk}-{cast.bob.pk}"})
    assert stale.status_code == 409
    assert mira.post(path, form(plan, path) | {"sure": "1"}).status_code == 303
    other.refresh_from_db()
    assert other.merged_into == ticket


def test_customers_are_led_on_to_their_own_ticket_and_never_to_somebody_elses(
    cast, browser, ticket, double, open_ticket
):
    bobs = open_ticket(requester=cast.bob, subject="Where is it?")
    for one in (double, bobs):
        actions.merge(one, into=ticket, by=cast.mira)
    assert f"goes on here: Refund missing #{ticket.pk}" in words(
        browser(cast.priya).get(f"/tickets/{double.pk}/")
    )
    theirs = words(browser(cast.bob).get(f"/tickets/{bobs.pk}/"))
    assert "Where is it?" in theirs
    assert f"#{ticket.pk}" not in theirs


def test_nothing_is_said_of_tickets_that_the_reader_may_not_change(mira, cast, ticket, open_ticket):
    secret = open_ticket(subject="Zanzibar", team=cast.tech)
    path = f"/desk/tickets/{ticket.pk}/merge/"
    for query in ("", "?q=zanzibar", f"?q={secret.pk}", f"?with={secret.pk}"):
        assert "Zanzibar" not in words(mira.get(path + query))
    assert mira.post(path, {"with": secret.pk}).status_code == 422


def test_a_ticket_that_was_merged_meanwhile_goes_where_it_went_if_the_same_person_asked(
    mira, cast, ticket, double, open_ticket
):
    third = open_ticket(subject="Refund")
    path = f"/desk/tickets/{third.pk}/merge/"
    plan = mira.get(path + f"?with={double.pk}")
    actions.merge(double, into=ticket, by=cast.mira)
    assert [mira.post(path, form(plan, path)).status_code for _twice in range(2)] == [303, 303]
    third.refresh_from_db()
    assert third.merged_into == ticket
