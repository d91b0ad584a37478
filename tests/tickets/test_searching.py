"""What can be typed into a search, and what it finds for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sla import actions as sla_actions
from tickets import access, actions, finding, searching
from tickets.models import Ticket
from tickets.searching import BadQuery, parse


@pytest.fixture
def desk(open_ticket, cast):
    """Three tickets by the names that the tables below use."""
    sla_actions.install_defaults()
    refund = open_ticket(words="Please send my money back to the café.")
    actions.assign(refund, cast.mira, by=cast.sue)
    actions.tag(refund, "money", by=cast.sue)
    printer = open_ticket(
        subject="Printer burns", requester=cast.bob, team=cast.tech, channel="portal", priority=4
    )
    invoice = open_ticket(subject="Invoice copy", words="A refund would be fine, too")
    actions.set_waiting(invoice, by=cast.mira)
    return {"refund": refund, "printer": printer, "invoice": invoice}


def named(tickets, desk) -> set[str]:
    numbers = {ticket.pk: name for name, ticket in desk.items()}
    return {numbers[ticket.pk] for ticket in tickets}


def test_every_term_finds_what_it_says(desk, cast):
    everything = {"refund", "printer", "invoice"}
    for text, expected in (
        ("is:open", {"refund", "printer"}),
        ("is:waiting", {"invoice"}),
        ("IS:hold", set()),
        ("-is:waiting", {"refund", "printer"}),
        ("is:unresolved", everything),
        ("is:unanswered", everything),
        ("is:unassigned", {"printer", "invoice"}),
        ("is:late", set()),
        ("assignee:me", set()),
        ("assignee:none", {"printer", "invoice"}),
        ("assignee:mira", {"refund"}),
        ("team:tech", {"printer"}),
        ('-team:"Tech"', {"refund", "invoice"}),
        ("from:priya", {"refund", "invoice"}),
        ("from:bob@customers.example", {"printer"}),
        ("org:nordlicht", {"refund", "invoice"}),
        ("-org:nordlicht", {"printer"}),
        ("tag:MONEY", {"refund"}),
        ("-tag:money", {"printer", "invoice"}),
        ("priority:urgent", {"printer"}),
        ("channel:email", {"refund", "invoice"}),
        ("due:<1m", set()),
        ("-due:late", everything),
        ("before:today", set()),
        ("after:today", everything),
        ("before:2026-11-01 after:1.1.2026", set()),
        ("refund", {"refund", "invoice"}),
        ("refund -copy", {"refund"}),
        ("refund -tag:money", {"invoice"}),
        ("-refund", {"printer"}),
        ("cafe", {"refund"}),
        ("CAFÉ", {"refund"}),
        ('"refund missing"', {"refund"}),
        ("“missing refund”", set()),
        ("prin bur", {"printer"}),
        ("brightmill", {"printer"}),
        ("nair", {"refund", "invoice"}),
        ("!!!", set()),
        ("http://x", set()),
        ("'; DROP \\ :* & | !", set()),
        ("", everything),
    ):
        found = named(searching.apply(Ticket.objects.all(), parse(text, cast.sue)), desk)
        assert found == expected, text


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("color:red", ("color:", "assignee:", "quotes")),
        ("is:lost", ("is:", "lost", "unanswered")),
        ("team:sales", ("sales", "Billing, Tech")),
        ("assignee:nobodyhere", ("nobodyhere", "me")),
        ("priority:9", ("urgent",)),
        ("due:soon", ("due:<2h",)),
        ("before:2026-02-30", ("before:20",)),
        ("after:0001-01-01", ("after:20",)),
        ("from:", ("from:",)),
        ("x" * 401, ("400",)),
        ("a " * 40, ("20",)),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(cast, text, say):
    with pytest.raises(BadQuery) as refused:
        parse(text, cast.sue)
    assert [word for word in say if word not in str(refused.value)] == []


def test_a_term_can_be_taken_out_and_nothing_else_is_lost(cast):
    query = parse('is:open -tag:"two words" "big refund" late', cast.sue)
    assert [(term.key, term.value) for term in query.terms] == [("is", "open"), ("tag", "two words")]
    assert query.words == '"big refund" late'
    assert query.without(query.terms[0]) == '-tag:"two words" "big refund" late'


def test_days_begin_at_midnight_in_the_readers_zone(ticket, cast):
    cast.sue.time_zone = "Pacific/Auckland"
    day = parse("after:2026-11-01", cast.sue).condition.children[0][1]
    assert day.isoformat() == "2026-11-01T00:00:00+13:00"


def test_customers_have_words_only(desk, cast):
    for text, expected in (("refund", {"refund", "invoice"}), ("is:open", set()), ("team:sales", set())):
        query = parse(text, cast.priya)
        assert not query.terms
        assert named(searching.apply(access.visible_to(cast.priya), query), desk) == expected


def test_no_words_of_a_note_reach_who_does_not_work_there(desk, open_ticket, cast):
    """Gus asked something of billing: he may follow it as its requester, its notes are not his."""
    own = open_ticket(requester=cast.gus, subject="My badge", words="It broke")
    actions.add_note(own, "Gus pretends, zebrafish", by=cast.mira)
    actions.add_note(desk["refund"], "Zebrafish again", by=cast.mira)
    for reader, number in ((cast.priya, 0), (cast.gus, 0), (cast.mira, 2), (cast.sue, 2)):
        for text in ("zebrafish", '"zebrafish again"', "zebrafish -zebrafish"):
            found = searching.apply(access.visible_to(reader), parse(text, reader)).count()
            assert found == {"zebrafish": number, '"zebrafish again"': min(number, 1)}.get(text, 0)
    # What is excluded tells nothing either.
    seen = searching.apply(access.visible_to(cast.gus), parse("badge -zebrafish", cast.gus))
    assert seen.get() == own


def test_open_ones_come_first_and_subjects_before_messages(desk, cast):
    query = parse("refund", cast.sue)
    found = searching.found(Ticket.objects.all(), query)
    assert [hit.ticket for hit in found.hits] == [desk["refund"], desk["invoice"]]
    assert [hit.words for hit in found.hits] == ["", "A refund would be fine, too"]
    assert (found.unresolved, found.settled, found.is_settled) == (2, 0, False)
    for ticket in (desk["refund"], desk["invoice"]):
        actions.resolve(ticket, by=cast.sue)
    found = searching.found(Ticket.objects.all(), query)
    assert (found.unresolved, found.settled, found.is_settled, len(found.hits)) == (0, 2, True, 2)
    assert searching.found(Ticket.objects.all(), query, settled=False).hits == []


def test_of_very_frequent_words_the_newest_are_looked_at(desk, open_ticket, cast, monkeypatch):
    """The planner is asked how many there are; where it errs, nothing is lost but time."""
    for n in range(5):
        open_ticket(subject=f"Refund {n}")
    monkeypatch.setattr(finding, "FEW", 1)
    monkeypatch.setattr(finding, "ENOUGH", 1)
    found = finding.candidates(cast.sue, ["refund"])
    assert found.is_capped
    assert found.tickets
    monkeypatch.setattr(finding, "_expected", lambda rows: 1_000_000)
    assert finding.candidates(cast.sue, ["burns"]).titled == {desk["printer"].pk}


def test_mistyped_names_are_found_by_likeness(cast):
    assert cast.priya in finding.people_like(cast.sue, "pryia nair")
    assert finding.people_like(cast.priya, "mira") == []
    assert cast.paul in finding.people_named(cast.sue, "weber nordlicht")


@pytest.mark.tampers
def test_a_long_message_is_stored_whole_and_searched_at_its_beginning(open_ticket, cast):
    long = open_ticket(words="beginning " + "".join(f"w{n} " for n in range(200_000)))
    assert searching.apply(Ticket.objects.all(), parse("beginning", cast.sue)).get() == long
    old = timezone.now() - timedelta(days=3)
    Ticket.objects.filter(pk=long.pk).update(opened_at=old)
    assert searching.apply(Ticket.objects.all(), parse("before:yesterday", cast.sue)).get() == long
