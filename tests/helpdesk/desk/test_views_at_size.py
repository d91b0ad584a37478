"""What a page of a view costs among many tickets: its own rows, wherever they stand in the order."""

from __future__ import annotations

from itertools import islice

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.plans import cost_of
from helpdesk.desk import listing
from tickets.models import Team

MANY = 1500
# A third waits, and stands behind all others; of the rest the later half belongs to nobody. Every tenth is of
# tech, whose tickets owe nothing: they come last.
FILL = """
INSERT INTO tickets_ticket (subject, requester_id, team_id, assignee_id, priority, status, type, channel,
    spoke_first, opened_at, updated_at, unanswered_since, event_seq)
SELECT 'No. ' || n, %(requester)s, CASE WHEN n %% 10 = 0 THEN %(tech)s ELSE %(billing)s END,
    CASE WHEN n > %(many)s / 2 AND n %% 3 > 0 THEN NULL WHEN n %% 20 = 1 THEN %(mira)s ELSE %(sue)s END,
    1 + n %% 4, CASE WHEN n %% 3 = 0 THEN 'waiting' ELSE 'open' END, 'question', 'mail', 'customer',
    now(), now(), CASE WHEN n %% 3 > 0 THEN now() END, 1
FROM generate_series(1, %(many)s) n;
INSERT INTO sla_ticketdue (ticket_id, place_at, metric, state, pause_reason)
SELECT id, CASE WHEN team_id = %(tech)s THEN '9999-01-01Z' WHEN status = 'waiting' THEN '9000-01-01Z'
    ELSE now() + id * interval '1 minute' END, '', '', '' FROM tickets_ticket;
ANALYZE tickets_ticket;
ANALYZE sla_ticketdue;
"""


@pytest.fixture
def many(cast):
    given = {
        "requester": cast.priya.pk,
        "billing": cast.billing.pk,
        "tech": cast.tech.pk,
        "mira": cast.mira.pk,
        "sue": cast.sue.pk,
        "many": MANY,
    }
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n")[:-1]:
            cursor.execute(statement, given)
        # So small tables may as well be read whole. Asked is whether they need not.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


VIEWS = ("mine", "team", "unassigned", "waiting", "open")


def pages_of(person, view):
    """The statements that list the first and the next page of a view, each with how many tickets it shows."""
    key = None
    while True:
        with CaptureQueriesContext(connection) as made:
            shown, key = listing.page(
                lambda user: listing.in_view(user, view),
                person,
                key,
                parts=lambda user: listing.parts(user, view),
            )
        yield made.captured_queries[-1]["sql"], len(shown)
        if key is None:
            return


def test_a_page_of_any_view_reads_its_own_rows_and_few_more(many, cast):
    Team.objects.filter(pk=cast.tech.pk).update(open_to_all_agents=True)
    found = {
        (person.name, view, nth): (cost_of(statement).rows, shown)
        for person in (cast.mira, cast.gus, cast.sue)
        for view in VIEWS
        for nth, (statement, shown) in enumerate(islice(pages_of(person, view), 2))
    }
    # A row is read from what is owed, from the tickets, and with its people.
    assert {key: read for key, (read, shown) in found.items() if read > 6 * max(shown, 10)} == {}
    assert sum(shown == listing.PAGE for _read, shown in found.values()) >= 20
