"""Places in saved replies: data from a fixed list, filled once, and what is missing is named."""

from __future__ import annotations

import pytest

from helpdesk import saved_replies
from helpdesk.models import SavedReply


def test_every_place_is_filled_and_what_was_put_in_is_not_read_again():
    values = saved_replies.EXAMPLE | {"customer.name": "{agent.name}"}
    filled = saved_replies.fill("{customer.name}, #{ticket.number}: {agent}", values)
    assert filled.text == "{agent.name}, #1042: Mira"
    assert filled.left == ()


def test_an_unknown_and_an_empty_place_stay_and_are_named_once():
    values = saved_replies.EXAMPLE | {"customer.organization": " "}
    filled = saved_replies.fill("{customer.organization} {foo} {foo} {x y} {{ {customer.__class__}", values)
    assert filled.text == "{customer.organization} {foo} {foo} {x y} {{ {customer.__class__}"
    assert filled.left == ("{customer.organization}", "{foo}", "{customer.__class__}")


def test_values_come_from_the_ticket_and_its_reader(cast, ticket):
    values = saved_replies.values_for(ticket, cast.mira)
    assert values.keys() == saved_replies.PLACES.keys() == saved_replies.EXAMPLE.keys()
    assert (values["customer.organization"], values["team.name"]) == ("Nordlicht GmbH", "Billing")


@pytest.mark.parametrize(("asked", "found"), [("", ["B", "A"]), ("bank", ["A", "B"]), ("bank refund", ["B"])])
def test_hits_in_the_title_come_first_without_words_the_folders_order(cast, ticket, asked, found):
    SavedReply.objects.create(title="A", text="Ask the bank", folder="Z", uses=5)
    SavedReply.objects.create(title="B", text="bank", folder="Refund")
    SavedReply.objects.create(title="bank", text="bank refund", team=cast.tech)
    rows = saved_replies.matching(saved_replies.offered_on(ticket), asked)
    assert [row.title for row in rows] == found
