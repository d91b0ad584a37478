"""A repeated request has one effect and one answer."""

import pytest

from helpdesk.models import OnceKey
from helpdesk.once import KeyReused, once


def test_the_second_request_gets_the_first_answer(db):
    runs = []
    for expected in (False, True):
        answer, repeated = once("user:1", "k", b"body", lambda: runs.append(1) or {"to": "/x/"})
        assert (answer, repeated) == ({"to": "/x/"}, expected)
    assert runs == [1]


def test_another_body_under_the_same_key_is_refused(db):
    once("user:1", "k", b"body", lambda: "done")
    with pytest.raises(KeyReused):
        once("user:1", "k", b"other", lambda: "never")


def test_keys_of_different_people_do_not_meet(db):
    assert once("user:1", "k", b"a", lambda: 1) == (1, False)
    assert once("user:2", "k", b"b", lambda: 2) == (2, False)


def test_a_failed_act_leaves_no_key(db):
    def fail():
        raise ValueError

    with pytest.raises(ValueError):
        once("user:1", "k", b"a", fail)
    assert not OnceKey.objects.exists()
