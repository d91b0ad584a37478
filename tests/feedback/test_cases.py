"""Recovery cases: what opens one, who owns it, until when the customer hears from us, and how it ends."""

from datetime import timedelta

import pytest

from feedback import access as cases
from feedback import actions as feedback
from feedback.models import Cause, Recovery
from feedback.queries import cause_names
from sla.clockwork import differences, rebuild
from sla.models import Clock, TicketDue, Verdict
from sla.queries import clocks_of, ledger_of_recovery
from sla.tasks import sweep
from tests.helpdesk.reports.conftest import measure_all
from tickets import actions
from tickets.actions import NotAllowed

HOUR = timedelta(hours=1)


@pytest.fixture
def low(sent) -> Recovery:
    feedback.answer(sent, score=1, comment="It took two weeks.", at=sent.invited_at + HOUR)
    return Recovery.objects.get(survey=sent)


def clock_of(case: Recovery) -> Clock:
    return Clock.objects.get(ticket=case.ticket, metric="recovery_contact", instance=case.instance)


def test_a_low_score_opens_a_case_for_a_supervisor_of_the_team_with_a_clock_of_one_working_day(low, cast):
    assert (low.why, low.rated, low.owner) == ("low_score", cast.mira, cast.sue)
    clock = clock_of(low)
    assert (clock.state, clock.started_at, clock.target) == ("running", low.opened_at, timedelta(hours=8))
    told = ledger_of_recovery(low.ticket, low.instance, low.opened_at + HOUR)
    assert told is not None
    assert [line.kind for line in told.stretches][-1] in ("counted", "closed")
    # It is told beside the promises of the ticket, which owes nothing any more.
    assert "recovery_contact" not in [each.metric for each in clocks_of(low.ticket)]
    assert not TicketDue.objects.filter(ticket=low.ticket).exists()
    assert not list(differences([low.ticket_id]))


def test_a_changed_answer_closes_a_case_that_nobody_touched_and_opens_it_again(low, sent):
    at = low.opened_at + HOUR
    feedback.answer(sent, score=5, at=at)
    low.refresh_from_db()
    assert (low.reason, low.closed_at, clock_of(low).state) == ("changed", at, "cancelled")
    feedback.answer(sent, score=2, at=at + HOUR)
    low.refresh_from_db()
    assert (low.is_open, low.reason, low.instance, clock_of(low).state) == (True, "", 2, "running")
    assert Recovery.objects.count() == 1
    assert not list(differences([low.ticket_id]))


def test_a_touched_case_stays_though_the_answer_changes(low, sent, cast):
    feedback.contact(low, "phone", by=cast.sue, at=low.opened_at + HOUR)
    feedback.answer(sent, score=5, at=low.opened_at + 2 * HOUR)
    low.refresh_from_db()
    assert low.is_open


def test_contact_stops_the_clock_until_the_reply_is_taken_back(low, cast):
    at = low.opened_at + HOUR
    message = feedback.answer_customer(low, "We are sorry.", by=cast.sue, hold=timedelta(minutes=1), at=at)
    low.refresh_from_db()
    clock = clock_of(low)
    assert (low.contacted_at, low.how, clock.state, clock.stopped_by) == (at, "reply", "fulfilled", cast.sue)
    actions.withdraw(message, by=cast.sue, at=at + timedelta(seconds=10))
    low.refresh_from_db()
    assert (low.contacted_at, clock_of(low).state) == (None, "running")
    feedback.contact(low, "phone", by=cast.sue, at=at + HOUR)
    measure_all()
    done = clock_of(low)
    assert (done.measurement.verdict, done.measurement.agent) == (Verdict.MET, cast.sue)
    assert not list(differences([low.ticket_id]))
    before = clock_of(low).due_at
    rebuild([low.ticket_id])
    assert clock_of(low).due_at == before


def test_nobody_in_time_is_a_breach_of_which_the_owner_hears(low, cast):
    due_at = clock_of(low).due_at
    sweep(now=due_at + HOUR)
    assert clock_of(low).breached_at == due_at
    assert not list(differences([low.ticket_id]))


