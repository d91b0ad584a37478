"""What a customer and we had to do with each other, in the ticket's panel and on a page of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.desk.timeline import timeline
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """Asked, answered, noted and resolved, an hour between each."""
    at = timezone.now() - timedelta(hours=5)
    made = actions.open_ticket(
        requester=cast.priya, subject="Label", words="Hello", team=cast.billing, by=cast.priya,
        channel="mail", at=at,
    )  # fmt: skip
    hour = timedelta(hours=1)
    actions.reply(made, "It is on its way.", by=cast.mira, channel="mail", at=at + hour)
    actions.add_note(made, "Was rude on the phone.", by=cast.mira, at=at + 2 * hour)
    actions.resolve(made, by=cast.mira, at=at + 3 * hour)
    return made


def test_the_latest_comes_first_and_notes_are_no_contact(cast, ticket):
    lines = timeline(cast.priya, cast.mira).lines
    assert [line.words for line in lines] == [
        "Mira resolved the ticket", "Mira answered", "Opened · email",
    ]  # fmt: skip
    assert [line.words for line in timeline(cast.priya, cast.mira, kind="messages").lines] == [
        "Mira answered"
    ]


def test_a_reply_that_was_taken_back_never_was(cast, ticket):
    message = actions.reply(ticket, "Wrong words", by=cast.mira, channel="mail", hold=timedelta(seconds=60))
    actions.withdraw(message, by=cast.mira)
    assert len(timeline(cast.priya, cast.mira, kind="messages").lines) == 1


def test_what_the_reader_may_not_work_on_is_not_told(cast, ticket):
    assert timeline(cast.priya, cast.gus).lines == []


def test_it_is_a_page_by_itself_and_a_part_for_the_panel(client, cast, ticket, django_assert_max_num_queries):
    client.force_login(cast.mira)
    path = f"/desk/customers/{cast.priya.pk}/timeline/?ticket={ticket.pk}&shown=-1"
    with django_assert_max_num_queries(10):
        part = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<section")
    assert "Mira answered" in part
    assert "<h1>Timeline: Priya" in client.get(path).content.decode()
    assert f'hx-get="/desk/customers/{cast.priya.pk}/timeline/' in (
        client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    )
