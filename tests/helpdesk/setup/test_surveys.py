"""When the survey is sent is the company's choice."""

from datetime import timedelta

import pytest
from django.urls import reverse

from feedback.models import Survey, SurveyDefinition, SurveyVersion
from feedback.queries import sent_version
from tickets import actions

PATH = "/setup/surveys/"
CHOICE = {"is_active": "on", "delay_hours": "0.5", "open_days": "7", "rest_days": "0"}


def test_looking_at_it_installs_nothing(root):
    page = root.get(PATH)
    assert reverse("setup:surveys") == PATH
    assert page.status_code == 200
    assert 'value="4"' in page.content.decode()
    assert not SurveyDefinition.objects.exists()


def test_a_choice_holds_for_the_next_resolution(root, cast, ticket):
    assert root.send(PATH, CHOICE).status_code == 303
    actions.resolve(ticket, by=cast.mira)
    survey = Survey.objects.get()
    assert survey.send_at - survey.resolved_at == timedelta(minutes=30)
    version = sent_version()
    assert (version.number, version.open_for, version.cool_down) == (2, timedelta(days=7), timedelta(0))


def test_what_is_out_keeps_its_terms(root, cast, ticket):
    actions.resolve(ticket, by=cast.mira)
    root.send(PATH, CHOICE)
    assert Survey.objects.get().version.number == 1


def test_switched_off_nobody_is_asked(root, cast, ticket):
    root.send(PATH, CHOICE | {"is_active": ""})
    actions.resolve(ticket, by=cast.mira)
    assert not Survey.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_hours": "-1"},
        {"delay_hours": "soon"},
        {"open_days": "0"},
        {"rest_days": "9999"},
        {"open_days": ""},
    ],
)
def test_a_wrong_number_is_said(root, wrong):
    assert root.send(PATH, CHOICE | wrong).status_code == 422
    assert not SurveyVersion.objects.exists()


def test_only_administrators_choose(mira):
    assert mira.get(PATH).status_code == 404
