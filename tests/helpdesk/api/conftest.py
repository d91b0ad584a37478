"""A client that speaks the API with somebody's token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from helpdesk import actions
from tickets.models import User


class Caller:
    """Requests with one person's token. Answers come as Django's test response; `.json()` reads them."""

    def __init__(self, person: User | None) -> None:
        self.headers = {}
        if person is not None:
            _token, secret = actions.issue_token(person, by=None)
            self.headers["Authorization"] = f"Token {secret}"
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key is not None else {})
        data = json.dumps({} if body is None else body)
        return self.client.post(f"/api/v1/{path}", data, content_type="application/json", headers=headers)


@pytest.fixture
def call(db: None) -> Callable[[User | None], Caller]:
    """`call(cast.mira).get("tickets/")`."""
    return Caller
