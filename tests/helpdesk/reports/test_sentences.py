"""A finding says what the data say, and no more."""

import pytest

from helpdesk.reports.figures import Bucket, Histogram, Share, waits
from helpdesk.reports.sentences import feedback_finding, waits_finding


def said(answered: list[float], waiting: int = 0) -> str:
    found = [Bucket(seconds, True, seconds, 1) for seconds in answered]
    found += [Bucket(9e6, False, 9e6, waiting)] if waiting else []
    told = Histogram(found, {"met": len(answered), "missed": waiting})
    return waits_finding(waits(told), True).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("answered", "waiting", "words"),
    [
        ([600.0] * 9 + [7200.0], 0, "Half got an answer within 10 min, nine in ten within 10 min."),
        ([600.0] * 10, 5, "Half got an answer within 10 min. Fewer than nine in ten have one yet."),
        ([600.0] * 5, 10, "Fewer than half have an answer yet."),
        ([600.0] * 3, 1, "3 of 4 tickets have an answer. Too few for a median."),
        ([600.0], 0, "1 of 1 ticket has an answer. Too few for a median."),
        ([0.0] * 20, 0, "Half got an answer within 1 min, nine in ten within 1 min."),
    ],
)
def test_how_long_people_wait(answered, waiting, words):
    assert said(answered, waiting) == words


@pytest.mark.parametrize(
    ("score", "rate", "words"),
    [
        (Share(0, 0), Share(0, 12), "Nobody has answered yet."),
        (Share(1, 3), Share(3, 5), "1 of 3 answers say satisfied. Too few for a share."),
        (Share(15, 20), Share(20, 40), "75% of those who answered are satisfied. 50% answered."),
    ],
)
def test_how_satisfied_they_are(score, rate, words):
    assert feedback_finding(score, rate) == words
