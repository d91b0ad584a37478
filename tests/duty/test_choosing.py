"""Whose ticket it is."""

import pytest

from duty.choosing import Candidate, choose


@pytest.mark.parametrize(
    ("candidates", "in_turn", "by_load"),
    [
        ([], None, None),
        ([Candidate(1, turn=5), Candidate(2, turn=3), Candidate(3)], 3, 3),
        ([Candidate(1, load=4, turn=1), Candidate(2, load=3, turn=9)], 1, 2),
        ([Candidate(1, load=4, limit=10), Candidate(2, load=3, limit=4)], 1, 1),
        ([Candidate(1, load=10, limit=10), Candidate(2, load=4, limit=4)], None, None),
        ([Candidate(1, load=5), Candidate(2, load=2, limit=10)], 1, 2),
        ([Candidate(2, load=1, turn=7), Candidate(1, load=1, turn=8)], 2, 2),
    ],
)
def test_in_turn_who_waits_longest_by_load_who_has_the_smallest_part(candidates, in_turn, by_load):
    assert choose(candidates, by_load=False) == in_turn
    assert choose(candidates, by_load=True) == by_load
