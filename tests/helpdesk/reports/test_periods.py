"""Periods know from when until when the clocks of their zone stand how."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpdesk.reports.periods import Period

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
HOUR = timedelta(hours=1)


def test_the_clocks_of_a_period_change_at_the_very_second():
    assert Period(*YEAR, ZoneInfo("Europe/Berlin")).offsets == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), 3600),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 7200),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), 3600),
    ]


@pytest.mark.parametrize(
    "name", ["Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca"]
)
def test_the_offsets_of_a_period_are_those_of_its_zone_all_year(name):
    period = Period(*YEAR, ZoneInfo(name))
    found, at, offsets = [], period.since.astimezone(UTC), period.offsets
    while at < period.until:
        [ahead, *_later] = [ahead for until, ahead in offsets if at < until]
        found.append(timedelta(seconds=ahead) == at.astimezone(period.zone).utcoffset())
        at += 7 * HOUR
    assert all(found)
    assert offsets[-1][0] == period.until
