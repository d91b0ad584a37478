"""Going away and coming back at the desk, and the sharing of a team in setup."""

import re

import pytest

from duty import queries
from duty.models import Sharing
from tests.helpdesk.desk.pages import words
from tickets.models import User


def fresh(person):
    return User.objects.get(pk=person.pk)


def test_going_away_names_what_could_go_back_and_hands_it_back_only_if_chosen(mira, cast, open_ticket):
    owed = open_ticket(assignee=cast.mira)
    page = mira.get("/desk/availability/")
    assert "Hand back 1 ticket" in words(page)
    shown = re.search(r'name="tickets" value="([^"]*)"', page.content.decode())[1]
    mira.post("/desk/go-away/", {"until": "", "tickets": shown})
    owed.refresh_from_db()
    assert owed.assignee == cast.mira
    page = mira.post("/desk/go-away/", {"until": "", "tickets": shown, "hand_back": "on"}, follow=True)
    assert "You are away. 1 ticket handed back." in words(page)
    assert "Away" in words(mira.get("/desk/"))
    owed.refresh_from_db()
    assert owed.assignee is None
    assert "You are available" in words(mira.post("/desk/come-back/", follow=True))


@pytest.mark.parametrize("until", ["2020-01-01T10:00", "soon"])
def test_a_time_that_is_over_or_none_is_told_at_its_field(mira, until):
    page = mira.post("/desk/go-away/", {"until": until, "tickets": ""})
    assert page.status_code == 422
    assert "<title>Error:" in page.content.decode()
    assert 'href="#id_until"' in page.content.decode()


def test_setup_chooses_the_mode_limits_and_hours_of_a_team(browser, cast):
    root, path = browser(cast.root), f"/setup/teams/{cast.billing.pk}/sharing/"
    page = root.get(path)
    assert "Sue Park" in words(page)
    once = re.search(r'name="once" value="([^"]*)"', page.content.decode())[1]
    given = {"once": once, "mode": "by_load", f"limit-{cast.mira.pk}": "5"}
    assert root.post(path, given)["Location"] == path
    assert Sharing.objects.get().mode == "by_load"
    assert queries.duty_of(fresh(cast.mira)).limit == 5
    assert root.post(path, given | {"once": "y" * 20, f"limit-{cast.mira.pk}": "0"}).status_code == 422
