"""Several surveys in use: which one is put, to a sample of whom, at which hour, again, and once."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from feedback import actions as feedback
from feedback import queries
from feedback.models import AnswerItem, Cadence, Survey
from tests.surveyed import TUESDAY
from tickets import actions
from tickets.actions import NotAllowed

DAY = timedelta(days=1)
WHY = {
    "key": "why",
    "kind": "many",
    "choices": [{"key": "slow", "texts": {"en": "Too slow"}}, {"key": "rude", "texts": {"en": "Unfriendly"}}],
    "when": {"key": "rating", "low": 1, "high": 3},
}
EFFORT = [{"key": "rating", "kind": "ces"}, WHY, {"key": "comment", "kind": "text", "limit": 500}]
RECOMMEND = [{"key": "rating", "kind": "nps"}, {"key": "comment", "kind": "text", "limit": 500}]


@pytest.fixture
def made(cast):
    """Make a survey that is in use."""

    def _made(kind: str, questions: list, **terms: object):
        definition = feedback.create_survey(kind.upper(), kind, by=cast.root, questions=questions, **terms)
        return feedback.switch_survey(definition, True, by=cast.root)

    feedback.install_standard_survey()
    return _made


def test_the_first_survey_whose_conditions_hold_is_put(cast, made, resolve):
    made("ces", EFFORT, conditions=[{"field": "tag", "operator": "is", "values": ["refund"]}])
    plain = resolve()
    assert (plain.kind, plain.version.definition.name) == ("csat", "Standard")
    ticket = resolve(requester=cast.paul).ticket
    actions.reopen(ticket, by=cast.mira)
    actions.tag(ticket, "refund", by=cast.mira)
    actions.resolve(ticket, by=cast.mira)
    assert ticket.surveys.latest("pk").kind == "ces"


def test_answers_are_kept_question_by_question(cast, made, resolve):
    made("ces", EFFORT, conditions=[{"field": "team", "operator": "is", "values": [cast.billing.pk]}])
    sent = feedback.invite(resolve(), at=TUESDAY + 9 * DAY)
    at = sent.invited_at
    low = feedback.answer(sent, score=2, comment="So many forms", given={"why": ["rude", "slow"]}, at=at)
    assert low.is_low
    assert list(queries.low_scores()) == [low]
    assert queries.credited_with_low_score(low.pk) == cast.mira
    rows = AnswerItem.objects.filter(answer=low.answer).order_by("pk")
    assert list(rows.values_list("key", "number", "choice", "text")) == [
        ("rating", 2, "", ""),
        ("why", None, "slow", ""),
        ("why", None, "rude", ""),
        ("comment", None, "", "So many forms"),
    ]
    feedback.answer(sent, score=2, comment="So many forms", given={"why": ["slow", "rude"]}, at=at)
    assert sent.answers.count() == 1
    better = feedback.answer(sent, score=7, given={"why": ["rude"]}, at=at)
    assert [row.key for row in better.answer.items.all()] == ["rating"]
    assert sent.answers.count() == 2
    assert not queries.low_scores().exists()


def test_a_changed_definition_leaves_answers_with_the_version_that_asked(cast, made, resolve):
    definition = made("ces", EFFORT, conditions=[{"field": "channel", "operator": "is", "values": ["mail"]}])
    sent = feedback.invite(resolve(), at=TUESDAY + 9 * DAY)
    feedback.change_survey(definition, by=cast.root, questions=[EFFORT[0]])
    answered = feedback.answer(sent, score=3, given={"why": ["slow"]}, at=sent.invited_at)
    assert answered.version.number == 1
    assert answered.answer.items.filter(key="why").exists()


def test_the_sample_is_drawn_once_and_its_probability_noted(cast, made, resolve):
    feedback.change_survey(feedback.install_standard_survey(), by=None, sampling=Decimal("0.5"))
    drawn = [resolve(at=TUESDAY + n * DAY) for n in range(24)]
    assert {survey.probability for survey in drawn} == {Decimal("0.5")}
    reasons = [survey.reason for survey in drawn]
    assert 3 <= reasons.count("not_drawn") <= 21
    assert set(reasons) == {"", "not_drawn"}


def test_mail_leaves_within_the_customers_window(cast, resolve):
    cast.priya.time_zone = "Asia/Kolkata"
    cast.priya.save()
    standard = feedback.install_standard_survey()
    feedback.change_survey(standard, by=None, window_from=time(9), window_to=time(17))
    survey = resolve(at=datetime(2026, 11, 3, 10, tzinfo=UTC))  # due 15:00, 20:30 there
    assert survey.send_at == datetime(2026, 11, 4, 3, 30, tzinfo=UTC)
    late = feedback.invite(survey, at=datetime(2026, 11, 4, 12, tzinfo=UTC))  # 17:30 there
    assert (late.state, late.send_at) == ("scheduled", datetime(2026, 11, 5, 3, 30, tzinfo=UTC))
    assert feedback.invite(late, at=late.send_at).state == "invited"


@pytest.fixture
def reminding(made, resolve):
    feedback.change_survey(feedback.install_standard_survey(), by=None, remind_after=5 * DAY)
    planned = resolve()
    return feedback.invite(planned, at=planned.send_at)


def reminders(survey) -> int:
    return survey.ticket.events.filter(kind="survey.reminded").count()


def test_somebody_who_does_not_answer_is_reminded_once(reminding):
    assert reminding.remind_at == reminding.invited_at + 5 * DAY
    for days in (4, 5, 6, 7):
        feedback.remind(reminding, at=reminding.invited_at + days * DAY)
        assert reminders(reminding) == (days > 4)
    assert not queries.due_to_remind(reminding.invited_at + 13 * DAY).exists()


def test_nobody_is_reminded_after_an_answer_or_a_reopening(cast, reminding):
    feedback.answer(reminding, score=4, at=reminding.invited_at)
    feedback.remind(reminding, at=reminding.invited_at + 6 * DAY)
    assert reminders(reminding) == 0
    Survey.objects.update(state="invited", remind_at=reminding.remind_at)
    actions.reopen(reminding.ticket, by=cast.mira)
    assert not queries.due_to_remind(reminding.invited_at + 13 * DAY).exists()


def test_a_merged_ticket_is_not_asked_about(cast, resolve, open_ticket):
    older = open_ticket(at=TUESDAY - DAY)
    survey = resolve()
    actions.merge(survey.ticket, into=older, by=cast.mira)
    survey.refresh_from_db()
    assert (survey.state, survey.reason) == ("cancelled", "merged")


# --- on a cadence -------------------------------------------------------------------------------------


@pytest.fixture
def cadence(cast, made, resolve):
    """Priya's, whose first request was resolved on Tuesday."""
    made("nps", RECOMMEND, every=90 * DAY, cool_down=30 * DAY)
    first = resolve()
    assert first.kind == "csat"
    return Cadence.objects.get()


