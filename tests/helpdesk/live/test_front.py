"""What the front makes of a request before the pages see it."""

from __future__ import annotations

from helpdesk.live.front import plain
from helpdesk.live.hub import Line
from tickets.access import Reach
from tickets.hints import MOST, PRESENCE, Hint


def scope(*headers: tuple[bytes, bytes], query: bytes = b"") -> dict:
    return {"type": "http", "headers": list(headers), "query_string": query}


def test_a_header_with_an_underscore_is_none_of_our_proxys():
    asked = scope((b"x-forwarded-for", b"10.0.0.1"), (b"x_forwarded_for", b"6.6.6.6"))
    assert plain(asked)["headers"] == [(b"x-forwarded-for", b"10.0.0.1")]


def test_cookies_that_came_in_pieces_are_one_header_again():
    asked = scope((b"cookie", b"a=1"), (b"host", b"localhost"), (b"cookie", b"b=2"))
    assert (b"cookie", b"a=1; b=2") in plain(asked)["headers"]


def test_bytes_that_no_address_has_are_written_as_one():
    assert plain(scope(query=b"q=%20a+b&x=\xff\xc3\xa4"))["query_string"] == b"q=%20a+b&x=%FF%C3%A4"


def line(*teams: int) -> Line:
    return Line("key", Reach(7, False, frozenset(teams)))


def test_a_line_tells_the_latest_of_each_ticket_once():
    told = line(1)
    told.offer([Hint(5, 2, "ticket.noted", 1, None), Hint(6, 2, "ticket.noted", 2, None)])
    told.offer([Hint(5, 3, "ticket.replied", 1, None), Hint(5, 3, PRESENCE, 1, None), Hint(8, 1, "x", 2, 7)])
    assert told.take() == '[[5, 3, "ticket.replied"], [5, 3, "ticket.presence"], [8, 1, "x"]]'
    assert told.take() == ""


def test_more_than_can_be_named_is_told_as_one():
    told = line(1)
    told.offer([Hint(n, 1, "ticket.opened", 1, None) for n in range(MOST + 1)])
    assert told.take() == "null"
    told.offer(None)
    assert told.take() == "null"
