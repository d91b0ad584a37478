"""Customers who stay silent are reminded once, then their tickets are resolved; any word ends it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from followup import actions as followup
from followup import queries, tasks
from followup.models import FollowUp
from followup.silence import working_days_after, working_days_between
from helpdesk.models import Delivery
from sla.calendar import compile_calendar
from tests.cast import PersonFactory
from tests.followup.conftest import DAY, TUESDAY, due, rows, send
from tickets import actions
from tickets.events import record

WEEKDAYS = compile_calendar(
    {
        "timezone": "Europe/Berlin",
        "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": ["2030-11-11"],
    }
)


def test_working_days_are_dates_with_working_time():
    friday = TUESDAY + 3 * DAY
    assert working_days_after(WEEKDAYS, friday, 1) == friday + 4 * DAY  # Monday is a holiday
    evening = TUESDAY.replace(hour=20)
    assert working_days_after(WEEKDAYS, evening, 1) == TUESDAY.replace(hour=8) + 2 * DAY
    assert working_days_between(WEEKDAYS, friday, friday + 4 * DAY) == 1
    assert working_days_between(WEEKDAYS, TUESDAY, TUESDAY.replace(hour=22)) == 0


def test_a_silent_customer_is_reminded_and_then_the_ticket_is_resolved(cast, switch, wait):
    switch("waiting", "silence")
    ticket = wait()
    assert due("waiting").due_at == TUESDAY + 3 * DAY
    reminded = send("waiting")
    assert followup.send(reminded, at=reminded.sent_at + DAY) == reminded
    assert due("silence").due_at == TUESDAY + 8 * DAY
    send("silence")
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    resolution = ticket.events.get(kind="ticket.resolved")
    assert (resolution.actor, resolution.data["silent_days"]) == (None, 8)
    assert ticket.surveys.get().reason == "automatic"
    mails = Delivery.objects.filter(recipient=cast.priya, template__startswith="followup.").order_by("pk")
    assert [mail.template for mail in mails] == ["followup.waiting", "followup.silence"]


@pytest.mark.parametrize(
    "end",
    [
        lambda c, t, at: actions.reply(t, "It is 12.", by=c.priya, channel="mail", at=at),
        lambda c, t, at: actions.reply(
            t, "She said 12.", by=c.priya, channel="phone", as_customer=True, at=at
        ),
        lambda c, t, at: actions.put_on_hold(t, by=c.mira, at=at),
        lambda c, t, at: actions.resolve(t, by=c.mira, at=at),
        lambda c, t, at: actions.mark_spam(t, by=c.mira, at=at),
        lambda c, t, at: actions.snooze(t, until=at + 9 * DAY, by=c.mira, at=at),
    ],
    ids=["mail", "phone", "on hold", "resolved", "spam", "snoozed"],
)
def test_what_ends_the_silence_ends_the_reminder(cast, switch, wait, end):
    switch("waiting", "silence")
    ticket = wait()
    row = due("waiting")
    end(cast, ticket, TUESDAY + DAY)
    assert rows() == [("waiting", "cancelled", "overtaken")]
    assert followup.send(row, at=TUESDAY + 9 * DAY).state == "cancelled"


def test_the_silence_begins_anew_with_our_next_word_and_comes_back_when_that_is_taken_back(
    cast, switch, wait
):
    switch("waiting")
    ticket = wait()
    hold = timedelta(minutes=5)
    said = actions.reply(ticket, "Or the name?", by=cast.mira, channel="desk", hold=hold, at=TUESDAY + DAY)
    assert due("waiting").due_at == TUESDAY + 4 * DAY
    actions.withdraw(said, by=cast.mira, at=TUESDAY + DAY + timedelta(minutes=1))
    assert due("waiting").due_at == TUESDAY + 3 * DAY
    actions.snooze(ticket, until=TUESDAY + 6 * DAY, by=cast.mira, at=TUESDAY + 2 * DAY)
    assert not FollowUp.objects.filter(state="planned").exists()
    actions.unsnooze(ticket, by=cast.mira, at=TUESDAY + 5 * DAY)
    assert due("waiting").due_at == TUESDAY + 8 * DAY


def test_words_that_did_not_arrive_ask_for_no_answer(cast, switch, wait):
    switch("waiting")
    ticket = wait()
    row = Delivery.objects.get(template="ticket.replied")
    data = {"message": row.message_id, "delivery": row.pk}
    record("delivery.failed", ticket=ticket, subject=row, at=TUESDAY + DAY, data=data)
    assert rows() == [("waiting", "cancelled", "overtaken")]
    record("delivery.recovered", ticket=ticket, subject=row, at=TUESDAY + 2 * DAY, data=data)
    assert due("waiting").due_at == TUESDAY + 5 * DAY


def test_mail_that_waits_to_be_judged_may_be_the_answer(cast, switch, wait):
    switch("waiting")
    ticket = wait()
    held = actions.hold_message(ticket, "It is 12.", author=cast.bob, at=TUESDAY + DAY)
    assert rows() == [("waiting", "cancelled", "overtaken")]
    actions.dismiss_message(held, by=cast.mira, at=TUESDAY + 2 * DAY)
    assert due("waiting").due_at == TUESDAY + 5 * DAY
    newer = wait(at=TUESDAY + 3 * DAY)
    actions.merge(newer, into=ticket, by=cast.mira, at=TUESDAY + 3 * DAY)
    assert not FollowUp.objects.filter(state="planned").exists()


def test_nobody_is_reminded_of_a_question_that_nobody_asked(cast, switch, open_ticket):
    switch("waiting")
    at = timezone.now() - 9 * DAY
    ticket = open_ticket(at=at)
    actions.set_waiting(ticket, by=cast.mira, at=at)
    assert rows() == []
    actions.reply(ticket, "Which account?", by=cast.mira, channel="desk", at=at + DAY)
    assert due("waiting").since == at + DAY
    actions.change_requester(ticket, cast.paul, by=cast.mira, at=at + 2 * DAY)
    assert rows() == [("waiting", "cancelled", "overtaken")]


def test_planning_again_from_the_events_changes_nothing(cast, switch, wait):
    switch("waiting", "silence")
    tickets = [wait(), wait(at=TUESDAY + DAY)]
    before = list(FollowUp.objects.order_by("pk").values())
    followup.follow_silences(tickets)
    followup.follow_silences(tickets[::-1])
    assert list(FollowUp.objects.order_by("pk").values()) == before
    FollowUp.objects.all().delete()
    followup.follow_silences(tickets)
    again = list(FollowUp.objects.order_by("pk").values())
    assert [row | {"id": 0} for row in again] == [row | {"id": 0} for row in before]


def test_a_rule_holds_for_what_begins_after_it_was_switched_on_and_stops_what_it_planned(cast, switch, wait):
    wait()
    switch("waiting", at=TUESDAY + timedelta(hours=1))
    assert rows() == []
    wait(at=TUESDAY + DAY)
    row = due("waiting")
    switch("waiting", on=False, at=TUESDAY + 2 * DAY)
    assert followup.send(row, at=row.due_at).reason == "off"


def test_only_customers_whom_mail_reaches_are_reminded(cast, switch, wait):
    switch("waiting", "silence")
    wait(requester=PersonFactory(email=None), by=cast.mira, channel="phone")
    wait(requester=cast.gus, by=cast.mira)
    assert rows() == []
    wait()
    cast.priya.undeliverable_at = TUESDAY
    cast.priya.save()
    assert send("waiting").reason == "no_address"


def test_a_reminder_waits_for_the_window_of_its_reader_and_for_the_budget(cast, switch, wait):
    switch("waiting", at_most=1, within_days=2)
    cast.priya.time_zone = "America/Los_Angeles"
    cast.priya.save()
    wait()
    morning = (TUESDAY + 3 * DAY).astimezone(ZoneInfo("America/Los_Angeles")).replace(hour=8, minute=0)
    assert due("waiting").due_at == morning
    second = wait(at=TUESDAY + timedelta(hours=1))
    first, other = FollowUp.objects.order_by("pk")
    followup.send(first, at=morning)
    later = followup.send(other, at=morning + timedelta(hours=1))
    assert (later.state, later.due_at) == ("planned", morning + 2 * DAY)
    assert followup.send(later, at=later.due_at).state == "sent"
    assert second.events.filter(kind="followup.sent").count() == 1


def test_another_team_has_other_rules(cast, switch, wait):
    switch("waiting")
    ticket = wait()
    actions.move(ticket, cast.tech, by=cast.sue, at=TUESDAY + DAY)
    assert rows() == [("waiting", "cancelled", "overtaken")]
    actions.move(ticket, cast.billing, by=cast.gus, at=TUESDAY + DAY)
    assert due("waiting").due_at == TUESDAY + 3 * DAY


def test_a_deleted_ticket_reminds_nobody(cast, switch, wait):
    switch("waiting")
    ticket = wait(at=timezone.now() - DAY)
    actions.delete(ticket, by=cast.root)
    assert not queries.due(TUESDAY + 9 * DAY).exists()
    assert tasks.send_due() == 0
