"""Whom a ticket may be given to: the list and the predicate say the same."""

import pytest

from tickets import access
from tickets.models import User


@pytest.mark.parametrize("open_to_all", [False, True])
def test_the_list_of_possible_owners_agrees_with_the_predicate(cast, ticket, open_to_all):
    cast.billing.open_to_all_agents = open_to_all
    cast.billing.save()
    ticket.refresh_from_db()
    allowed = {person.pk for person in User.objects.all() if access.can_be_assigned(person, ticket)}
    assert {person.pk for person in access.assignable_to(ticket)} == allowed
    assert cast.mira.pk in allowed
    assert (cast.gus.pk in allowed) is open_to_all
    assert cast.priya.pk not in allowed
