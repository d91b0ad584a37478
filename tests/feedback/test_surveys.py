"""A resolution is asked about once, and answered as often as the person likes until it closes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from feedback import actions as feedback
from feedback import queries, tasks, tokens, words
from feedback.models import Answer, Survey, SurveyDefinition
from tests.cast import PersonFactory
from tests.surveyed import TUESDAY
from tickets import actions


def kinds(ticket) -> list[str]:
    return [e.kind for e in ticket.events.order_by("seq") if e.kind.startswith("survey.")]


def test_a_resolution_plans_one_survey(cast, planned):
    assert planned.state == Survey.State.SCHEDULED
    assert planned.person == cast.priya
    assert planned.resolver == cast.mira
    assert planned.send_at > planned.resolved_at
    assert kinds(planned.ticket) == ["survey.scheduled"]


def test_resolving_again_without_reopening_plans_nothing(cast, planned):
    actions.resolve(planned.ticket, by=cast.mira)
    assert planned.ticket.surveys.count() == 1


def test_one_resolution_can_never_have_two_surveys(planned):
    assert feedback.schedule(planned.resolution) is None
    planned.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        planned.save()


def test_reopening_before_sending_cancels(cast, planned):
    again = planned.resolved_at + timedelta(hours=1)
    actions.reply(planned.ticket, "Still missing.", by=cast.priya, channel="mail", at=again)
    planned.refresh_from_db()
    assert (planned.state, planned.reason) == (Survey.State.CANCELLED, Survey.Reason.REOPENED)
    assert feedback.invite(planned, at=planned.send_at).state == Survey.State.CANCELLED
    assert kinds(planned.ticket) == ["survey.scheduled", "survey.cancelled"]


def test_the_next_resolution_is_asked_about_by_itself(cast, planned):
    actions.reopen(planned.ticket, by=cast.mira)
    actions.resolve(planned.ticket, by=cast.mira)
    states = list(planned.ticket.surveys.order_by("pk").values_list("state", flat=True))
    assert states == [Survey.State.CANCELLED, Survey.State.SCHEDULED]


def test_reopening_after_sending_leaves_the_link_open(cast, sent):
    later = sent.invited_at + timedelta(hours=1)
    actions.reply(sent.ticket, "Still missing.", by=cast.priya, channel="mail", at=later)
    assert feedback.answer(sent, score=2, at=sent.invited_at).state == Survey.State.ANSWERED


def reason_of(ticket) -> str:
    survey = ticket.surveys.get()
    assert survey.state == Survey.State.SUPPRESSED
    return survey.reason


def test_nobody_is_asked_about_what_closed_by_itself(cast, ticket):
    actions.resolve(ticket, by=None)
    assert reason_of(ticket) == "automatic"
    assert kinds(ticket) == []


def test_one_of_us_is_not_asked(cast, open_ticket):
    ticket = open_ticket(requester=cast.gus, by=cast.mira)
    actions.resolve(ticket, by=cast.mira)
    assert reason_of(ticket) == "internal"


def test_who_has_no_usable_address_is_not_asked(cast, open_ticket):
    caller = PersonFactory(email=None)
    bounced = PersonFactory(undeliverable_at=timezone.now())
    for person in (caller, bounced):
        ticket = open_ticket(requester=person, by=cast.mira, channel="phone")
        actions.resolve(ticket, by=cast.mira)
        assert reason_of(ticket) == "no_address"


def test_a_robot_is_not_asked(cast, open_ticket):
    ticket = open_ticket(automatic=True)
    actions.resolve(ticket, by=cast.mira)
    assert reason_of(ticket) == "robot"


def test_the_customer_who_says_it_is_solved_is_asked(cast, ticket):
    actions.resolve(ticket, by=cast.priya)
    survey = ticket.surveys.get()
    assert (survey.state, survey.resolver) == (Survey.State.SCHEDULED, None)


def test_nothing_is_sent_before_its_time(planned):
    assert feedback.invite(planned, at=planned.send_at - timedelta(seconds=1)).state == Survey.State.SCHEDULED


def test_sending_opens_a_link_for_fourteen_days(sent):
    assert sent.state == Survey.State.INVITED
    assert sent.expires_at == sent.invited_at + timedelta(days=14)
    assert kinds(sent.ticket) == ["survey.scheduled", "survey.invited"]
    assert feedback.invite(sent, at=sent.send_at + timedelta(days=1)).invited_at == sent.invited_at


def test_credit_stays_with_those_who_did_the_work(cast, resolve):
    survey = resolve(assignee=cast.mira)
    survey = feedback.invite(survey, at=survey.send_at)
    actions.move(survey.ticket, cast.tech, by=cast.sue)
    actions.assign(survey.ticket, cast.gus, by=cast.gus)
    survey = feedback.answer(survey, score=5, at=survey.invited_at)
    assert (survey.agent, survey.assignee, survey.replier, survey.resolver, survey.team) == (
        cast.mira,
        cast.mira,
        cast.mira,
        cast.mira,
        cast.billing,
    )


def test_without_an_assignee_the_credit_is_the_last_repliers(cast, ticket):
    actions.reply(ticket, "First.", by=cast.mira, channel="desk")
    actions.reply(ticket, "Second.", by=cast.sue, channel="desk")
    actions.add_note(ticket, "Mine does not count.", by=cast.mira)
    actions.resolve(ticket, by=cast.mira)
    survey = ticket.surveys.get()
    survey = feedback.invite(survey, at=survey.send_at)
    assert (survey.assignee, survey.agent, survey.resolver) == (None, cast.sue, cast.mira)


def test_a_person_is_left_in_peace_for_thirty_days(resolve):
    first = resolve()
    feedback.invite(first, at=first.send_at)
    soon = resolve(at=TUESDAY + timedelta(days=20))
    late = resolve(at=TUESDAY + timedelta(days=40))
    assert feedback.invite(soon, at=soon.send_at).reason == Survey.Reason.COOL_DOWN
    assert feedback.invite(late, at=late.send_at).state == Survey.State.INVITED


def test_others_are_asked_meanwhile(cast, resolve):
    for person in (cast.priya, cast.paul):
        survey = resolve(requester=person)
        assert feedback.invite(survey, at=survey.send_at).state == Survey.State.INVITED


def test_the_last_answer_counts_and_every_change_is_kept(sent):
    feedback.answer(sent, score=4, comment="Fine.", at=sent.invited_at + timedelta(hours=1))
    survey = feedback.answer(sent, score=2, comment="", at=sent.invited_at + timedelta(hours=2))
    assert survey.answer.score == 2
    rows = list(survey.answers.order_by("pk").values_list("score", "comment", "latency"))
    assert rows == [(4, "Fine.", timedelta(hours=1)), (2, "", timedelta(hours=2))]
    assert kinds(sent.ticket)[2:] == ["survey.answered", "survey.answered"]


def test_the_same_answer_twice_is_one(sent):
    for _ in range(2):
        feedback.answer(sent, score=4, comment="Fine.", at=sent.invited_at)
    assert Answer.objects.count() == 1
    assert kinds(sent.ticket).count("survey.answered") == 1


@pytest.mark.parametrize("score", [0, 6, 5.5, "5", [5], True, None])
def test_a_score_off_the_scale_is_refused(sent, score):
    with pytest.raises(ValueError, match="Choose a number from 1 to 5"):
        feedback.answer(sent, score=score, at=sent.invited_at)
    assert not Answer.objects.exists()


def test_a_comment_has_a_limit(sent):
    limit = sent.version.comment_limit
    with pytest.raises(ValueError, match="1 character too long"):
        feedback.answer(sent, score=3, comment="x" * (limit + 1), at=sent.invited_at)
    assert feedback.answer(sent, score=3, comment="x" * limit, at=sent.invited_at).answer.score == 3


def test_after_its_time_no_answer_is_taken(sent):
    with pytest.raises(feedback.Closed):
        feedback.answer(sent, score=3, at=sent.expires_at)


def test_what_was_not_sent_takes_no_answer(planned):
    with pytest.raises(feedback.Closed):
        feedback.answer(planned, score=3)


def test_an_answer_can_be_changed_until_the_link_closes(sent):
    feedback.answer(sent, score=3, at=sent.invited_at)
    last = sent.expires_at - timedelta(seconds=1)
    assert feedback.answer(sent, score=5, at=last).answer.score == 5
    with pytest.raises(feedback.Closed):
        feedback.answer(sent, score=1, at=sent.expires_at)


def test_the_sweep_sends_what_is_due_and_later_closes_it(planned):
    assert tasks.invite_due() == 1
    assert tasks.invite_due() == 0
    planned.refresh_from_db()
    assert planned.state == Survey.State.INVITED
    Survey.objects.update(expires_at=timezone.now())
    assert tasks.expire_due() == 1
    assert tasks.expire_due() == 0
    planned.refresh_from_db()
    assert planned.state == Survey.State.EXPIRED
    assert kinds(planned.ticket) == ["survey.scheduled", "survey.invited", "survey.expired"]


def test_an_answered_survey_does_not_expire(sent):
    feedback.answer(sent, score=3, at=sent.invited_at)
    assert feedback.expire(sent, at=sent.expires_at).state == Survey.State.ANSWERED


def test_the_mail_says_what_is_asked_and_links_each_rating(cast, sent):
    actions.prove_address(cast.priya)
    mail = queries.invitation(sent.pk)
    assert mail["reference"] == sent.ticket.reference
    assert mail["question"] == "How was our help with “Refund missing”?"
    assert (mail["choices"][0].value, mail["choices"][0].word) == (1, "Very poor")
    token = mail["path"].split("/")[2]
    assert all(c.path == f"/survey/{token}/?score={c.value}" for c in mail["choices"])
    assert queries.survey_by_token(token) == sent
    assert mail["expires_at"] == sent.expires_at


def test_the_mail_to_an_unproven_address_repeats_nothing_of_the_ticket(sent):
    mail = queries.invitation(sent.pk)
    assert (mail["subject"], mail["question"]) == ("", "How was our help?")


def test_nothing_is_left_to_mail_once_it_is_answered(sent, planned):
    feedback.answer(sent, score=3, at=sent.invited_at)
    assert queries.invitation(sent.pk) is None
    assert queries.invitation(0) is None


def test_a_token_says_nothing_about_other_surveys(resolve, cast):
    first, second = resolve(), resolve(requester=cast.paul)
    one, two = tokens.new_token(first.pk), tokens.new_token(second.pk)
    assert len(one) == 26
    assert one != two


def test_a_link_goes_on_working_when_the_key_is_replaced(sent, settings):
    old = settings.SECRET_KEY
    path = queries.invitation(sent.pk)["path"]
    with override_settings(SECRET_KEY="another " * 8, SECRET_KEY_FALLBACKS=[old]):
        assert queries.invitation(sent.pk)["path"] == path
        assert queries.survey_by_token(path.split("/")[2]) == sent
    with override_settings(SECRET_KEY="another " * 8, SECRET_KEY_FALLBACKS=[]):
        assert queries.invitation(sent.pk) is None
        assert queries.survey_by_token(path.split("/")[2]) == sent


def test_a_changed_definition_leaves_what_is_out_as_it_was(cast, planned):
    definition = planned.version.definition
    version = feedback.change_survey(definition, by=cast.root, delay=timedelta(0), open_for=timedelta(days=7))
    assert (planned.version.number, version.number) == (1, 2)
    assert feedback.change_survey(definition, by=cast.root, delay=timedelta(0)) == version
    assert feedback.version_to_send() == version


def test_without_an_active_definition_nobody_is_asked(cast, ticket):
    feedback.install_standard_survey()
    SurveyDefinition.objects.update(is_active=False)
    actions.resolve(ticket, by=cast.mira)
    assert not Survey.objects.exists()


def test_the_standard_survey_is_installed_once(db):
    assert feedback.install_standard_survey() == feedback.install_standard_survey()
    version = feedback.version_to_send()
    assert version.scale == (1, 5)
    assert [choice.word for choice in words.choices(version)][-1] == "Very good"
