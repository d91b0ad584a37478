"""Who owns a ticket and what it is filed under."""

import pytest

from tickets import access, actions
from tickets.actions import Conflict, NotAllowed
from tickets.models import Follower


def test_assigning_twice_records_once(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.mira)
    actions.assign(ticket, cast.mira, by=cast.mira)
    assert ticket.events.filter(kind="ticket.assigned").count() == 1


def test_only_people_who_work_for_the_team_can_own_its_ticket(ticket, cast):
    with pytest.raises(NotAllowed, match="Gus Orlov does not work"):
        actions.assign(ticket, cast.gus, by=cast.sue)


def test_taking_a_ticket_that_somebody_took_meanwhile_is_a_conflict(ticket, cast):
    actions.assign(ticket, cast.sue, by=cast.sue)
    with pytest.raises(Conflict, match="Sue Park took this ticket"):
        actions.assign(ticket, cast.mira, by=cast.mira, expected=None)


def test_moving_to_a_team_takes_off_an_assignee_who_does_not_work_there(ticket, cast):
    actions.assign(ticket, cast.mira, by=cast.mira)
    moved = actions.move(ticket, cast.tech, by=cast.mira)
    assert moved.assignee is None
    assert not access.can_work(cast.mira, moved)


def test_agents_of_other_teams_change_nothing(ticket, cast):
    with pytest.raises(NotAllowed):
        actions.prioritize(ticket, 4, by=cast.gus)
    with pytest.raises(NotAllowed):
        actions.resolve(ticket, by=cast.bob)


def test_tags_are_kept_in_lower_case_and_once(ticket, cast):
    actions.tag(ticket, " Refund ", by=cast.mira)
    actions.tag(ticket, "refund", by=cast.mira)
    assert [t.name for t in ticket.tags.all()] == ["refund"]
    actions.untag(ticket, "refund", by=cast.mira)
    assert not ticket.tags.exists()


def test_a_person_in_copy_is_proposed_and_told_only_after_acceptance(ticket, cast):
    actions.propose_follower(ticket, cast.cara, by=cast.priya)
    assert ticket.followers.get().state == Follower.State.PROPOSED
    actions.accept_follower(ticket, cast.cara, by=cast.mira)
    follower = ticket.followers.get()
    assert follower.state == Follower.State.ACCEPTED
    assert follower.accepted_at is not None
    assert not access.visible_to(cast.cara).exists()


def test_a_customer_resolves_and_reopens_own_ticket(ticket, cast):
    assert actions.resolve(ticket, by=cast.priya).status == "resolved"
    assert actions.reopen(ticket, by=cast.priya).status == "open"
