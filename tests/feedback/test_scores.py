"""Scores agree with published figures, and their intervals behave as intervals must."""

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import scores

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "surveys" / "cases.json"
CASES = json.loads(CORPUS.read_text()) if CORPUS.exists() else []
needs_corpus = pytest.mark.skipif(not CASES, reason=f"the survey corpus is not beside the project: {CORPUS}")


def answers_of(case: dict) -> list:
    """The case's answers in our terms: chatwoot gives rows, signs that are no answer are left out."""
    rows = [answer.get("rating") if isinstance(answer, dict) else answer for answer in case["answers"]]
    return [row for row in rows if not isinstance(row, str)]


def published(metric: str) -> list:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["metric"] == metric]


@needs_corpus
@pytest.mark.parametrize("case", published("NPS"))
def test_nps_is_the_published_one(case):
    answers = answers_of(case)
    score = scores.nps(answers)
    assert score.n == len([answer for answer in answers if answer is not None])
    if not score.n:
        assert score.value is None
    elif None not in answers:
        assert score.value == pytest.approx(case["expected"]["score"], abs=1e-9)
        assert score.low < score.high


@needs_corpus
@pytest.mark.parametrize("case", published("CSAT"))
def test_csat_is_the_published_one(case):
    expected = case["expected"]
    answers = answers_of(case)
    score = scores.csat(answers)
    if "csat.satisfiedPercentage" in expected:
        # Without an answer others publish 0; we say that there is no figure.
        assert score.value == (expected["csat.satisfiedPercentage"] if score.n else None)
        assert score.shown - score.n == expected.get("dismissed.count", 0)
    else:
        counts = Counter(str(answer) for answer in answers if answer is not None)
        assert counts.keys() == expected["ratings_count"].keys()


@needs_corpus
@pytest.mark.parametrize("case", published("CES") + published("RATING"))
def test_the_mean_is_the_published_one(case):
    score = scores.ces(answers_of(case), scale=tuple(case["scale"]))
    assert score.n == case["expected"]["responseCount"]
    if score.n:
        assert score.value == pytest.approx(case["expected"]["average"], abs=0.005)
    else:
        assert score.value is None


def test_what_was_shown_but_not_answered_counts_as_shown_only():
    assert scores.csat([5, None, 4, None, 1]) == scores.Score(
        pytest.approx(200 / 3), 3, 5, pytest.approx(20.77, abs=0.01), pytest.approx(93.85, abs=0.01)
    )


@pytest.mark.parametrize("score", [scores.nps, scores.csat, scores.ces])
@pytest.mark.parametrize("answers", [[], [None, None]])
def test_no_answer_gives_no_figure(score, answers):
    got = score(answers)
    assert (got.value, got.low, got.high, got.n, got.shown) == (None, None, None, 0, len(answers))


def test_no_answer_gives_no_share_of_agreement():
    assert scores.ces([None]).agree is None


@pytest.mark.parametrize(
    ("score", "bad"),
    [
        (score, bad)
        for score in (scores.nps, scores.csat, scores.ces)
        for bad in (-1, 11, 5.5, "5", [5], True, math.nan, math.inf)
    ]
    + [(scores.csat, 0), (scores.csat, 6), (scores.ces, 8)],
)
def test_a_rating_off_the_scale_is_refused(score, bad):
    with pytest.raises(ValueError):
        score([5, bad])


def test_an_upside_down_scale_is_refused():
    with pytest.raises(ValueError):
        scores.csat([], scale=(5, 1))


def test_agreement_is_the_top_three_of_seven_and_the_top_two_of_five():
    assert scores.ces([1, 4, 5, 6, 7]).agree == 60
    assert scores.ces([1, 2, 3, 4, 5], scale=(1, 5)).agree == 40


def test_the_intervals_are_those_of_the_textbooks():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20 and 15 of 148, Wilson without continuity correction.
    assert scores.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert scores.wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert scores.wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    # By hand: 42 promoters, 19 detractors, 85 answers (42.75 − 19.75) / 88 ± z · sqrt((62.5/88 − 0.2614²) /
    # 88).
    assert scores.adjusted_wald(42, 19, 85) == pytest.approx((0.0940, 0.4287), abs=5e-4)


def test_a_difference_is_clear_only_when_its_interval_excludes_zero():
    # Newcombe 1998, table II: 56/70 − 48/80 has 0.0524 to 0.3339; 9/10 − 3/10 has 0.1705 to 0.8090.
    assert scores.differs(56, 70, 48, 80)
    assert scores.differs(9, 10, 3, 10)
    assert not scores.differs(5, 10, 3, 10)
    assert not scores.differs(5, 10, 0, 0)


