"""Visitors of the portal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.cast import Cast
from tickets.models import User


@pytest.fixture
def browser() -> Client:
    """A browser in which nobody is signed in."""
    return Client()


@pytest.fixture
def signed_in(cast: Cast) -> Callable[[User], Client]:
    """A browser in which somebody is signed in."""

    def _signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return _signed_in
