"""What the tests of promises share: the default policy, installed before tickets are opened."""

from datetime import UTC, datetime, timedelta

import pytest

from sla import actions as sla_actions
from sla.models import Clock

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday in the past, at opening time of the default calendar (UTC, Monday to Friday, 9 to 17)."""


def after(**span):
    return MONDAY + timedelta(**span)


@pytest.fixture
def policy(db):
    """The default policy: normal priority, first and next reply 4 h, resolution 24 h of working time."""
    return sla_actions.install_defaults()[1]


@pytest.fixture
def opened(policy, open_ticket):
    """Open a ticket of Priya's under the default policy, on that Monday at nine unless told otherwise."""

    def _open(**given):
        return open_ticket(**({"at": MONDAY} | given))

    return _open


@pytest.fixture
def clock_of():
    """The clock of a ticket by metric (and instance)."""

    def _clock(ticket, metric, instance=1):
        return Clock.objects.get(ticket=ticket, metric=metric, instance=instance)

    return _clock
