"""Whose ticket it is: pure, so that the same people in the same state always give the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

USUAL_LIMIT = 20
"""By load, a person without a limit counts like one with so many, and is never full. Of what was left waiting
nobody is given more."""


@dataclass(frozen=True)
class Candidate:
    """Somebody who is there: how many unresolved tickets they own, how many they are given at most (None: any
    number), and when they were last given one (the number of that event, 0 for never)."""

    person: int
    load: int = 0
    limit: int | None = None
    turn: int = 0

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.load >= self.limit

    @property
    def has_room(self) -> bool:
        """Whether they are given what was left waiting: a night's tickets are not all for who comes first."""
        return self.load < (self.limit or USUAL_LIMIT)

    @property
    def share(self) -> Fraction:
        """The part of what they may have that they have."""
        return Fraction(self.load, self.limit or USUAL_LIMIT)


def choose(candidates: Iterable[Candidate], *, by_load: bool) -> int | None:
    """The person who is next, None where everybody is full or nobody is there.

    In turn: who waits longest since they were last given one. By load: who has the smallest part of their
    limit; among equals again who waits longest.
    """
    free = [one for one in candidates if not one.is_full]
    if by_load:
        free.sort(key=lambda one: (one.share, one.turn, one.person))
    else:
        free.sort(key=lambda one: (one.turn, one.person))
    return free[0].person if free else None
