"""The page behind a survey's link: opening it records nothing, its button does."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from feedback import actions as feedback
from feedback import queries
from feedback.models import Answer, Survey
from helpdesk.models import SupportAddress
from tickets import actions


@pytest.fixture
def fresh(cast, resolve) -> Survey:
    """A survey that was sent a moment ago to a proven address."""
    actions.prove_address(cast.priya)
    survey = resolve(at=timezone.now() - timedelta(days=1))
    return feedback.invite(survey, at=timezone.now())


@pytest.fixture
def path(fresh) -> str:
    return queries.invitation(fresh.pk)["path"]


@pytest.mark.parametrize("query", ["", "?score=5", "?score=1"])
def test_ux33_opening_the_link_records_nothing_however_often(client, fresh, path, query):
    before = fresh.ticket.events.count()
    for _ in range(20):
        assert client.get(path + query).status_code == 200
        assert client.head(path + query).status_code == 200
        client.get(path + query, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"})
        client.options(path + query)
    fresh.refresh_from_db()
    assert (fresh.state, fresh.ticket.events.count()) == (Survey.State.INVITED, before)
    assert not Answer.objects.exists()


def test_the_mails_link_only_preselects(client, path):
    html = client.get(path + "?score=4").content.decode()
    assert re.findall(r'value="(\d)" checked', html) == ["4"]
    assert 'value="4" checked' not in client.get(path).content.decode()


@pytest.mark.parametrize("score", ["0", "6", "-1", "5.5", "x", "٣", "9" * 40, ""])
def test_a_made_up_preselection_selects_nothing(client, path, score):
    page = client.get(path, {"score": score})
    assert page.status_code == 200
    assert " checked" not in page.content.decode()


def test_the_button_records_and_thanks(client, fresh, path):
    page = client.post(
        path, {"score": "4", "comment": "Fine."}, headers={"User-Agent": "Probe/1"}, follow=True
    )
    html = page.content.decode()
    assert page.redirect_chain == [(path + "thanks/", 302)]
    assert "Thank you. You can change this until" in html
    answer = Answer.objects.get()
    assert (answer.score, answer.comment, answer.user_agent) == (4, "Fine.", "Probe/1")


def test_it_can_be_changed_and_every_change_is_kept(client, fresh, path):
    client.post(path, {"score": "4", "comment": "Fine."})
    html = client.get(path).content.decode()
    assert 'value="4" checked' in html
    assert "Fine." in html
    client.post(path, {"score": "2"})
    fresh.refresh_from_db()
    assert fresh.answer.score == 2
    assert list(fresh.answers.order_by("pk").values_list("score", flat=True)) == [4, 2]


def test_pressing_twice_is_one_answer(client, path):
    for _ in range(2):
        assert client.post(path, {"score": "4", "comment": "Fine."}).status_code == 302
    assert Answer.objects.count() == 1


@pytest.mark.parametrize("score", ["", "0", "6", "5.5", "five", "5\x00", "9" * 400])
def test_a_wrong_score_is_said_at_the_field_and_the_words_are_kept(client, path, score):
    page = client.post(path, {"score": score, "comment": "My words."})
    html = page.content.decode()
    assert page.status_code == 422
    assert html.count("Choose a number from 1 to 5.") == 2
    assert '<a href="#id_score">' in html
    assert "<title>Error:" in html
    assert "My words." in html
    assert not Answer.objects.exists()


def test_a_very_long_comment_is_refused_in_plain_words(client, path):
    page = client.post(path, {"score": "5", "comment": "<b>x</b>" * 131_072})
    assert page.status_code == 422
    assert "characters too long. Shorten it to" in page.content.decode()
    assert not Answer.objects.exists()


def test_a_comment_is_plain_text(client, path):
    html = client.post(path, {"score": "5", "comment": "<script>alert(1)</script>"}, follow=True)
    assert "&lt;script&gt;alert(1)" in html.content.decode()
    assert "<script>alert" not in html.content.decode()


def test_an_altered_link_is_nothing(client, path):
    token = path.split("/")[2]
    changed = [
        token[:-1] + ("a" if token[-1] != "a" else "b"),
        token.upper(),
        token + "a",
        "x",
        "%00",
        "ä" * 300,
    ]
    for wrong in changed:
        for tail in ("", "thanks/"):
            assert client.get(f"/survey/{wrong}/{tail}").status_code == 404
        assert client.post(f"/survey/{wrong}/", {"score": "5"}).status_code == 404
    assert not Answer.objects.exists()


def test_a_closed_survey_says_so_and_offers_another_way(client, cast, fresh, path):
    SupportAddress.objects.create(address="help@desk.example", team=cast.billing)
    Survey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for page in (client.get(path), client.post(path, {"score": "5"})):
        html = page.content.decode()
        assert page.status_code == 410
        assert "This survey closed on" in html
        assert "mailto:help%40desk.example?subject=%5B%23" in html
    assert not Answer.objects.exists()


def test_the_page_is_private(client, path):
    for page in (client.get(path), client.post(path, {"score": "5"}), client.get(path + "thanks/")):
        assert page["Referrer-Policy"] == "no-referrer"
        assert page["Cache-Control"] == "no-store"
        assert "noindex" in page["X-Robots-Tag"]
        assert not page.cookies


def test_the_page_shows_reference_subject_and_who_solved_it_and_nothing_else_of_the_ticket(
    client, cast, fresh, path
):
    actions.add_note(fresh.ticket, "Velociraptor", by=cast.mira)
    html = client.get(path).content.decode()
    assert fresh.ticket.reference in html
    assert "Refund missing" in html
    assert "solved by Mira on" in html
    hidden = (cast.mira.name, cast.mira.email, "Priya", cast.priya.email)
    for secret in ("Velociraptor", "It is now two weeks", "It left today", *hidden):
        assert secret not in html


def test_it_works_from_a_page_that_sends_no_origin(path):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path, {"score": "5"}, headers={"Origin": "null"}).status_code == 302


def test_thanks_without_an_answer_leads_to_the_question(client, path):
    assert client.get(path + "thanks/").url == path


def test_answers_are_limited_per_survey(client, fresh, path):
    for turn in range(30):
        assert client.post(path, {"score": str(turn % 5 + 1)}).status_code == 302
    page = client.post(path, {"score": "1"})
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    fresh.refresh_from_db()
    assert fresh.answer.score == 5


def test_opening_the_page_costs_few_queries(client, path, django_assert_max_num_queries):
    client.get(path)
    with django_assert_max_num_queries(3):
        client.get(path)


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_answer(fresh, path):
    def press(_turn: int) -> int:
        try:
            return Client().post(path, {"score": "4", "comment": "Fine."}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {302}
    assert Answer.objects.count() == 1


def test_opening_the_stop_link_changes_nothing_its_button_does(client, fresh, path, cast):
    page = client.get(path + "stop/")
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    assert "Do not ask me again" in page.content.decode()
    client.head(path + "stop/")
    cast.priya.refresh_from_db()
    assert "surveys" not in cast.priya.preferences
    done = client.post(path + "stop/", {"List-Unsubscribe": "One-Click"})
    assert "We will not ask you again." in done.content.decode()
    cast.priya.refresh_from_db()
    assert cast.priya.preferences["surveys"] is False
    assert client.post(path, {"score": "4"}).status_code == 302


def test_who_declined_is_asked_nothing(cast, resolve):
    planned = resolve(at=timezone.now() - timedelta(days=1))
    actions.edit_person(cast.priya, by=cast.priya, preferences={"surveys": False})
    assert feedback.invite(planned, at=timezone.now()).reason == Survey.Reason.DECLINED
    assert resolve(at=timezone.now()).reason == Survey.Reason.DECLINED


def test_a_made_up_stop_link_is_unknown(client, db):
    assert client.post("/survey/wrong/stop/").status_code == 404
