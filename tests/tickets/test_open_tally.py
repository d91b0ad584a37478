from tickets import access, actions, queries
from tickets.actions import counting


def held(person):
    return {view: queries.in_view(person, view).count() for view in queries.VIEWS}


def test_the_kept_numbers_are_those_of_the_tickets_for_everybody(cast, open_ticket):
    people = (cast.mira, cast.sue, cast.gus, cast.root)
    one, two, three = open_ticket(), open_ticket(subject="Two"), open_ticket(subject="Three")
    actions.assign(one, cast.mira, by=cast.sue)
    actions.set_waiting(two, by=cast.sue)
    actions.resolve(three, by=cast.sue)
    for person in people:
        assert queries.view_counts(person) == held(person)
    actions.reopen(three, by=cast.sue)
    actions.assign(one, None, by=cast.sue)
    actions.resolve(two, by=cast.sue)
    before = [queries.view_counts(person) for person in people]
    assert before == [held(person) for person in people]
    assert counting.add_up() > 0
    assert [queries.view_counts(person) for person in people] == before
    assert counting.add_up() == 0
    assert access.tallied_for(cast.priya).count() == 0
