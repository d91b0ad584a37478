"""Taking the next ticket: the most urgent one, and never the same for two."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest
from django.db import connections

from duty.actions import take_next
from sla.actions import install_defaults
from tests.cast import PersonFactory
from tickets import actions
from tickets.models import Event, Role


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
