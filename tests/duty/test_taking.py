"""Taking the next ticket: the most urgent one, and never the same for two."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from django.db import connections

from duty import actions as duty
from duty.actions import take_next
from sla.actions import create_calendar, install_defaults
from sla.calendar_spec import WEEKDAYS
from tests.cast import PersonFactory
from tests.duty.test_sharing import NEVER_OPEN
from tickets import actions
from tickets.models import Event, Role

ALL_DAY = {day: [["00:00", "24:00"]] for day in WEEKDAYS}


def test_the_one_that_is_due_next_is_taken_from_the_own_teams_only(cast, open_ticket):
    install_defaults()
    open_ticket(priority=4, team=cast.tech)
    open_ticket(priority=4, assignee=cast.sue)
    waits = open_ticket(priority=4)
    actions.set_waiting(waits, by=None)
    low, high = open_ticket(priority=1), open_ticket(priority=3)
    taken = [take_next(cast.mira) for _turn in range(3)]
    assert taken == [high, low, None]
    assert list(high.events.filter(kind="ticket.assigned").values_list("actor", "data")) == [
        (cast.mira.pk, {"assignee": [None, cast.mira.pk]})
    ]


def test_nothing_is_taken_outside_of_the_working_hours(cast, open_ticket):
    closed = create_calendar("Never", by=None, spec=NEVER_OPEN)
    ticket = open_ticket()
    duty.set_sharing(cast.billing, mode="by_hand", calendar=closed, by=None)
    with pytest.raises(actions.NotAllowed, match="not your working hours"):
        duty.take_next(cast.mira)
    actions.set_teams(cast.mira, [cast.billing, cast.tech], by=None)
    assert duty.take_next(cast.mira) is None  # there in tech, where nothing waits
    always = create_calendar("Always", by=None, spec=NEVER_OPEN | {"date_hours": {}, "hours": ALL_DAY})
    duty.set_duty(cast.mira, limit=None, calendar=always, by=None)
    assert duty.take_next(type(cast.mira).objects.get(pk=cast.mira.pk)) == ticket


@pytest.mark.django_db(transaction=True)
def test_two_who_take_at_once_never_get_the_same(cast, open_ticket):
    tickets = {open_ticket().pk for _number in range(10)}
    ann = PersonFactory(role=Role.AGENT, teams=[cast.billing])

    def take_all(person):
        try:
            return list(iter(lambda: getattr(take_next(person), "pk", None), None))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(take_all, (cast.mira, ann)))
    assert sorted(chain(*taken)) == sorted(tickets)
    assert Event.objects.filter(kind="ticket.assigned").count() == 10
