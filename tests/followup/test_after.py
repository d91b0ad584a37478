"""Mail after an answer and after a resolution: once, and never where somebody has spoken for themselves."""

from datetime import timedelta

import pytest

from feedback import actions as feedback
from feedback.models import Cadence, Recovery, SurveyVersion
from followup import actions as followup
from followup.models import FollowUp
from helpdesk.mail import compose
from helpdesk.models import Delivery
from tests.followup.conftest import DAY, TUESDAY, due, rows, send
from tickets import actions

HOUR = timedelta(hours=1)


@pytest.fixture
def asked(resolve):
    """A survey about a resolution that was sent."""
    survey = resolve(at=TUESDAY, assignee=None)
    return feedback.invite(survey, at=survey.send_at)


def answer(survey, score, after=HOUR):
    return feedback.answer(survey, score=score, at=survey.invited_at + after)


def test_a_good_score_is_thanked_for_once_and_a_low_one_regretted_by_a_person(cast, switch, asked):
    switch("thanks", "sorry")
    answer(asked, 5)
    answer(asked, 4, 2 * HOUR)
    assert rows() == [("thanks", "planned", "")]
    answer(asked, 2, 3 * HOUR)
    assert rows() == [("thanks", "cancelled", "overtaken"), ("sorry", "planned", "")]
    said = send("sorry")
    assert said.author == Recovery.objects.get().owner == cast.sue  # never who was rated
    answer(asked, 1, 4 * HOUR)
    answer(asked, 5, 30 * HOUR)
    send("thanks")
    assert rows() == [("thanks", "sent", ""), ("sorry", "sent", "")]
    mails = Delivery.objects.filter(template__startswith="followup.").order_by("pk")
    assert [(mail.template, mail.recipient) for mail in mails] == [
        ("followup.sorry", cast.priya),
        ("followup.thanks", cast.priya),
    ]


def test_nobody_says_sorry_by_rule_after_somebody_was_in_contact(cast, switch, asked):
    switch("sorry")
    answer(asked, 1)
    feedback.contact(Recovery.objects.get(), "phone", by=cast.sue, at=asked.invited_at + HOUR)
    assert send("sorry").reason == "contacted"


def test_budget_and_wish_keep_mail_from_a_person(cast, switch, resolve):
    switch("thanks", within_days=3)
    first, second = resolve(at=TUESDAY), resolve(at=TUESDAY + DAY)
    feedback.answer(feedback.invite(first, at=first.send_at), score=5, at=first.send_at)
    send("thanks")

    SurveyVersion.objects.update(cool_down=timedelta(0))
    second = feedback.invite(second, at=second.send_at)
    feedback.answer(second, score=5, at=second.send_at)
    assert send("thanks").reason == "budget"


def test_a_customer_is_asked_whether_it_stayed_solved_and_no_opens_the_ticket(cast, switch, resolve):
    switch("fixed")
    survey = resolve(at=TUESDAY)
    ticket = survey.ticket
    row = due("fixed")
    assert row.due_at == survey.resolved_at + 7 * DAY
    row = send("fixed")
    assert row.token_hash
    assert row.expires_at == row.sent_at + 14 * DAY
    followup.answer(row, stayed=True, at=row.sent_at + HOUR)
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    for _twice in range(2):
        followup.answer(row, stayed=False, words="The same error.", at=row.sent_at + 13 * DAY)
    ticket.refresh_from_db()
    assert ticket.status == "open"  # though the days in which a word reopens it are over
    said = ticket.messages.order_by("pk").last()
    assert (said.text, said.by) == ("It did not stay solved.\n\nThe same error.", "customer")
    kinds = [event.kind for event in ticket.events.filter(kind__startswith="followup.").order_by("seq")]
    assert kinds == ["followup.sent", "followup.answered", "followup.answered"]
    with pytest.raises(followup.Closed):
        followup.answer(row, stayed=True, at=row.expires_at)


@pytest.mark.parametrize("end", ["reopened", "automatic", "case", "declined", "off"])
def test_whom_nobody_asks_whether_it_stayed_solved(cast, switch, resolve, open_ticket, end):
    switch("fixed")
    if end == "automatic":
        ticket = open_ticket(at=TUESDAY)
        actions.resolve(ticket, by=None, at=TUESDAY)
        assert rows() == []
        return
    survey = resolve(at=TUESDAY)
    row = due("fixed")
    if end == "reopened":
        actions.reply(survey.ticket, "Again.", by=cast.priya, channel="mail", at=row.due_at - DAY)
    elif end == "case":
        invited = feedback.invite(survey, at=survey.send_at)
        answer(invited, 1)
    elif end == "declined":
        feedback.decline(survey)
    else:
        switch("fixed", on=False)
    followup.send(row, at=row.due_at)
    reason = {"reopened": "overtaken", "declined": "declined"}.get(end, end)
    assert FollowUp.objects.get().reason == reason


def test_the_question_keeps_a_day_away_from_a_survey(cast, switch, resolve):
    switch("fixed", after=1)
    survey = resolve(at=TUESDAY)
    feedback.invite(survey, at=due("fixed").due_at - HOUR)
    row = send("fixed")
    assert (row.state, row.due_at) == ("planned", TUESDAY + 2 * DAY)


def test_a_promoter_is_thanked_though_no_ticket_is_meant(cast, switch, resolve):
    switch("thanks")
    feedback.install_standard_survey()
    nps = feedback.create_survey("NPS", "nps", by=None, questions=[{"key": "rating", "kind": "nps"}])
    feedback.switch_survey(nps, True, by=None)
    resolve(at=TUESDAY)
    cadence = Cadence.objects.get()
    survey = feedback.plan_round(cadence, at=cadence.due_at)
    survey = feedback.invite(survey, at=survey.send_at)
    feedback.answer(survey, score=10, at=survey.invited_at)
    assert send("thanks").ticket is None
    written = compose.write(Delivery.objects.get(template="followup.thanks"))
    assert b"Thank you for telling us" in written.content
