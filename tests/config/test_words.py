"""Translations: what the check finds, and what a renewal keeps."""

from __future__ import annotations

import pytest
from babel.messages.catalog import Catalog

from config import words


@pytest.mark.parametrize(
    ("source", "translation", "fault"),
    [
        ("Due %(time)s", "Fällig %(zeit)s", "other placeholders"),
        ("Hello {name}", "Guten Tag", "other placeholders"),
        ("Press <b>Send</b>", "Wählen Sie Senden", "other markup"),
        ("Take", "", "no translation"),
        (("%(num)s ticket", "%(num)s tickets"), ("%(num)s Ticket", ""), "no translation"),
        ("Take", "Übernehmen ", "other spaces at the ends"),
    ],
)
def test_a_translation_that_would_break_its_sentence_is_named(source, translation, fault):
    catalogue = Catalog(locale="de", fuzzy=False)
    catalogue.add(source, translation)
    assert [one.split(":")[0] for one in words.faults(catalogue)] == [fault]


def test_a_renewal_keeps_what_is_known_and_guesses_nothing():
    old, source = Catalog(locale="de", fuzzy=False), Catalog(fuzzy=False)
    old.add("Take the ticket", "Ticket übernehmen")
    old.add("Gone", "Weg")
    source.add("Take the ticket")
    source.add("Take a ticket")
    new = words.renewed(old, source)
    assert {one.id: one.string or "" for one in new if one.id} == {
        "Take the ticket": "Ticket übernehmen",
        "Take a ticket": "",
    }
    assert words.as_mo(words.as_po(new)) == words.as_mo(words.as_po(new))
