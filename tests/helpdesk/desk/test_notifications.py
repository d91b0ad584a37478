"""The notifications page and the count in the top bar."""

import re

from tests.helpdesk.desk.pages import words
from tickets import actions


def alerts(page) -> str:
    return re.search(r'id="alerts"[^>]*aria-label="([^"]*)"', page.content.decode())[1]


def test_news_is_grouped_by_ticket_newest_first_and_opening_the_ticket_reads_it(mira, cast, open_ticket):
    first, second = open_ticket(subject="First"), open_ticket(subject="Second")
    for each in (first, second):
        actions.assign(each, cast.mira, by=cast.sue)
    actions.reply(first, "Any news?", by=cast.priya, channel="portal")
    page = mira.get("/desk/notifications/")
    said = words(page)
    assert said.index("First") < said.index("Second")
    assert "Priya Nair answered “Any news?”" in said
    assert "Sue Park assigned it to you" in said
    assert alerts(page) == "Alerts, 2 unread"
    mira.get(f"/desk/tickets/{first.pk}/")
    assert alerts(mira.get("/desk/")) == "Alerts, 1 unread"


def test_mark_all_read_takes_what_was_shown_and_nothing_newer(mira, cast, open_ticket):
    shown, later = open_ticket(), open_ticket()
    actions.assign(shown, cast.mira, by=cast.sue)
    page = mira.get("/desk/notifications/")
    up_to = re.search(r'name="up_to" value="(\d+)"', page.content.decode())[1]
    actions.assign(later, cast.mira, by=cast.sue)
    after = mira.post("/desk/notifications/mark-read/", {"up_to": up_to}, follow=True)
    assert alerts(after) == "Alerts, 1 unread"
    assert "You are up to date." not in words(after)


def test_with_nothing_told_it_says_so(mira):
    page = mira.get("/desk/notifications/")
    assert "You are up to date." in words(page)
    assert "Mark all read" not in words(page)


def test_the_count_is_answered_304_while_it_is_as_it_was(mira, cast, ticket):
    path, part = "/desk/notifications/count/", {"HX-Request": "true"}
    first = mira.get(path, headers=part)
    part["If-None-Match"] = first["ETag"]
    assert mira.get(path, headers=part).status_code == 304
    actions.assign(ticket, cast.mira, by=cast.sue)
    again = mira.get(path, headers=part)
    assert alerts(again) == "Alerts, 1 unread"


def test_the_page_asks_as_often_for_many_as_for_few(mira, cast, open_ticket, django_assert_num_queries):
    for _number in range(2):
        actions.assign(open_ticket(), cast.mira, by=cast.sue)
    mira.get("/desk/notifications/")
    with django_assert_num_queries(8):
        mira.get("/desk/notifications/")
    for _number in range(5):
        actions.reply(open_ticket(assignee=cast.mira), "Hm?", by=cast.priya, channel="mail")
    with django_assert_num_queries(9):  # and the words that were said
        mira.get("/desk/notifications/")


def test_each_kind_is_chosen_for_each_channel_in_one_place(mira, cast):
    page = mira.get("/accounts/preferences/")
    boxes = re.findall(r'name="((?:app|mail)-[a-z._]+)"([^>]*)>', page.content.decode())
    said = {name: "on" for name, rest in boxes if "checked" in rest} | {"name": "Mira Koch"}
    assert "app-ticket.assigned" in said
    del said["app-ticket.assigned"]
    mira.post("/accounts/preferences/", said)
    cast.mira.refresh_from_db()
    assert cast.mira.preferences["app"] == {"ticket.assigned": False}
    assert cast.mira.preferences["mail"] == {}
