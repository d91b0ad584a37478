"""Kept words are those that would be rendered anew, whatever was asked before and by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template import engines
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, TemplateSyntaxError
from markupsafe import Markup

from helpdesk.context import Look
from helpdesk.desk.clocks import Chip
from helpdesk.desk.listing import Listed
from helpdesk.desk.rows import Row
from helpdesk.jinja import environment
from helpdesk.kept import MARKS, STORE, Kept, Store, Words
from tickets.models.people import Named

AT = datetime(2026, 11, 20, 8, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_kept():
    STORE.empty()


def template(source: str) -> Any:
    return environment(loader=DictLoader({}), autoescape=True).from_string(source)


ROWS = (
    "{% from 'desk/_rows.html' import row_cells %}"
    "{% for row in rows %}{{ row_cells(row, view, True, picked) }}{% endfor %}"
)
PARTS = (
    "{% import 'components/page.html' as pages %}{{ pages.rail(items, label) }}"
    "{% from 'components/message.html' import message %}"
    "{% for who, words in said %}"
    "{{ message('m1', 'note', who, label, now()|day, words, held=held) }}{% endfor %}"
)
words = st.text(alphabet="ab<&\"'{%8 ", max_size=6)
numbers = st.integers(0, 3)
people = st.builds(Named, numbers, words, st.none() | words)
tickets = st.builds(
    Listed,
    numbers,
    words,
    st.integers(1, 4),
    st.sampled_from(["new", "open", "closed"]),
    numbers,
    st.booleans(),
    st.none(),
    st.just(AT),
    people,
    st.none() | people,
    st.none() | people,
)
chips = st.builds(Chip, st.sampled_from(["late", "plain", "none"]), words, words)
marks = st.lists(st.tuples(st.just("pen"), words, words), max_size=1).map(tuple)
rows = st.builds(
    Row, tickets, chips, st.booleans(), words, marks, words, st.none() | st.tuples(st.just("eye"), words)
)
items = st.tuples(words, words, st.sampled_from(["", "box"]), st.none() | numbers | words, st.booleans())


@given(
    st.lists(rows, max_size=3),
    st.lists(items, max_size=3),
    st.lists(st.tuples(words, words), max_size=2),
    words,
    st.booleans(),
    st.sampled_from(["en", "de"]),
)
@settings(max_examples=40, deadline=None)
def test_kept_words_are_those_rendered_anew(shown, entries, said, view, picked, language):
    given_ = {
        "rows": shown,
        "items": entries,
        "said": said,
        "view": view,
        "label": view,
        "picked": picked,
        "held": Markup("<b>held</b>") if picked else "",
        "look": Look(exact_times=picked),
    }
    with translation.override(language):
        for kept, fresh in TEMPLATES:
            anew = fresh.render(given_)
            assert [kept.render(given_), kept.render(given_)] == [anew, anew]
            assert not any(str(mark) in anew for mark in MARKS)


def _templates() -> list[tuple[Any, Any]]:
    """Each of the pages, keeping and not keeping."""
    loader = engines["jinja2"].env.loader
    keeping, bare = (environment(loader=loader, autoescape=True) for _ in range(2))
    Kept.keeps = False
    try:
        for name in (
            "desk/_rows.html",
            *(f"components/{name}.html" for name in ("page", "message", "chips")),
        ):
            bare.get_template(name)
        anew = [bare.from_string(source) for source in (ROWS, PARTS)]
    finally:
        Kept.keeps = True
    return list(zip(map(keeping.from_string, (ROWS, PARTS)), anew, strict=True))


TEMPLATES = _templates()


def test_what_differs_from_page_to_page_is_put_in_after_and_escaped():
    page = template(
        "{% kept a with b, n %}{{ a }} {{ b }} {{ _('Select #%(number)s', number=n) }}"
        " {{ url('desk:ticket', n) }}{% endkept %}"
    )

    assert page.render(a="<a>", b="<b>", n=7) == "&lt;a&gt; &lt;b&gt; Select #7 /desk/tickets/7/"
    assert page.render(a="<a>", b=Markup("<i>"), n=8) == "&lt;a&gt; <i> Select #8 /desk/tickets/8/"
    assert len(STORE.young) == 1


def test_language_time_zone_taste_and_day_are_part_of_the_key():
    page = template("{% kept at %}{{ at|at }} {{ _('Unknown') }}{% endkept %}")
    found = set()
    for language in ("en", "de"):
        for zone in ("UTC", "Asia/Tokyo"):
            for exact in (False, True):
                with translation.override(language), timezone.override(zone):
                    found.add(page.render(at=AT, look=Look(exact_times=exact)))
    assert len(found) == 8


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{% kept a %}{{ a }}{{ b }}{% endkept %}", "b is used and not named"),
        ("{% kept a %}{{ a|ago }}{% endkept %}", "change with the clock"),
        ("{% kept a %}{{ now() }}{% endkept %}", "now is used and not named"),
        ("{% kept a %}{{ request.path }}{% endkept %}", "request is used and not named"),
        ("{% kept a %}{% include 'page' %}{% endkept %}", "include is not possible"),
        ("{% kept a with b %}{% if b %}{{ a }}{% endif %}{% endkept %}", "b may only be written"),
        ("{% kept a with b %}{{ b|upper }}{% endkept %}", "b may only be written"),
    ],
)
def test_words_that_could_become_untrue_are_refused_when_the_template_is_read(source, why):
    with pytest.raises(TemplateSyntaxError, match=why):
        template(source)


def test_what_is_equal_and_not_the_same_is_not_kept(cast):
    page = template("{% kept a %}{{ a }}{% endkept %}")
    assert [page.render(a="<b>"), page.render(a=Markup("<b>"))] == ["&lt;b&gt;", "<b>"]
    page = template("{% kept a %}{{ a.name }}{% endkept %}")
    cast.mira.name = "Mira"
    assert page.render(a=cast.mira) == "Mira"
    cast.mira.name = "Maria"
    assert page.render(a=cast.mira) == "Maria"


def test_no_more_is_kept_than_was_meant_and_what_is_asked_for_stays():
    store = Store(most=20_000)
    for number in range(1_000):
        store.put(number, Words.of("x" * 1_000, (number,)))
        assert store.get(0) is not None
        assert sum(one.size for one in (*store.young.values(), *store.old.values())) <= 20_000
    assert store.get(500) is None
    store.put("huge", Words.of("x" * 20_000, ()))
    assert store.get("huge") is None


@pytest.mark.django_db
def test_queue_and_ticket_page_are_made_from_kept_words(client, ticket, cast):
    client.force_login(cast.mira)
    for path in ("/desk/?view=team", f"/desk/tickets/{ticket.pk}/"):
        client.get(path)
        first = client.get(path)
        known = set(STORE.young)
        again = client.get(path)
        assert len(again.content) == len(first.content)
        assert set(STORE.young) == known