def test_a_customer_is_asked_on_a_cadence_and_not_per_ticket(cast, cadence, resolve):
    assert TUESDAY <= cadence.due_at <= TUESDAY + 91 * DAY
    resolve(at=TUESDAY + DAY)
    assert Cadence.objects.get() == cadence
    due_at = cadence.due_at
    survey = feedback.plan_round(cadence, at=due_at)
    assert (survey.kind, survey.ticket, survey.round, survey.person) == ("nps", None, 1, cast.priya)
    assert feedback.plan_round(cadence, at=due_at) is None
    assert not queries.due_rounds(due_at + 89 * DAY).exists()
    assert feedback.invite(survey, at=due_at).state == "invited"
    answered = feedback.answer(survey, score=0, at=due_at)
    assert (answered.agent, answered.is_low) == (None, True)
    again = feedback.plan_round(cadence, at=due_at + 90 * DAY)
    assert again.round == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Survey.objects.filter(pk=again.pk).update(round=1)


def test_a_round_waits_for_the_end_of_the_cool_down(cast, cadence, resolve):
    other = Survey.objects.get()
    asked = feedback.invite(other, at=cadence.due_at - 10 * DAY) if other.send_at < cadence.due_at else None
    if asked is None or asked.state != "invited":
        Survey.objects.filter(pk=other.pk).update(
            state="invited", invited_at=cadence.due_at - 10 * DAY, expires_at=cadence.due_at
        )
    assert feedback.plan_round(cadence, at=cadence.due_at) is None
    put_off = Cadence.objects.get()
    assert put_off.due_at == cadence.due_at + 20 * DAY
    survey = feedback.plan_round(put_off, at=put_off.due_at)
    Survey.objects.filter(pk=other.pk).update(invited_at=put_off.due_at - DAY)
    waiting = feedback.invite(survey, at=put_off.due_at)
    assert (waiting.state, waiting.send_at) == ("scheduled", put_off.due_at + 29 * DAY)


def test_who_has_been_silent_for_a_year_is_asked_after_the_next_resolution(cast, cadence, resolve):
    long_after = TUESDAY + 400 * DAY
    assert feedback.plan_round(cadence, at=long_after) is None
    assert Cadence.objects.get().due_at is None
    resolve(at=long_after + DAY)
    assert Cadence.objects.get().due_at >= long_after + DAY


# --- setting it up ------------------------------------------------------------------------------------


def test_only_administrators_set_surveys_up(cast, made):
    with pytest.raises(NotAllowed):
        feedback.create_survey("X", "csat", by=cast.mira, questions=[{"key": "rating", "kind": "csat"}])


@pytest.mark.parametrize(
    "terms",
    [
        {"sampling": Decimal(0)},
        {"sampling": Decimal("1.1")},
        {"every": DAY},
        {"window_from": time(9)},
        {"window_from": time(17), "window_to": time(9)},
        {"remind_after": -DAY},
        {"questions": []},
        {"conditions": [{"field": "team"}]},
    ],
)
def test_terms_that_make_no_sense_are_refused(made, terms):
    with pytest.raises(ValueError, match=r"\."):
        feedback.change_survey(feedback.install_standard_survey(), by=None, **terms)


def test_the_order_of_surveys_can_be_changed(cast, made):
    made("ces", EFFORT)
    _first, second = queries.definitions()
    feedback.move_survey(second, by=cast.root, up=True)
    assert [one.name for one in queries.definitions()] == ["CES", "Standard"]
    feedback.move_survey(second, by=cast.root, up=True)
    assert feedback.version_to_send().definition == second