def test_the_rated_agent_neither_owns_nor_sees_nor_handles_the_case(low, cast):
    for act in (
        lambda: feedback.assign_case(low, cast.mira, by=cast.sue),
        lambda: feedback.assign_case(low, cast.gus, by=cast.sue),  # of another team
        lambda: feedback.contact(low, "phone", by=cast.mira),
        lambda: feedback.close_case(low, "no_action", by=cast.mira),
        lambda: feedback.assign_case(low, cast.root, by=cast.mira),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not cases.cases_visible_to(cast.mira).exists()
    cast.gus.teams.add(cast.billing)
    gus = type(cast.gus).objects.get(pk=cast.gus.pk)  # whose teams were not asked yet
    feedback.assign_case(low, gus, by=cast.sue)
    assert cases.cases_visible_to(gus).get() == low
    assert cases.cases_visible_to(cast.root).get() == low


def test_an_outcome_needs_a_cause_and_a_contact_and_asks_again_once_past_the_cool_down(low, cast):
    with pytest.raises(ValueError, match="what went wrong"):
        feedback.close_case(low, "recovered", by=cast.sue)
    with pytest.raises(ValueError, match="how you were in contact"):
        feedback.close_case(low, "recovered", by=cast.sue, root_cause="wait")
    for gone in ("nonsense", "wait ", "c1"):
        with pytest.raises(ValueError, match="not offered"):
            feedback.close_case(low, "recovered", by=cast.sue, root_cause=gone, how="phone")
    with pytest.raises(NotAllowed, match="outcome first"):
        feedback.ask_again(low, by=cast.sue)
    at = low.opened_at + HOUR
    closed = feedback.close_case(low, "recovered", by=cast.sue, root_cause="wait", how="phone", at=at)
    assert (closed.outcome, closed.contacted_by, clock_of(low).state) == ("recovered", cast.sue, "fulfilled")
    feedback.edit_cause(Cause.objects.get(code="wait"), words={"en": "Too slow"}, is_active=False, by=None)
    closed.refresh_from_db()
    assert (closed.root_cause, cause_names()["wait"], "wait" in cause_names(offered=True)) == (
        "wait",
        "Too slow",
        False,
    )
    again = feedback.ask_again(closed, by=cast.sue, at=at)
    assert feedback.ask_again(closed, by=cast.sue, at=at) == again
    invited = feedback.invite(again, at=again.send_at)
    assert invited is not None
    assert (invited.state, invited.agent) == ("invited", None)
    feedback.answer(invited, score=2, at=invited.invited_at)
    assert Recovery.objects.count() == 1
    assert again.ticket.events.filter(kind="case.asked_again").count() == 1


def test_a_comment_is_flagged_by_a_supervisor_once(sent, cast):
    feedback.answer(sent, score=4, comment="But your form is awful.", at=sent.invited_at)
    with pytest.raises(NotAllowed):
        feedback.open_case(sent, by=cast.mira)
    case = feedback.open_case(sent, by=cast.sue)
    assert (case.why, case.owner, case.opened_by) == ("comment", cast.sue, cast.sue)
    assert feedback.open_case(sent, by=cast.root) == case
    actions.mark_spam(case.ticket, by=cast.sue)
    case.refresh_from_db()
    assert case.reason == "spam"
    assert not list(differences([case.ticket_id]))


def test_a_detractor_is_answered_on_their_latest_ticket(cast, planned):
    questions = [{"key": "rating", "kind": "nps"}]
    made = feedback.create_survey("NPS", "nps", by=cast.root, questions=questions)
    feedback.switch_survey(made, True, by=cast.root)
    actions.reopen(planned.ticket, by=cast.mira)
    actions.resolve(planned.ticket, by=cast.mira)
    cadence = cast.priya.cadences.get()
    asked = feedback.plan_round(cadence, at=cadence.due_at)
    assert asked is not None
    sent = feedback.invite(asked, at=asked.send_at)
    assert sent is not None
    feedback.answer(sent, score=6, at=sent.invited_at)
    case = Recovery.objects.get(survey=asked)
    assert (case.ticket, case.rated) == (planned.ticket, None)
    feedback.answer(sent, score=7, at=sent.invited_at)
    case.refresh_from_db()
    assert case.reason == "changed"
