"""Reading answers of the desk as a person would: words without markup, forms with their hidden fields."""

from __future__ import annotations

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client


def words(response: HttpResponse) -> str:
    """The page's text, tags taken out, spaces made plain."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", text)


def form(response: HttpResponse, path: str) -> dict[str, str]:
    """The hidden fields and the texts of the form that posts to `path` (the part before "?")."""
    page = response.content.decode()
    found = re.search(rf'<form[^>]*action="{re.escape(path)}[?"].*?</form>', page, re.S)
    assert found, f"no form posts to {path}"
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", found[0]):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            fields[name[1]] = html.unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', found[0], re.S):
        fields[name] = html.unescape(text.removeprefix("\n"))
    chosen = re.search(r'<select[^>]*name="(\w+)".*?<option value="([^"]*)" selected', found[0], re.S)
    if chosen:
        fields[chosen[1]] = chosen[2]
    return fields


def send(client: Client, ticket: Any, kind: str, **given: Any) -> HttpResponse:
    """Open the ticket, fill its reply or note form and send it."""
    path = f"/desk/tickets/{ticket.pk}/{kind}/"
    return client.post(path, form(client.get(f"/desk/tickets/{ticket.pk}/"), path) | given)
