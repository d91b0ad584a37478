"""Surveys are set up on their pages: what is asked of whom, how often, and how it will look."""

import re
from datetime import time, timedelta
from decimal import Decimal

import pytest

from feedback import actions as feedback
from feedback import queries
from feedback.models import Survey, SurveyDefinition, SurveyVersion
from tickets import actions

PATH = "/setup/surveys/"
TERMS = {
    "name": "Standard", "delay_hours": "0.5", "open_days": "7", "rest_days": "0", "percent": "100",
    "q-0-kind": "text", "q-0-key": "comment", "q-0-put": "all",
}  # fmt: skip
WHY = {
    "q-1-kind": "many",
    "q-1-put": "low",
    "q-1-text_en": "What went wrong?",
    "q-1-choices_en": "Too slow\nUnfriendly",
    "q-1-choices_de": "Zu langsam\nUnfreundlich",
}


@pytest.fixture
def edit(cast) -> str:
    return f"{PATH}{feedback.install_standard_survey().pk}/"


def latest() -> SurveyVersion:
    return queries.latest_version(SurveyDefinition.objects.order_by("-pk")[0])


def test_looking_installs_nothing_until_it_is_to_be_changed(root):
    page = root.get(PATH)
    assert "The standard survey is asked" in page.content.decode()
    assert not SurveyDefinition.objects.exists()
    assert root.send(f"{PATH}defaults/", {}, page=PATH).status_code == 303
    assert "Every ticket." in root.get(PATH).content.decode()


def test_a_choice_holds_for_the_next_resolution_and_what_is_out_keeps_its_terms(root, cast, ticket, edit):
    actions.resolve(ticket, by=cast.mira)
    assert root.send(edit, TERMS | {"window_from": "08:00", "window_to": "20:00"}).status_code == 303
    version = latest()
    assert Survey.objects.get().version.number == 1
    assert (version.number, version.open_for, version.cool_down) == (2, timedelta(days=7), timedelta(0))
    assert (version.delay, version.window_from) == (timedelta(minutes=30), time(8))
    again = root.get(edit).content.decode()
    assert 'value="08:00"' in again
    assert root.send(edit, TERMS | {"window_from": "08:00", "window_to": "20:00"}).status_code == 303
    assert latest().number == 2


def test_an_edit_changes_nothing_that_the_form_does_not_show(root, edit):
    before = latest()
    shown = dict(re.findall(r'name="([a-z_0-9-]+)"[^>]*? value="([^"]*)"', root.get(edit).content.decode()))
    shown |= {"q-0-put": "all", "do": "save"}
    assert root.send(edit, {key: value for key, value in shown.items() if key != "once"}).status_code == 303
    assert latest() == before


def test_questions_with_reasons_in_both_languages_and_a_branch(root, edit):
    assert root.send(edit, TERMS | WHY).status_code == 303
    asked = latest().questions
    assert [one["key"] for one in asked] == ["rating", "comment", "q1"]
    assert asked[2]["when"] == {"key": "rating", "low": 1, "high": 2}
    assert asked[2]["choices"][0] == {"key": "too-slow", "texts": {"en": "Too slow", "de": "Zu langsam"}}
    said = WHY | {"q-1-key": "q1", "q-1-choices_en": "Rude\nToo slow", "q-1-choices_de": "Grob\nZu langsam"}
    root.send(edit, TERMS | said)
    assert [one["key"] for one in latest().questions[2]["choices"]] == ["rude", "too-slow"]


def test_the_preview_shows_what_is_typed_and_saves_nothing(root, edit):
    typed = TERMS | WHY | {"do": "preview", "language": "de"}
    page = root.send(edit, typed)
    preview = page.content.decode().split('id="preview"')[1]
    assert page.status_code == 200
    assert "Zu langsam" in preview
    assert "Sehr gut" in preview
    assert "(freiwillig)" in preview or "(optional)" in preview
    assert 'class="opens-1 "' in preview
    assert SurveyVersion.objects.count() == 1


def test_steps_add_and_remove_questions_and_conditions_without_scripts(root, edit):
    html = root.send(edit, TERMS | {"do": "add-question", "add": "one"}).content.decode()
    assert 'name="q-1-choices_de"' in html
    assert re.search(r'<select[^>]*name="q-1-put"[^>]*autofocus', html)
    html = root.send(edit, TERMS | WHY | {"do": "remove-q-1"}).content.decode()
    assert 'name="q-1-kind"' not in html
    html = root.send(edit, TERMS | {"do": "add", "condition": "tag"}).content.decode()
    assert 'name="c-0-values"' in html


def test_a_further_survey_is_for_its_tickets_and_not_in_use_at_first(root, cast, ticket, edit):
    said = TERMS | {"name": "Effort", "percent": "25", "remind_days": "3"}
    said |= {"c-0-field": "team", "c-0-operator": "is", "c-0-values": [str(ticket.team_id)]}
    assert root.send(f"{PATH}new/ces/", said).status_code == 303
    version = latest()
    assert (version.sampling, version.remind_after) == (Decimal("0.25"), timedelta(days=3))
    first = queries.definitions()[0]
    assert (first.name, first.is_active) == ("Effort", False)
    root.send(f"{PATH}{first.pk}/switch/", {"go": "on"}, page=PATH)
    actions.resolve(ticket, by=cast.mira)
    assert Survey.objects.get().kind == "ces"
    root.send(f"{PATH}{first.pk}/move/", {"go": "down"}, page=PATH)
    assert queries.definitions()[1].name == "Effort"
    assert root.send(f"{PATH}new/ces/", said).status_code == 422


def test_a_recommendation_has_a_cadence(root):
    page = root.get(f"{PATH}new/nps/").content.decode()
    assert 'name="every_days"' in page
    assert 'name="delay_hours"' not in page
    assert root.send(f"{PATH}new/nps/", TERMS | {"name": "NPS", "every_days": "120"}).status_code == 303
    assert latest().every == timedelta(days=120)
    assert root.get(f"{PATH}new/poem/").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_hours": "-1"},
        {"delay_hours": "soon"},
        {"open_days": "0"},
        {"rest_days": "9999"},
        {"percent": "0"},
        {"remind_days": "7"},
        {"window_from": "09:00"},
        {"q-1-kind": "one", "q-1-put": "all", "q-1-choices_en": "Only one"},
        {"c-0-field": "team", "c-0-operator": "is"},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_said_and_the_words_are_kept(root, edit, wrong):
    page = root.send(edit, TERMS | {"text_en": "How was it for you?"} | wrong)
    assert page.status_code == 422
    assert 'value="How was it for you?"' in page.content.decode()
    assert SurveyVersion.objects.count() == 1


def test_only_administrators_choose(mira):
    assert mira.get(PATH).status_code == 404
