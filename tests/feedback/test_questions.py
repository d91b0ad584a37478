"""What may be asked, what is put to whom, and what is read of an answer."""

import pytest

from feedback.questions import Part, QuestionError, Unfit, check, is_low, read

REASONS = [{"key": "slow", "texts": {"en": "Too slow"}}, {"key": "rude", "texts": {"en": "Unfriendly"}}]
WHY = {"key": "why", "kind": "many", "choices": REASONS, "when": {"key": "rating", "low": 1, "high": 2}}
ASKED = [
    {"key": "rating", "kind": "csat"},
    WHY,
    {"key": "effort", "kind": "ces"},
    {"key": "comment", "kind": "text", "limit": 10},
]


def test_each_answer_becomes_a_part_in_the_order_of_the_questions():
    given = {"comment": "Thanks", "why": ["rude", "slow"], "effort": 7, "rating": 2}
    assert read(ASKED, given) == [
        Part("rating", "csat", number=2),
        Part("why", "many", choice="slow"),
        Part("why", "many", choice="rude"),
        Part("effort", "ces", number=7),
        Part("comment", "text", text="Thanks"),
    ]


def test_what_was_not_put_to_this_person_is_neither_judged_nor_kept():
    assert read(ASKED, {"rating": 5, "why": ["nonsense"]}) == [Part("rating", "csat", number=5)]


def test_every_fault_is_named_at_its_question():
    with pytest.raises(Unfit) as fault:
        read(ASKED, {"rating": 1, "why": ["nonsense"], "effort": 0, "comment": "x" * 11})
    assert fault.value.problems == {
        "why": "Choose from the list.",
        "effort": "Choose a number from 1 to 7.",
        "comment": "Your comment is 1 character too long. Shorten it to 10.",
    }


@pytest.mark.parametrize("value", [None, 0, 11, 5.5, "5", [5], True])
def test_a_rating_is_a_whole_number_of_its_scale(value):
    with pytest.raises(Unfit):
        read([{"key": "rating", "kind": "csat"}], {"rating": value})


def test_low_is_poor_disagreeing_and_a_detractor():
    lowest_good = {"csat": 3, "ces": 4, "nps": 7}
    for kind, score in lowest_good.items():
        assert not is_low(kind, score)
        assert is_low(kind, score - 1)
    assert not is_low("csat", None)


@pytest.mark.parametrize(
    ("questions", "kind"),
    [
        ([], "csat"),
        ([{"key": "rating", "kind": "ces"}], "csat"),
        ([*ASKED, {"key": "why", "kind": "text"}], "csat"),
        ([*ASKED, {"key": "x", "kind": "nps"}], "csat"),
        ([*ASKED, {"key": "x", "kind": "poem"}], "csat"),
        ([*ASKED, WHY | {"key": "x", "choices": REASONS[:1]}], "csat"),
        ([*ASKED, WHY | {"key": "x", "choices": [REASONS[0], REASONS[0]]}], "csat"),
        ([*ASKED, WHY | {"key": "x", "when": {"key": "rating", "low": 0, "high": 2}}], "csat"),
        ([*ASKED, WHY | {"key": "x", "when": {"key": "comment", "low": 1, "high": 2}}], "csat"),
        ([*ASKED, WHY | {"key": "x", "when": {"key": "later", "low": 1, "high": 2}}], "csat"),
        ([ASKED[0], *[{"key": f"q{n}", "kind": "text"} for n in range(12)]], "csat"),
    ],
)
def test_what_cannot_be_asked_is_refused(questions, kind):
    check(ASKED, "csat")
    with pytest.raises(QuestionError):
        check(questions, kind)