@pytest.mark.parametrize(
    ("freedom", "t"),
    [
        (1, 12.706205),
        (2, 4.302653),
        (3, 3.182446),
        (10, 2.228139),
        (30, 2.042272),
        (199, 1.971957),
        (200, 1.971896),
        (1000, 1.962339),
        (10**6, 1.959966),
    ],
)
def test_students_t_is_that_of_the_tables(freedom, t):
    assert scores.t_quantile(freedom) == pytest.approx(t, abs=1e-6)


def test_a_single_effort_answer_could_be_anything():
    score = scores.ces([6])
    assert (score.value, score.low, score.high) == (6, 1, 7)


ratings = st.lists(st.one_of(st.none(), st.integers(1, 5)), max_size=60)


@given(ratings)
def test_csat_lies_in_its_interval_and_on_its_scale(answers):
    score = scores.csat(answers)
    assert score.shown == len(answers)
    if score.n:
        assert 0 <= score.low <= score.value <= score.high <= 100


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_nps_turns_over_with_its_answers(answers):
    mirrored = [{0: 10, 10: 0, 9: 1, 7: 7, 8: 8}.get(answer, 10 if answer <= 6 else 0) for answer in answers]
    score, other = scores.nps(answers), scores.nps(mirrored)
    assert score.value == -other.value
    assert score.low == pytest.approx(-other.high, abs=1e-9)
    assert -100 <= score.low < score.high <= 100


@given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_the_mean_effort_lies_in_its_interval(answers):
    score = scores.ces(answers)
    assert 1 <= score.low <= score.value + 1e-9
    assert score.value - 1e-9 <= score.high <= 7
    assert score.agree_low <= score.agree <= score.agree_high


@given(ratings, st.randoms())
def test_order_says_nothing(answers, random):
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert scores.csat(shuffled) == scores.csat(answers)


def test_kaplan_meier_is_the_published_one():
    # Freireich 1963, remission of 21 patients on 6-MP in weeks, as in Kleinbaum and Klein, "Survival
    # Analysis".
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = scores.kaplan_meier([(t, True) for t in ended] + [(t, False) for t in censored])
    survival = {step.time: round(1 - step.share, 4) for step in curve.steps}
    assert survival == {
        6: 0.8571,
        7: 0.8067,
        10: 0.7529,
        13: 0.6902,
        16: 0.6275,
        22: 0.5378,
        23: 0.4482,
    }
    assert curve.quantile(0.5) == 23
    assert {step.time: round(step.error, 4) for step in curve.steps}[10] == 0.0963
    assert curve.median_interval() == (13, None)
    assert (curve.n, curve.events, curve.longest) == (21, 9, 35)


def test_a_wait_that_goes_on_is_never_dropped():
    answered = [(minutes, True) for minutes in (5, 10, 15, 20)]
    everybody = answered + [(120, False)] * 4
    assert scores.kaplan_meier(answered).quantile(0.5) == 10
    assert scores.kaplan_meier(everybody).quantile(0.5) == 20
    assert scores.kaplan_meier([*everybody, (200, False)]).quantile(0.5) is None


def test_nobody_gives_an_empty_curve():
    curve = scores.kaplan_meier([])
    assert curve == scores.Curve((), 0, 0, None)
    assert curve.quantile(0.5) is None
    assert curve.median_interval() == (None, None)
    assert curve.share_by(10) == 0


subjects = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60)


@given(subjects)
def test_the_curve_rises_and_stays_a_share(times):
    curve = scores.kaplan_meier(times)
    shares = [step.share for step in curve.steps]
    assert shares == sorted(shares)
    assert all(0 < share <= 1 for share in shares)
    low, high = curve.median_interval()
    median = curve.quantile(0.5)
    if median is not None:
        assert low is not None
        assert low <= median
        assert high is None or median <= high


@given(st.lists(st.integers(0, 50), min_size=1, max_size=80), st.sampled_from([0.1, 0.5, 0.9, 0.95, 1.0]))
def test_without_waiting_subjects_the_curve_gives_plain_percentiles(values, share):
    curve = scores.kaplan_meier((value, True) for value in values)
    assert curve.quantile(share) == scores.percentile(values, share)
    assert curve.share_by(max(values)) == pytest.approx(1)


@given(subjects)
def test_a_histogram_gives_the_curve_of_its_rows(times):
    counts = Counter(times)
    assert scores.kaplan_meier(counts.keys(), counts.values()) == scores.kaplan_meier(times)


@given(ratings)
def test_counted_ratings_say_the_same_as_the_ratings_one_by_one(answers):
    assert scores.csat(Counter(answers)) == scores.csat(answers)


@given(subjects, st.integers(0, 60))
def test_one_more_who_waits_never_shortens_the_median(times, wait):
    before = scores.kaplan_meier(times).quantile(0.5)
    after = scores.kaplan_meier([*times, (wait, False)]).quantile(0.5)
    if wait >= max(time for time, _event in times):
        assert after is None or (before is not None and after >= before)
