"""A browser of an administrator, and what its forms need."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.cast import Cast
from tickets.models import User


class Browser:
    """Opens pages and sends their forms as a person's browser would, with the form's own key."""

    def __init__(self, person: User) -> None:
        self.client = Client()
        self.client.force_login(person)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query)

    def send(self, path: str, fields: dict[str, Any] | None = None, *, once: str = "", page: str = "") -> Any:
        """Post to `path`; the form's key is read from `page` (default: the same address)."""
        html = "" if once else self.client.get(page or path).content.decode()
        key = once or re.search(r'name="once" value="([^"]+)"', html)[1]  # type: ignore[index]
        return self.client.post(path, {"once": key} | (fields or {}))


@pytest.fixture
def root(cast: Cast) -> Browser:
    return Browser(cast.root)


@pytest.fixture
def mira(cast: Cast) -> Browser:
    return Browser(cast.mira)
