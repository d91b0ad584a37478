"""Repeating is safe: the same request twice, also at once, has one effect and one answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction

from helpdesk.models import OnceKey

KEY_LENGTH = 255


class KeyReused(Exception):
    """The key came back with another body: it is not a repetition. Nothing was done."""


def once(owner: str, key: str, body: bytes, act: Callable[[], Any]) -> tuple[Any, bool]:
    """Run `act` for the first request with this key and give every repetition its answer.

    `owner` says whose key it is ("user:7", "guest:…"), so that people cannot meet each other's keys.
    `act` returns
    something that JSON can hold. Runs in one transaction with the key: a failed act leaves no key
    behind. A second
    request at the same time waits for the first. Returns (answer, whether it was a repetition).

    Raises KeyReused for another body under a known key, ValueError for a key that is empty or too long.
    """
    if not 0 < len(key) <= KEY_LENGTH:
        raise ValueError(f"the key must have 1 to {KEY_LENGTH} signs")
    digest = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        mine = OnceKey(owner=owner, key=key, body_hash=digest)
        OnceKey.objects.bulk_create([mine], ignore_conflicts=True)
        row = OnceKey.objects.select_for_update().get(owner=owner, key=key)
        if row.body_hash != digest:
            raise KeyReused
        if row.answer is not None:
            return row.answer, True
        answer = act()
        row.answer = answer
        row.save(update_fields=["answer"])
        return answer, False
