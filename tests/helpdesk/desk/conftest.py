"""Signed-in browsers for the desk's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from sla import actions as sla_actions
from tests.cast import Cast
from tickets.models import User


@pytest.fixture(autouse=True)
def promises(db: None) -> None:
    """The default calendar and policy, so that every ticket has clocks."""
    sla_actions.install_defaults()


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """A browser in which the given person is signed in."""

    def _browser(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return _browser


@pytest.fixture
def mira(cast: Cast, browser: Callable[[User], Client]) -> Client:
    """Mira, agent in billing, at the desk."""
    return browser(cast.mira)
