"""A survey of several questions on its page, and in each of its mails."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback import actions as feedback
from feedback import queries
from feedback.models import Answer, Cadence, Survey
from helpdesk.mail import compose
from tests.helpdesk.mailed import mails_to
from tickets import actions

DAY = timedelta(days=1)
REASONS = [
    {"key": "slow", "texts": {"en": "Too slow", "de": "Zu langsam"}},
    {"key": "forms", "texts": {"en": "Too many forms", "de": "Zu viele Formulare"}},
]
EFFORT = [
    {"key": "rating", "kind": "ces"},
    {"key": "why", "kind": "many", "choices": REASONS, "when": {"key": "rating", "low": 1, "high": 3}},
    {
        "key": "best",
        "kind": "text",
        "texts": {"en": "What helped?"},
        "when": {"key": "rating", "low": 6, "high": 7},
    },
]


@pytest.fixture
def effort(cast, resolve) -> Survey:
    """A survey of effort with branches, sent a moment ago, with a reminder to come."""
    team = [{"field": "team", "operator": "is", "values": [cast.billing.pk]}]
    made = feedback.create_survey(
        "Effort", "ces", by=None, questions=EFFORT, conditions=team, remind_after=5 * DAY
    )
    feedback.switch_survey(made, True, by=None)
    return feedback.invite(resolve(at=timezone.now() - DAY), at=timezone.now())


def path_of(survey: Survey) -> str:
    return queries.invitation(survey.pk)["path"]


def test_a_branch_belongs_to_the_ratings_that_lead_to_it(client, effort):
    html = client.get(path_of(effort) + "?score=2").content.decode()
    opening = dict(re.findall(r'name="score" value="(\d)"(?: class="([^"]*)")?', html))
    assert {value: names.split() for value, names in opening.items()} == {
        **{rating: ["opens-1"] for rating in "123"},
        **{rating: [] for rating in "45"},
        **{rating: ["opens-2"] for rating in "67"},
    }
    assert "If your answer above is 1 to 3:" in html
    assert 'survey__branch--1"' in html
    assert "Too many forms" in html
    assert re.findall(r'value="(\d)" class="opens-1 " checked', html) == ["2"]
    assert "Zu langsam" in client.get(path_of(effort), headers={"Accept-Language": "de"}).content.decode()


def test_the_answers_of_the_open_branch_are_recorded_and_told(client, effort):
    sent = {"score": "2", "q_why": ["forms", "slow"], "comment": "An unopened branch"}
    path = path_of(effort)
    page = client.post(path, sent, follow=True).content.decode()
    assert "Too slow, Too many forms" in page
    assert "An unopened branch" not in page
    assert list(Answer.objects.get().items.order_by("pk").values_list("choice", flat=True)) == [
        "",
        "slow",
        "forms",
    ]
    again = client.get(path).content.decode()
    assert len(re.findall(r" checked", again)) == 3
    client.post(path, {"score": "7", "comment": "Mira", "q_why": ["slow"]})
    assert [item.key for item in Survey.objects.get().answer.items.all()] == ["rating", "best"]
    assert Answer.objects.count() == 2


def test_an_unknown_reason_comes_back_with_everything_that_was_chosen(client, effort):
    page = client.post(path_of(effort), {"score": "1", "q_why": ["slow", "made up"]})
    html = page.content.decode()
    assert page.status_code == 422
    assert html.count("Choose from the list.") == 2
    assert '<a href="#id_q_why">' in html
    assert re.search(r'value="slow" checked', html)
    assert not Answer.objects.exists()


def test_each_kind_of_survey_and_the_reminder_have_a_mail(cast, effort):
    actions.prove_address(cast.priya)
    feedback.remind(effort, at=effort.remind_at)
    [first], [again] = (
        mails_to(cast.priya.email, "survey.effort"),
        mails_to(cast.priya.email, "survey.reminded"),
    )
    for mail in (first, again):
        text = compose.write(mail).content.decode()
        assert "It was easy" in text
        assert "score=3D7" in text or "score=7" in text
    feedback.answer(effort, score=6, at=effort.invited_at)
    again.refresh_from_db()
    assert queries.invitation(effort.pk) is None


def test_a_recommendation_is_asked_for_without_a_ticket(client, cast, resolve):
    feedback.install_standard_survey()
    made = feedback.create_survey("NPS", "nps", by=None, questions=[{"key": "rating", "kind": "nps"}])
    feedback.switch_survey(made, True, by=None)
    resolve(at=timezone.now() - DAY)
    Cadence.objects.update(due_at=timezone.now())
    survey = feedback.invite(feedback.plan_round(Cadence.objects.get()))
    [mail] = mails_to(cast.priya.email, "survey.recommend")
    assert "How likely are you to recommend us" in compose.subject_of(compose.write(mail).content)
    path = path_of(survey)
    html = client.get(path + "?score=10").content.decode()
    assert re.findall(r'value="(\d+)" checked', html) == ["10"]
    assert "Ticket" not in html
    thanks = client.post(path, {"score": "0"}, follow=True).content.decode()
    assert "0 Not at all likely" in thanks
    assert "See the ticket" not in thanks
    Survey.objects.filter(pk=survey.pk).update(expires_at=timezone.now())
    assert client.get(path).status_code == 410
