"""Every figure of the reports says how much it rests on, and opens exactly the tickets it counts."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback import actions as feedback
from helpdesk.models import Delivery
from helpdesk.reports.filters import read
from sla import actions as sla_actions
from sla.models import Clock, Measurement, Policy
from sla.queries import without_policy
from tests.cast import PersonFactory
from tests.helpdesk.reports.conftest import MONDAY, NOVEMBER, measure_all
from tickets import actions
from tickets.models import Ticket

PAGES = ("first-response", "sla", "feedback")
FIGURE = re.compile(r'<a[^>]*href="([^"]*/reports/tickets/\?[^"]+)"[^>]*>(.*?)</a>', re.DOTALL)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\xa0", " ").split())


def page_of(client, name: str, query: str = NOVEMBER) -> str:
    page = client.get(f"{reverse('reports:' + name)}?{query}")
    assert page.status_code == 200
    return page.content.decode()


def count_of(client, path: str) -> int:
    """How many rows the list behind a figure says it has."""
    shown = text_of(client.get(html.unescape(path)).content.decode())
    return int(re.search(r"([\d,]+) rows?\b", shown)[1].replace(",", ""))


# --- who may see ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, "tickets"])
def test_only_supervisors_and_administrators_see_reports(client, cast, name):
    path = reverse(f"reports:{name}") + "?report=feedback"
    assert client.get(path).status_code == 302
    allowed = {cast.sue: 200, cast.root: 200, cast.priya: 404}
    if name != "tickets":
        allowed[cast.mira] = 404
    for person, status in allowed.items():
        client.force_login(person)
        assert client.get(path).status_code == status


# --- first response -------------------------------------------------------------------------------------


def test_an_answer_counts_before_a_worker_has_measured_it(supervisor, cast, story):
    for minutes in (10, 5000):
        story(answered=minutes)
    asked = [f"{NOVEMBER}&split=agent", f"{NOVEMBER}&basis=calendar&agent={cast.mira.pk}"]
    asked = [*asked, *(f"{query}&by=answered" for query in asked)]

    def pages() -> list[str]:
        found = [text_of(page_of(supervisor, "first-response", query)) for query in asked]
        return [re.sub(r"Counted \d\d:\d\d", "", page) for page in found]

    measured = pages()
    Measurement.objects.all().delete()
    Clock.objects.filter(state="fulfilled").update(needs_measuring=True)
    assert pages() == measured
    assert "2 of 2 tickets have an answer" in measured[0]
    measure_all()


def test_a_note_and_an_automatic_mail_are_no_answer(supervisor, cast, story):
    ticket = story(answered=None)
    actions.add_note(ticket, "Looking.", by=cast.mira, at=MONDAY + timedelta(days=2))
    actions.hear_automatic(ticket, "We got it.", author=None, at=MONDAY + timedelta(days=2))
    assert "0 of 1 ticket has an answer" in text_of(page_of(supervisor, "first-response"))


def test_what_is_left_out_is_counted(supervisor, cast, story, open_ticket):
    story()
    silent = open_ticket(at=MONDAY + timedelta(days=1))
    actions.resolve(silent, by=cast.mira, at=MONDAY + timedelta(days=1))
    open_ticket(by=cast.mira, spoke_first="agent", at=MONDAY + timedelta(days=1))
    page = page_of(supervisor, "first-response")
    assert "1 resolved before anybody answered , 1 opened by us" in text_of(page)
    for path, words in FIGURE.findall(page):
        if "resolved before" in words or "opened by us" in words:
            assert count_of(supervisor, path) == 1


# --- feedback -------------------------------------------------------------------------------------------


def test_the_funnel_says_where_everybody_stayed(supervisor, cast, story):
    answered = story(score=5)
    story(score=2)
    unanswered = story().surveys.get()
    feedback.invite(unanswered, at=unanswered.send_at)
    bounced = story().surveys.get()
    feedback.invite(bounced, at=bounced.send_at)
    Delivery.objects.create(
        event=bounced.ticket.events.get(kind="survey.invited"),
        address="gone@elsewhere.example",
        template="survey.invited",
        state=Delivery.State.FAILED,
        send_at=bounced.send_at,
        internet_message_id="x@desk.example",
    )
    later = story().surveys.get()
    again = story(requester=answered.requester).surveys.get()
    feedback.invite(again, at=again.send_at)
    story(requester=PersonFactory(email=None), by=cast.mira)
    page = page_of(supervisor, "feedback")
    rows = [
        text_of(row) for row in re.findall(r"<tr>(.*?)</tr>", page.partition('class="funnel"')[2], re.DOTALL)
    ]
    assert later.state == "scheduled"
    assert rows[1:6] == [
        "Resolved 7",
        "Eligible 5 2 not: 1 asked recently , 1 no usable address",
        "Sent 4 1 not: 1 sent later",
        "Delivered 3 1 not: 1 not delivered",
        "Answered 2 2 of 3 of delivered",
    ]


def test_satisfied_are_fours_and_fives_of_all_ratings(supervisor, story):
    for score in (5, 5, 4, 4, 4, 3, 2, 1, 5, 5, 5, 4):
        story(score=score)
    page = text_of(page_of(supervisor, "feedback"))
    assert "75% of those who answered are satisfied. 100% answered." in page
    assert "said 4 or 5 (47–91), n = 12" in page


def test_a_changed_answer_counts_once(supervisor, story):
    survey = story(score=1).surveys.get()
    feedback.answer(survey, score=5, at=survey.invited_at + timedelta(hours=1))
    assert "1 of 1 answer says satisfied" in text_of(page_of(supervisor, "feedback"))


def test_the_score_stays_with_the_agent_who_did_the_work(supervisor, cast, story):
    ticket = story(score=5)
    actions.move(ticket, cast.tech, by=cast.sue)
    page = text_of(page_of(supervisor, "feedback", NOVEMBER + "&split=agent"))
    assert "Mira Koch 1" in page
    assert "Gus" not in page.split("By channel")[1].split("Scale")[0]


# --- nothing there, and nonsense ------------------------------------------------------------------------


def test_an_empty_period_says_so_and_offers_one_that_is_not(supervisor, story):
    story(score=5)
    for name in PAGES:
        page = page_of(supervisor, name, "from=2020-01-01&to=2020-01-31")
        assert "in this period" in page or "into this period" in page
        assert "NaN" not in page
        assert re.search(r'href="\?from=2026-11-01', page)


@pytest.mark.parametrize("name", [*PAGES, "index", "mine"])
def test_an_empty_house_has_reports_too(supervisor, name):
    page = page_of(supervisor, name, "")
    assert "NaN" not in page
    assert "None" not in text_of(page)


NONSENSE = [
    "period=never",
    "from=x&to=y",
    "from=2026-12-31&to=2026-01-01",
    "from=0001-01-01&to=9999-12-31",
    "team=x&agent=-1&priority=9&channel=smoke",
    "team=99999999999999999999",
    "team=123456789",
    "split=shoe&basis=moon&by=tide",
    "agent=none",
    "weekday=8&hour=24",
    "weekday=x&hour=-1",
    "%00=%00&team=%00",
]


def test_a_question_that_makes_no_sense_is_still_answered(supervisor, story):
    story(score=5)
    for query in NONSENSE:
        for name in PAGES:
            page_of(supervisor, name, query)


@pytest.mark.parametrize("query", ["", "report=x", "report=feedback&slice=x", "report=__class__"])
def test_a_list_of_nothing_known_is_not_found(supervisor, query):
    assert supervisor.get(f"{reverse('reports:tickets')}?{query}").status_code == 404
    assert supervisor.get(f"{reverse('reports:export')}?{query}").status_code == 404


# --- cost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most"), [("index", 25), ("first-response", 19), ("sla", 15), ("feedback", 17), ("mine", 15)]
)
def test_the_number_of_queries_does_not_grow(supervisor, story, name, most, django_assert_max_num_queries):
    story(score=5)
    page_of(supervisor, name)
    with django_assert_max_num_queries(most):
        page_of(supervisor, name)
    for _ in range(2):
        story(score=4)
        story(answered=None)
    with django_assert_max_num_queries(most):
        page_of(supervisor, name)


def test_long_lists_are_paged(supervisor, story, monkeypatch):
    from helpdesk.reports.views import tickets

    monkeypatch.setattr(tickets, "PAGE", 2)
    for minutes in (10, 30, 20):
        story(answered=minutes)
    path = f"{reverse('reports:tickets')}?report=first-response&{NOVEMBER}"
    first = supervisor.get(path).content.decode()
    older = html.unescape(re.search(r'href="([^"]+)" rel="next"', first)[1])
    second = supervisor.get(reverse("reports:tickets") + older).content.decode()
    assert "1 to 2 of 3" in first
    assert "3 to 3 of 3" in second
    assert "10 min" in text_of(second)


def test_tickets_that_no_policy_matched_are_counted_and_opened(supervisor, story, cast):
    story()
    story(team=cast.tech)
    page = supervisor.get(f"/reports/sla/?{NOVEMBER}").content.decode()
    assert "Every ticket opened in this period matched a policy." in page
    policy = Policy.objects.get()
    only = {**policy.latest.spec, "conditions": [{"field": "channel", "operator": "is", "values": ["mail"]}]}
    sla_actions.edit_policy(policy, by=None, spec=only)
    bare = [story(channel="portal"), story(channel="portal", answered=None)]
    assert {ticket.pk for ticket in without_policy(Ticket.objects.all())} == {ticket.pk for ticket in bare}
    page = supervisor.get(f"/reports/sla/?{NOVEMBER}").content.decode()
    [path] = re.findall(r'<a class="link" href="([^"]+)">2 tickets</a> opened in this period', page)
    listed = supervisor.get(path.replace("&amp;", "&")).content.decode()
    assert all(f"#{ticket.pk}" in listed for ticket in bare)
    assert "2 rows" in listed
    narrowed = supervisor.get(f"/reports/sla/?{NOVEMBER}&team={cast.tech.pk}").content.decode()
    assert "Every ticket opened in this period matched a policy." in narrowed


def test_a_round_is_of_everybody_whatever_a_link_narrows_it_to():
    link = {"team": "1", "agent": "none", "organization": "2", "tag": "3", "weekday": "1", "hour": "9"}
    asked = read(link | {"period": "90d"}, timezone.now())
    assert asked.given().keys() >= link.keys()
    assert asked.of_everybody() == read({"period": "90d"}, asked.now)
