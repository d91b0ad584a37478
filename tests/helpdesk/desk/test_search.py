"""The page of the search."""

from __future__ import annotations

from helpdesk.marking import marked, snippet
from tests.helpdesk.desk.pages import words
from tickets import actions


def test_words_are_marked_in_subject_and_snippet_and_nothing_written_is_markup(mira, open_ticket, cast):
    open_ticket(
        subject="<b>Refund</b> <script>alert(1)</script>",
        words="x " * 100 + "the réfund <img src=x onerror=alert(2)> is late",
    )
    open_ticket(subject="Other", words="x " * 100 + "the réfund <img src=x onerror=alert(2)> is late")
    page = mira.get("/desk/search/?q=refund").content.decode()
    assert "&lt;b&gt;<mark>Refund</mark>&lt;/b&gt;" in page
    assert "the <mark>réfund</mark> &lt;img src=x" in page
    assert "<img src=x" not in page
    assert "<script>alert" not in page


def test_marks_stand_at_the_beginnings_of_words_whatever_their_accents():
    assert str(marked("Straße René, unrefunded", ["re", "strasse"])) == (
        "<mark>Straße</mark> <mark>Re</mark>né, unrefunded"
    )
    assert str(marked('a & "b"', ["&", ""])) == "a &amp; &#34;b&#34;"
    assert str(snippet("one two three", ["two"])) == "one <mark>two</mark> three"


def test_count_and_order_are_said_and_settled_ones_one_press_away(mira, ticket, open_ticket, cast):
    old = open_ticket(subject="Refund of old")
    actions.resolve(old, by=cast.mira)
    page = words(mira.get("/desk/search/?q=refund"))
    assert "1 open ticket, words in the subject first, then the newest" in page
    assert "Show 1 settled ticket" in page
    actions.resolve(ticket, by=cast.mira)
    page = words(mira.get("/desk/search/?q=refund"))
    assert "Nothing open matches. 2 settled tickets do." in page
    assert "Refund of old" in page
    assert "Nothing matches." in words(mira.get("/desk/search/?q=refund&settled=0"))


def test_a_bare_number_opens_its_ticket_and_a_strangers_number_is_nothing(mira, ticket, open_ticket, cast):
    for text in (str(ticket.pk), f"%23{ticket.pk}"):
        assert mira.get(f"/desk/search/?q={text}")["Location"] == f"/desk/tickets/{ticket.pk}/"
    foreign = open_ticket(team=cast.tech)
    for text in (str(foreign.pk), f"%23{foreign.pk}"):
        assert "Nothing matches." in words(mira.get(f"/desk/search/?q={text}"))


def test_what_makes_no_sense_is_said_and_stays_in_the_field(mira, cast):
    answer = mira.get("/desk/search/?q=color%3Ared+refund")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<title>Error:" in page
    assert 'value="color:red refund"' in page
    assert "There is no “color:” to search by." in words(answer)


def test_terms_are_chips_that_can_be_taken_off(mira, ticket):
    page = mira.get("/desk/search/?q=is:open+-tag:x+refund").content.decode()
    assert 'href="/desk/search/?q=-tag%3Ax%20refund" aria-label="Remove is:open"' in page
    assert 'href="/desk/search/?q=is%3Aopen%20-tag%3Ax%20refund%20is%3Alate"' in page


def test_nothing_foreign_is_found_or_counted(mira, open_ticket, cast):
    foreign = open_ticket(team=cast.tech, subject="Zebrafish secret", words="zebrafish")
    actions.add_note(foreign, "zebrafish note", by=cast.gus)
    for text in ("zebrafish", "is:open", "is:unresolved", "-nothing", "from:priya", "team:tech", "secret"):
        page = words(mira.get("/desk/search/", {"q": text})).lower()
        assert "zebrafish secret" not in page
        assert f"#{foreign.pk}" not in page
        assert "1 open ticket" not in words(mira.get("/desk/search/", {"q": text}))


def test_the_number_of_queries_does_not_grow(mira, open_ticket, django_assert_max_num_queries, cast):
    for n in range(12):
        row = open_ticket(subject=f"Refund {n}" if n % 2 else f"Other {n}", words=f"refund {n}")
        actions.add_note(row, "refund", by=cast.mira)
    with django_assert_max_num_queries(24):
        mira.get("/desk/search/?q=refund")
