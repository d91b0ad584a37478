"""A relation's figures: groups, histograms and quantiles of one statement are those of its rows."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.scores import kaplan_meier, percentile
from helpdesk.reports.figures import merged, waits
from helpdesk.reports.filters import read
from helpdesk.reports.metrics import DEFINITIONS
from sla.models import Clock, Measurement

pytestmark = pytest.mark.tampers

NOW = timezone.now()
SHARES = (0.1, 0.5, 0.9)


@pytest.fixture
def relation(cast, open_ticket):
    """First responses of two thousand tickets (one of them, copied) that took seconds to weeks."""
    ticket = open_ticket(at=NOW - timedelta(days=3))
    clock = Clock(ticket=ticket, metric="first_response", started_at=ticket.opened_at, state="fulfilled")
    chance, rows = random.Random(7), []
    Clock.objects.filter(ticket=ticket).delete()
    values = {field.attname: getattr(clock, field.attname) for field in Clock._meta.fields}
    clocks = [Clock(**(values | {"instance": instance})) for instance in range(1, 2001)]
    Clock.objects.bulk_create(clocks)
    for one in clocks:
        took = timedelta(seconds=round(10 ** chance.uniform(0.5, 6), 3))
        rows.append(
            Measurement(
                clock=one,
                ticket=ticket,
                metric=one.metric,
                instance=one.instance,
                opened_at=ticket.opened_at,
                started_at=ticket.opened_at,
                stopped_at=ticket.opened_at + took,
                working=took,
                calendar=took,
                verdict=chance.choice(("met", "missed", "unpromised")),
                team_id=chance.choice((cast.billing.pk, cast.tech.pk)),
                agent_id=chance.choice((cast.mira.pk, None)),
                priority=chance.randint(1, 4),
                channel="mail",
            )
        )
    Measurement.objects.bulk_create(rows)
    return DEFINITIONS["first-response"].relation(read({}, timezone.now()))


def test_what_one_pass_says_is_what_the_rows_say(relation):
    rows = relation.rows("value", 9999)
    assert len(rows) == 2000
    sums = relation.sums((), ("team",), ("agent", "priority"))
    assert sums[()] == {(): {name: relation.sliced(name).count() for name in relation.slices}}
    for key, counts in sums["agent", "priority"].items():
        members = [row for row in rows if (row.agent, row.priority) == key]
        assert (counts["all"], counts["met"]) == (len(members), sum(row.verdict == "met" for row in members))
    quantiles = relation.quantiles((), ("team",), slices=("all",), shares=SHARES)
    for (team,), told in quantiles["team",].items():
        values = [row.value for row in rows if row.team == team]
        assert [told.within(share) for share in SHARES] == [percentile(values, share) for share in SHARES]
        assert told.n == sums["team",][team,]["all"]


def test_a_median_of_the_histogram_was_observed_and_is_too_long_by_less_than_its_error(relation):
    rows = relation.rows("value", 9999)
    exact = kaplan_meier((row.value, row.done) for row in rows)
    found, _others = relation.histograms(("team",), ("agent",), slices=("met", "missed"))
    whole = merged(found["team",].values())
    assert len(whole.buckets) < 1900
    assert waits(whole) == waits(merged(found["agent",].values()))
    assert whole.counts["met"] == relation.sliced("met").count()
    observed = {row.value for row in rows}
    for share in SHARES:
        said, true = waits(whole).curve.quantile(share), exact.quantile(share)
        assert said in observed
        assert true <= said <= true * 1.002
