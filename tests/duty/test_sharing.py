"""Sharing out a team's tickets."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from duty import actions as duty
from duty import tasks
from duty.models import Arrival, Duty, Turn
from helpdesk.desk.changes import names_in, words_for
from sla.actions import create_calendar, install_defaults
from tests.cast import PersonFactory
from tickets import actions
from tickets.models import Event, Role, Ticket

NEVER_OPEN = {"timezone": "UTC", "hours": {}, "date_hours": {"2020-01-01": [["09:00", "10:00"]]}}


@pytest.fixture
def team(cast):
    """Billing, with three agents and no supervisor."""
    actions.set_teams(cast.sue, [], by=None)
    people = [cast.mira, *(PersonFactory(role=Role.AGENT, teams=[cast.billing]) for _turn in range(2))]
    duty.set_sharing(cast.billing, mode="in_turn", by=None)
    return people


def share_out_all():
    return [tasks.share_out(pk) for pk in Arrival.objects.order_by("pk").values_list("pk", flat=True)]


def owners():
    return list(Ticket.objects.order_by("pk").values_list("assignee", flat=True))


def last_words(ticket):
    event = ticket.events.latest("seq")
    return words_for(event, names_in([event]))


def test_in_turn_each_gets_the_next_one_and_the_history_says_why(team, open_ticket, cast):
    tickets = [open_ticket() for _turn in range(4)]
    share_out_all()
    assert owners() == [team[0].pk, team[1].pk, team[2].pk, team[0].pk]
    assert last_words(tickets[0]) == "Assigned to Mira Koch, whose turn it was"
    event = tickets[0].events.get(kind="ticket.assigned")
    data = {"assignee": [None, cast.mira.pk], "reason": "in_turn", "team": cast.billing.pk}
    assert (event.actor, event.data) == (None, data)


def test_turns_follow_from_the_events(team, open_ticket):
    for _turn in range(5):
        open_ticket()
    share_out_all()
    live = set(Turn.objects.values_list("team", "person", "event"))
    Turn.objects.all().delete()
    duty.note_turns(Event.objects.order_by("pk"))
    assert set(Turn.objects.values_list("team", "person", "event")) == live


@pytest.mark.django_db(transaction=True)
def test_twenty_tickets_shared_out_at_once_are_shared_fairly_and_each_once(team, open_ticket):
    for _turn in range(20):
        open_ticket()
    waiting = list(Arrival.objects.values_list("pk", flat=True))

    def run(pk):
        try:
            return tasks.share_out(pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(run, waiting + waiting))  # each handed over twice
    assert done.count(True) == 20
    assert sorted(Counter(owners()).values()) == [6, 7, 7]
    assert Event.objects.filter(kind="ticket.assigned").count() == 20


def test_by_load_the_limit_weighs_and_ends_it(team, open_ticket, cast):
    duty.set_sharing(cast.billing, mode="by_load", by=None)
    for person, limit in zip(team, (4, 2, 1), strict=True):
        duty.set_duty(person, limit=limit, calendar=None, by=None)
    tickets = [open_ticket() for _turn in range(8)]
    share_out_all()
    assert Counter(owners()) == {team[0].pk: 4, team[1].pk: 2, team[2].pk: 1, None: 1}
    assert "has enough to do" in last_words(tickets[-1])


def test_nobody_available_leaves_it_in_the_queue_and_says_so(team, open_ticket, cast):
    closed = create_calendar("Never", by=None, spec=NEVER_OPEN)
    duty.go_away(team[0], by=team[0])
    duty.set_duty(team[1], limit=None, calendar=closed, by=None)
    actions.deactivate(team[2], by=None)
    ticket = open_ticket()
    assert share_out_all() == [False]
    assert owners() == [None]
    said = "Nobody of Billing was available: the ticket waits in the queue"
    assert last_words(ticket) == said
    assert tasks.sweep_arrivals() == 0  # nor later, and it is not said again
    assert last_words(ticket) == said


def test_what_was_left_goes_to_those_who_come_back_the_urgent_first_one_each_and_not_without_end(
    team, open_ticket, cast, monkeypatch
):
    monkeypatch.setattr("duty.choosing.USUAL_LIMIT", 2)
    install_defaults()
    for person in team:
        duty.go_away(person, by=person)
    taken, _low, high, _mid = (open_ticket(priority=level) for level in (4, 1, 4, 3))
    share_out_all()
    actions.assign(taken, cast.sue, by=cast.root)
    duty.come_back(cast.mira, by=cast.mira)
    waiting = duty.share_out_left()
    assert list(Arrival.objects.filter(pk__in=waiting).values_list("ticket", flat=True)) == [high.pk]
    assert tasks.share_out(waiting[0])
    assert last_words(high) == "Assigned to Mira Koch, whose turn it was"
    assert tasks.share_out(duty.share_out_left()[0])
    assert duty.share_out_left() == []  # she has as many as she is given of what was left
    assert owners() == [cast.sue.pk, None, cast.mira.pk, cast.mira.pk]
    duty.come_back(team[1], by=team[1])
    assert tasks.share_out(duty.share_out_left()[0])
    assert not Arrival.objects.exists()


def test_away_until_a_time_ends_by_itself(team, open_ticket):
    for person in team:
        duty.go_away(person, by=person, until=timezone.now() + timedelta(hours=1))
    Arrival.objects.all().delete()
    Duty.objects.filter(person=team[1]).update(away_until=timezone.now() - timedelta(seconds=1))
    open_ticket()
    share_out_all()
    assert owners() == [team[1].pk]


def test_what_is_moved_into_the_team_is_shared_out_and_what_was_taken_meanwhile_is_left(
    team, open_ticket, cast
):
    moved = open_ticket(team=cast.tech, assignee=cast.gus)
    taken = open_ticket()
    assert list(Arrival.objects.values_list("ticket", flat=True)) == [taken.pk]
    actions.move(moved, cast.billing, by=cast.sue)
    actions.assign(taken, team[2], by=team[2])
    assert share_out_all() == [False, True]
    assert owners() == [team[0].pk, team[2].pk]


def test_by_hand_nothing_is_noted(open_ticket, cast):
    open_ticket()
    assert not Arrival.objects.exists()


def test_a_lost_hand_over_is_found_by_the_sweep(team, open_ticket):
    open_ticket()
    assert tasks.sweep_arrivals() == 0
    Arrival.objects.update(arrived_at=timezone.now() - timedelta(minutes=1))
    assert tasks.sweep_arrivals() == 1


def test_going_away_hands_back_what_was_chosen_and_is_owed_and_others_get_it(team, open_ticket, cast):
    owed, answered, _kept, foreign = (open_ticket(assignee=cast.mira) for _turn in range(4))
    actions.reply(answered, "Here", by=cast.mira, channel="mail", then="open")
    actions.assign(foreign, team[1], by=None)
    Arrival.objects.all().delete()
    back = duty.go_away(cast.mira, by=cast.mira, hand_back=[owed.pk, answered.pk, foreign.pk])
    assert (back.done, back.skipped) == (1, 2)
    assert last_words(owed) == "Mira Koch went away and handed the ticket back"
    share_out_all()
    assert owners() == [team[1].pk, cast.mira.pk, cast.mira.pk, team[1].pk]


def test_nobody_says_it_for_a_colleague(cast):
    with pytest.raises(actions.NotAllowed):
        duty.go_away(cast.mira, by=cast.gus)
    duty.go_away(cast.mira, by=cast.sue)
    with pytest.raises(actions.NotAllowed, match="You are away"):
        duty.take_next(type(cast.mira).objects.get(pk=cast.mira.pk))
    duty.come_back(cast.mira, by=cast.mira)
    kinds = Event.objects.filter(kind__startswith="person.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["person.went_away", "person.came_back"]
