"""Whom a note names with an @, and who hears of it."""

import pytest

from helpdesk.models import Delivery
from tickets import actions, queries
from tickets.mentions import mentioned
from tickets.models import User

MIRA, MIRKO, LEE = User(pk=1, name="Mira Koch"), User(pk=2, name="Mirko Öz"), User(pk=3, name="Lee Öz")
MIRA_TWO = User(pk=4, name="Mira Stein")


@pytest.mark.parametrize(
    ("text", "people", "named"),
    [
        ("@Mira Koch, please", [MIRA, MIRKO], [MIRA]),
        ("ask @mira and (@LEE ÖZ)", [MIRA, LEE], [MIRA, LEE]),
        ("@Mira Koch and @Mira", [MIRA, MIRA_TWO], [MIRA]),
        ("mail mira@mira.example", [MIRA], []),
        ("@Mirabelle @Mira_x @ Mira @", [MIRA], []),
        ("@Mira Kochs", [MIRA], [MIRA]),
        ("@Lee @Lee Öz @lee", [LEE], [LEE]),
    ],
)
def test_a_name_behind_an_at_sign_names_whoever_is_called_so(text, people, named):
    assert mentioned(text, people) == named


def test_nobody_is_told_of_themselves_or_after_declining(cast, ticket):
    actions.edit_person(cast.sue, by=cast.sue, preferences={"mail": {"ticket.mentioned": False}})
    actions.add_note(ticket, "@Sue Park @Mira Koch", by=cast.mira)
    assert not Delivery.objects.filter(template="ticket.mentioned").exists()
    assert queries.in_view(cast.sue, "mentions").exists()
