"""Tickets that have to do with each other: said at one, known at both."""

import pytest

from tests.helpdesk.desk.pages import words
from tests.helpdesk.setup.conftest import Browser
from tickets import access, actions, queries


@pytest.fixture
def other(cast, open_ticket):
    return open_ticket(requester=cast.bob, subject="Printer on fire")


def test_a_link_stands_at_both_with_its_word_until_it_is_removed(cast, ticket, other):
    seen = access.worked_by(cast.mira)
    for word in ("related", "same_cause", "same_cause"):
        actions.link(ticket, other, word=word, by=cast.mira)
    assert queries.links_of(ticket, seen) == [(other, "Same cause")]
    assert queries.links_of(other, seen) == [(ticket, "Same cause")]
    assert [row.events.filter(kind="ticket.linked").count() for row in (ticket, other)] == [2, 2]
    for _twice in range(2):
        actions.unlink(other, ticket, by=cast.mira)
    assert queries.links_of(ticket, seen) == []
    assert [row.events.filter(kind="ticket.unlinked").count() for row in (ticket, other)] == [1, 1]


def test_only_tickets_on_which_one_works_are_linked_and_shown(cast, ticket, open_ticket):
    foreign = open_ticket(team=cast.tech, subject="Zanzibar")
    for pair in ((ticket, foreign), (foreign, ticket), (ticket, ticket)):
        with pytest.raises(actions.NotAllowed):
            actions.link(*pair, by=cast.mira)
    actions.link(ticket, foreign, by=cast.sue)
    assert queries.links_of(ticket, access.worked_by(cast.mira)) == []


def test_the_desk_links_by_number_and_says_what_is_wrong(cast, ticket, other):
    browser, path = Browser(cast.mira), f"/desk/tickets/{ticket.pk}/"
    done = browser.client.post(path + "link/", {"other": f"#{other.pk}", "word": "same_cause"}, follow=True)
    assert "Same cause" in words(done)
    assert "Printer on fire" in words(done)
    for wrong in ({"other": "999999"}, {"other": "x"}, {"other": other.pk, "word": "no"}):
        assert browser.client.post(path + "link/", wrong).status_code == 422
    browser.client.post(path + "unlink/", {"other": other.pk})
    assert queries.links_of(ticket, access.worked_by(cast.mira)) == []
