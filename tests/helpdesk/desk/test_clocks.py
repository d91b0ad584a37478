"""The clocks at the head of the ticket page, and the sheet that says why they read what they read."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from sla import actions as sla_actions
from sla.models import MetricName, Policy
from tests.helpdesk.desk.pages import words
from tickets import actions
from tickets.models import Ticket

HOUR = 3600


@pytest.fixture
def everything(promises: None) -> Policy:
    """The default policy, promising all seven metrics: the more encompassing, the later."""
    targets = {
        metric: {str(priority): {"seconds": hours * HOUR} for priority in (1, 2, 3, 4)}
        for hours, metric in enumerate(MetricName.values, 10)
    }
    return sla_actions.edit_policy(Policy.objects.get(), spec={"targets": targets}, by=None)


def ledgers(client: Client, ticket: Ticket) -> list[str]:
    """The names of the clocks that the sheet explains."""
    html = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    return re.findall(r'<section class="card ledger" aria-label="([^"]*)"', html)


def test_the_head_shows_the_few_most_urgent_clocks_and_the_sheet_all(mira, cast, everything, open_ticket):
    ticket = open_ticket()
    assert ledgers(mira, ticket) == ["First reply", "Total wait", "Total work", "Resolve", "Final resolve"]
    actions.reply(ticket, "Hello", by=cast.mira, channel="mail")
    page = mira.get(f"/desk/tickets/{ticket.pk}/")
    chips = page.content.decode().count('class="ticket__clock"')
    assert chips == 3
    text = words(page).partition("Why?")[0]
    assert [name in text for name in ("Update by", "Total wait by", "Total work by")] == [True] * 3
    assert "First reply met" not in text
