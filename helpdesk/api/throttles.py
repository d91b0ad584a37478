"""How many requests a token may make (`settings.API_LIMITS`, each a number a minute)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from helpdesk import limits


class PerToken(BaseThrottle):
    """All requests of a token together. Without a token there is nothing to limit: the answer is 401."""

    scope = "request"

    def __init__(self) -> None:
        self._wait: timedelta | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.auth is None or not self.counts(request):
            return True
        who = getattr(request.auth, "pk", None) or f"person:{request.user.pk}"
        limit = settings.API_LIMITS[self.scope]
        self._wait = limits.wait_for(f"api:{self.scope}", who, limit=limit, per=timedelta(minutes=1))
        return self._wait is None

    def counts(self, request: Request) -> bool:
        return True

    def wait(self) -> float | None:
        """Seconds, for the header Retry-After."""
        return self._wait.total_seconds() if self._wait else None


class SearchPerToken(PerToken):
    """Searching costs more than reading, so it has a limit of its own."""

    scope = "search"

    def counts(self, request: Request) -> bool:
        return "search" in request.query_params
