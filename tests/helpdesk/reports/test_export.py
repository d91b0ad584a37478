"""An exported file holds texts, never formulas, and gives back what went in."""

import csv
import io

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.reports.export import harmless, is_dangerous, original
from tests.helpdesk.reports.conftest import NOVEMBER

FORMULAS = ["=1+1", "+1", "-1+1", "@A1", "\t=1", "\r=1", "\n=1", " =1+1", "＝1+1", "\xa0=1", "'=1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_begins_like_a_formula(text):
    assert harmless(text).startswith("'")
    assert original(harmless(text)) == text


@pytest.mark.parametrize("text", ["Refund missing", "", "a=1", "it's", "'quoted'", " spaced", "5 - 3"])
def test_harmless_texts_stay(text):
    assert harmless(text) == text


def test_numbers_stay_numbers():
    assert harmless(-5) == -5
    assert harmless(-0.5) == -0.5


@given(st.text())
def test_what_goes_in_comes_out(text):
    cell = harmless(text)
    assert original(cell) == text
    assert cell.startswith("'") or not is_dangerous(cell)


def test_the_file_is_quoted_and_reads_back(supervisor, story):
    subject = '=HYPERLINK("http://x","y"), “two”\nlines'
    ticket = story(subject=subject, score=1)
    path = f"{reverse('reports:export')}?report=feedback&{NOVEMBER}"
    answer = supervisor.get(path)
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [original(row["subject"]) for row in rows] == [ticket.subject]
    assert (rows[0]["ticket"], rows[0]["rating"], rows[0]["comment"]) == (ticket.reference, "1", "Rated 1")
    assert rows[0]["date"].endswith("Z")
