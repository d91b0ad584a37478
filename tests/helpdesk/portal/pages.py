"""Reading pages as a person does: their words, their forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client


def words(response: HttpResponse) -> str:
    """What a reader sees, in one line."""
    page = response.content.decode()
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def once_key(response: HttpResponse, action: str = "") -> str:
    """The one-time key of the page's form (the first one, or the one that posts to `action`)."""
    page = response.content.decode()
    start = page.index(f'action="{action}"') if action else 0
    found = re.search(r'name="once" value="([^"]+)"', page[start:])
    assert found, "the page has no one-time key"
    return found[1]


def send(client: Client, path: str, form_path: str | None = None, **fields: Any) -> HttpResponse:
    """Load the form of `form_path` (default: `path` itself) and post its fields to `path`."""
    key = once_key(client.get(form_path or path))
    return client.post(path, {"once": key} | fields)
