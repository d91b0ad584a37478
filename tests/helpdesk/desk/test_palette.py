"""The options of the palette."""

from __future__ import annotations

import re

from tests.helpdesk.desk.pages import words
from tickets import actions

PART = {"HTTP_HX_REQUEST": "true"}


def test_the_palette_offers_the_tickets_actions_places_tickets_and_people(mira, ticket, cast):
    page = mira.get(f"/desk/palette/?words=re&ticket={ticket.pk}", **PART).content.decode()
    plain = re.sub(r"<[^>]+>", "", page)
    for word in ("Reply to Priya", "Resolve", "Reports", "Refund missing", "results"):
        assert word in plain
    assert f'data-post="/desk/tickets/{ticket.pk}/resolve/' in page
    assert "Customers" not in plain
    assigning = mira.get(f"/desk/palette/?words=assign+sue&ticket={ticket.pk}", **PART).content.decode()
    assert f'data-field-to="{cast.sue.pk}"' in assigning
    assert "Priya Nair" in words(mira.get("/desk/palette/?words=priya", **PART))
    assert mira.get("/desk/palette/?words=re")["Location"] == "/desk/search/?q=re"


def test_what_others_wrote_is_no_markup_and_what_is_foreign_is_not_offered(mira, open_ticket, cast):
    open_ticket(subject="<b>Zebra</b> <script>alert(1)</script>")
    foreign = open_ticket(team=cast.tech, subject="Zebrafish secret", words="zebrafish")
    actions.add_note(foreign, "zebrafish note", by=cast.gus)
    for text in ("zebra", str(foreign.pk), ""):
        answer = mira.get("/desk/palette/", {"words": text, "ticket": foreign.pk}, **PART)
        assert "secret" not in words(answer)
        assert f"tickets/{foreign.pk}/" not in answer.content.decode()
        assert "<script" not in answer.content.decode()
    part = mira.get("/desk/palette/?words=zebra", **PART).content.decode()
    assert "&lt;b&gt;<mark>Zebra</mark>&lt;/b&gt;" in part


def test_the_number_of_queries_does_not_grow(mira, open_ticket, django_assert_max_num_queries, cast):
    tickets = [open_ticket(subject=f"Refund {n}") for n in range(8)]
    with django_assert_max_num_queries(19):
        mira.get(f"/desk/palette/?words=refund&ticket={tickets[0].pk}", **PART)
