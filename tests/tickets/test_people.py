"""People: found by address, raised, lowered and deactivated by administrators only."""

import pytest

from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.models import Event, Role, User


def test_the_same_address_in_any_case_is_one_person(db):
    first = actions.meet("Ann@Example.org", name="Ann")
    assert actions.meet("  ann@example.ORG ") == first
    assert User.objects.count() == 1


def test_callers_without_an_address_stay_apart(db):
    assert actions.meet(None, name="Caller") != actions.meet(None, name="Caller")


def test_something_that_is_no_address_is_refused_in_plain_words(db):
    with pytest.raises(ValueError, match="“nobody” is not an email address"):
        actions.meet("nobody")


def test_only_administrators_invite(cast):
    with pytest.raises(NotAllowed):
        actions.invite("new@desk.example", name="New", role=Role.AGENT, by=cast.sue)
    person = actions.invite("new@desk.example", name="New", role=Role.AGENT, teams=[cast.tech], by=cast.root)
    assert person.role == Role.AGENT
    assert Event.objects.filter(kind="person.invited", subject_id=person.pk).exists()


def test_nobody_changes_their_own_role(cast):
    with pytest.raises(NotAllowed):
        actions.set_role(cast.root, Role.AGENT, by=cast.root)


def test_a_deactivated_agent_sees_nothing_from_then_on(cast, ticket):
    assert access.can_work(cast.mira, ticket)
    gone = actions.deactivate(cast.mira, by=cast.root)
    assert not access.can_work(gone, ticket)
    assert not access.visible_to(gone).exists()


def test_customers_and_organisations_are_tagged_by_administrators_and_it_is_recorded_once(cast):
    for customer, kind in ((cast.priya, "person.edited"), (cast.nordlicht, "organization.edited")):
        for _time in range(2):
            actions.tag_customer(customer, [" Gold", "gold", ""], by=cast.root)
        assert list(customer.tags.values_list("name", flat=True)) == ["gold"]
        assert Event.objects.filter(kind=kind, subject_id=customer.pk).count() == 1
        with pytest.raises(NotAllowed):
            actions.tag_customer(customer, [], by=cast.mira)
