"""The queue: who sees what, in which order, at which cost."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.desk import listing
from tickets import actions
from tickets.models import Ticket


def body(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode()).replace("\u00a0", " ")


def rows(response) -> list[str]:
    """The markup of each row, in order."""
    return re.findall(r'<tr id="t\d+".*?</tr>', body(response), re.S)


def subjects(response) -> list[str]:
    return [re.search(r"data-row-link[^>]*>([^<]*)<", row)[1] for row in rows(response)]


def numbers(response) -> list[int]:
    return [int(re.search(r'id="t(\d+)"', row)[1]) for row in rows(response)]


def attribute(response, name: str) -> str:
    return re.search(rf"{name}='([^']*)'|{name}=\"([^\"]*)\"", response.content.decode())[2]


def test_an_agent_sees_tickets_of_their_teams_only(mira, cast, open_ticket):
    open_ticket(subject="Ours")
    open_ticket(subject="Theirs", team=cast.tech)
    response = mira.get("/desk/?view=open")
    assert response.status_code == 200
    assert subjects(response) == ["Ours"]
    assert "Theirs" not in response.content.decode()


def test_signed_out_readers_are_sent_to_sign_in(client, db):
    response = client.get("/desk/")
    assert response.status_code == 302
    assert "next=/desk/" in response["Location"]


def test_the_desk_does_not_exist_for_customers(browser, cast):
    assert browser(cast.priya).get("/desk/").status_code == 404


def test_the_next_due_time_comes_first(mira, cast, open_ticket):
    now = timezone.now()
    late = open_ticket(subject="Old", at=now - timedelta(days=10))
    urgent = open_ticket(subject="Urgent", priority=4)
    low = open_ticket(subject="Low", priority=1)
    response = mira.get("/desk/?view=open")
    assert numbers(response) == [late.pk, urgent.pk, low.pk]
    assert "clock--late" in rows(response)[0]
    assert "<strong>1 late</strong>" in body(response)


def test_a_waiting_ticket_is_shown_paused_behind_running_ones(mira, cast, open_ticket):
    paused = open_ticket(subject="Paused", priority=4)
    actions.reply(paused, "Which one?", by=cast.mira, channel="mail", then="waiting")
    open_ticket(subject="Running", priority=1)
    response = mira.get("/desk/?view=open")
    assert subjects(response) == ["Running", "Paused"]
    assert "clock--paused" in rows(response)[1]
    assert "paused: customer" in rows(response)[1]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("mine", ["Mine"]),
        ("unassigned", ["Nobody's"]),
        ("waiting", ["Waits"]),
        ("team", ["Mine", "Nobody's"]),
    ],
)
def test_each_view_holds_its_tickets(mira, cast, open_ticket, view, expected):
    open_ticket(subject="Mine", assignee=cast.mira)
    open_ticket(subject="Nobody's")
    waits = open_ticket(subject="Waits", assignee=cast.mira)
    actions.set_waiting(waits, by=cast.mira)
    response = mira.get(f"/desk/?view={view}")
    assert subjects(response) == expected
    noun = "ticket" if len(expected) == 1 else "tickets"
    assert f"{len(expected)} {noun}<" in body(response)


def test_what_the_customer_said_is_unread_until_the_agent_opens_it(mira, cast, ticket):
    assert "is-unread" in rows(mira.get("/desk/?view=open"))[0]
    mira.get(f"/desk/tickets/{ticket.pk}/")
    assert "is-unread" not in rows(mira.get("/desk/?view=open"))[0]
    actions.reply(ticket, "And one more thing", by=cast.priya, channel="mail")
    assert "is-unread" in rows(mira.get("/desk/?view=open"))[0]


@pytest.mark.parametrize("sort", listing.SORTS)
def test_ux20_next_follows_the_visible_sort_across_page_boundaries(
    mira, cast, open_ticket, monkeypatch, sort
):
    monkeypatch.setattr(listing, "PAGE", 3)
    monkeypatch.setattr(listing.page, "__defaults__", (3,))
    opened = [open_ticket(subject=f"S{n}", priority=1 + n % 4).pk for n in range(8)]
    seen: list[int] = []
    path: str | None = f"/desk/?view=open&sort={sort}"
    while path:
        response = mira.get(path)
        seen += numbers(response)
        older = re.search(r'href="([^"]*)" rel="next"', body(response))
        path = older and older[1]
    assert sorted(seen) == sorted(opened)  # without gap or repetition
    assert len(seen) == len(opened)
    walked, path = [seen[0]], f"/desk/tickets/{seen[0]}/?view=open&sort={sort}"
    while (following := re.search(r'href="([^"]*)#latest" data-key="j"', body(mira.get(path)))) is not None:
        path = following[1]
        walked.append(int(re.search(r"tickets/(\d+)/", path)[1]))
    assert walked == seen


def test_the_number_of_queries_does_not_grow_with_the_queue(mira, cast, open_ticket):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            mira.get("/desk/?view=open")
        return len(queries)

    open_ticket()
    count()
    few = count()
    for n in range(12):
        one = open_ticket(subject=f"S{n}", requester=(cast.priya, cast.bob)[n % 2], by=None)
        actions.assign(one, (cast.mira, cast.sue)[n % 2], by=cast.sue)
    assert count() == few
    assert few <= 5


def test_an_empty_view_says_what_waits_elsewhere(mira, cast, ticket):
    actions.set_waiting(ticket, by=cast.mira)
    page = mira.get("/desk/?view=mine").content.decode()
    assert "Nothing is due in this view." in page
    assert "1 ticket waits for somebody else." in page


def test_a_new_installation_says_how_to_begin(mira, cast):
    page = mira.get("/desk/").content.decode()
    assert "No tickets yet" in page
    assert "/desk/tickets/new/" in page


def test_who_may_set_up_sees_what_is_still_to_do(browser, cast):
    page = body(browser(cast.root).get("/desk/"))
    assert "Mail to your address becomes tickets." in page
    assert "4 people can sign in." in page
    assert 'class="button button--primary" href="/setup/sources/new/">Connect a mailbox' in page
    assert page.count("button--primary") == 1
    assert "/setup/sources/" not in body(browser(cast.mira).get("/desk/"))


def test_a_subject_with_markup_is_shown_as_text(mira, open_ticket):
    open_ticket(subject="<img src=x onerror=alert(1)>")
    page = mira.get("/desk/?view=open").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


# --- news ---------------------------------------------------------------------------------------------


def news_of(client, response, **headers):
    path, shown = attribute(response, "data-news"), attribute(response, "data-rows")
    return client.get(f"{path}&rows={shown}", headers={"HX-Request": "true"} | headers)


def test_nothing_new_is_answered_without_a_body(mira, ticket):
    page = mira.get("/desk/?view=open")
    answer = news_of(mira, page, **{"If-None-Match": html.unescape(attribute(page, "data-etag"))})
    assert answer.status_code == 304
    assert answer.content == b""


def test_arrivals_are_counted_and_changes_shown_in_place(mira, cast, open_ticket):
    first = open_ticket(subject="First")
    open_ticket(subject="Second")
    page = mira.get("/desk/?view=open")
    open_ticket(subject="Third")
    actions.prioritize(first, 4, by=cast.mira)
    answer = news_of(mira, page, **{"If-None-Match": html.unescape(attribute(page, "data-etag"))})
    assert answer.status_code == 200
    assert "1 new, 1 changed · Show" in body(answer)
    assert "Third" not in body(answer)
    assert "Urgent" in body(answer)


def test_a_row_that_left_says_why(mira, cast, ticket):
    page = mira.get("/desk/?view=unassigned")
    actions.assign(ticket, cast.sue, by=cast.sue)
    news = body(news_of(mira, page))
    assert "Sue took the ticket at" in news
    assert "left this view" in news
    assert "is-gone" in news


def test_a_row_that_went_out_of_sight_shows_nothing_of_it(mira, cast, ticket):
    page = mira.get("/desk/?view=open")
    actions.move(ticket, cast.tech, by=cast.sue)
    Ticket.objects.filter(pk=ticket.pk).update(subject="Now secret")
    assert "Now secret" not in news_of(mira, page).content.decode()


@pytest.mark.parametrize("rows", ["", "x", "1.x-2", "9" * 60, "1.2.3", "-.-"])
def test_a_garbled_list_of_rows_is_answered_calmly(mira, ticket, rows):
    assert mira.get(f"/desk/news/?view=open&rows={rows}", headers={"HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize("after", ["x", "1.", ".1", "99999999999999999999.1", "-5.3", f"1.{10**24}"])
def test_a_garbled_page_key_is_answered_calmly(mira, ticket, after):
    assert mira.get(f"/desk/?view=open&after={after}").status_code == 200
