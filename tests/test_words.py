"""Every visible word goes through gettext: in a pseudo language all that is nobody’s data is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

from feedback.models import Cause
from helpdesk import context, kept, times, words
from helpdesk.models import Company, MailSource
from sla import actions as sla_actions
from tests.cast import Cast
from tickets import actions
from tickets.models import Ticket, User

SHOWN_ATTRIBUTES = {
    "title",
    "aria-label",
    "placeholder",
    "alt",
    "data-failed",
    "data-words",
    "data-held-words",
}
NOT_TRANSLATED = {"script", "style", "kbd", "code", "samp", "cite", "option"}
"""Keys, what machines say, titles of books, and choices (zones and languages among them)."""
OWN_NAMES = {"CSV", "PDF", "API", "UTC", "SLA", "DNS", "SMTP", "JSON", "min"}
"""What stays as it is in every language; “min” is how durations are typed."""


def _marked(text: str) -> str:
    return f"⟦{text}⟧" if text else text


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language whose every word stands in ⟦brackets⟧. What was kept before, or is now, is forgotten."""
    from django.utils.translation import trans_real

    monkeypatch.setattr(translation, "_trans", _Pseudo(trans_real))
    _forget_kept_words()
    yield
    _forget_kept_words()


def _forget_kept_words() -> None:
    kept.STORE.empty()
    for module in (context, times, words):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


class _Pseudo:
    def __init__(self, real: object) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def gettext(self, message: str) -> str:
        return _marked(message)

    def pgettext(self, context: str, message: str) -> str:
        return _marked(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return _marked(singular if number == 1 else plural)

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        return _marked(singular if number == 1 else plural)


class _Words(HTMLParser):
    """Text and spoken attributes of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[str] = []
        self.goes_on = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.goes_on = self.goes_on and tag == "mark"  # a mark within a text does not end it
        self.found += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]
        if tag in NOT_TRANSLATED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.goes_on = self.goes_on and tag == "mark"
        if tag in self.open:
            self.open.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self.open and self.goes_on:
            self.found[-1] += data
        elif not self.open:
            self.found.append(data)
        self.goes_on = not self.open


def data_words() -> list[str]:
    """Everything that people wrote or that names something, longest first; names also word by word."""
    found: set[str] = set()
    for label in ("tickets", "sla", "feedback", "duty", "followup", "helpdesk"):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, models.CharField | models.TextField) and not field.choices:
                    rows = model._default_manager.values_list(field.name, flat=True)[:500]
                    found.update(str(value) for value in rows if value)
                    if field.name == "name":
                        found.update(word for value in rows for word in str(value).split())
    found.update(person.initials for person in User.objects.all())
    found.update(name for cause in Cause.objects.all() for name in cause.words.values())
    found.update(str(name) for _code, name in [*settings.LANGUAGES, *MailSource.Provider.choices])
    return sorted(found, key=len, reverse=True)


def bare(page: str, data: list[str]) -> list[str]:
    """Words of a page that are neither marked nor data."""
    words = _Words()
    words.feed(page)
    whole = "\x1f".join(words.found)
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", whole)) != whole:
        whole = shorter
    left = []
    known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, data))})(?!\w)")
    for text in whole.split("\x1f"):
        rest = known.sub(" ", text)
        rest = re.sub(r"\S+@\S+|https?://\S+|\b[0-9a-f]{8,}\b", " ", rest)
        strange = [word for word in re.findall(r"[^\W\d_]{2,}", rest) if word not in OWN_NAMES]
        if strange:
            left.append(text.strip())
    return left


def plain_routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Every address without arguments that shows a page."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            yield from plain_routes(pattern.url_patterns, route)
        elif "<" not in route and "(" not in route and not route.startswith("/api/"):
            yield route


def test_no_page_shows_a_bare_literal(cast: Cast, ticket: Ticket, pseudo: None) -> None:
    Company.objects.create(pk=1, name="Acme", time_zone="UTC")
    sla_actions.install_defaults()
    ticket.refresh_from_db()
    actions.reply(ticket, "We look into it", by=cast.mira, channel="mail", then="waiting")
    actions.add_note(ticket, "Ask finance", by=cast.sue)
    actions.assign(ticket, cast.mira, by=cast.sue)
    actions.tag(ticket, "refund", by=cast.sue)
    actions.prioritize(ticket, 4, by=cast.sue)
    data = data_words()
    number = ticket.pk
    desk = [f"/desk/tickets/{number}/", f"/desk/customers/{cast.priya.pk}/", "/desk/search/?q=Nair"]
    desk += [f"/desk/?view={view}" for view in ("mine", "team", "open", "soon", "waiting", "unassigned")]
    setup = [f"/setup/people/{cast.mira.pk}/", f"/setup/teams/{cast.billing.pk}/"]
    routes = list(plain_routes(get_resolver().url_patterns))
    wrong = {}
    for person, paths in (
        (cast.root, [*routes, *desk, *setup]),
        (cast.priya, ["/tickets/", f"/tickets/{number}/", "/new/"]),
        (None, ["/new/", "/accounts/login/", "/accounts/login/code/"]),
    ):
        client = Client()
        if person:
            client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        for path in paths:
            if path.startswith(("/accounts/logout", "/look")):
                continue
            answer = client.get(path)
            if answer.status_code != 200 or "text/html" not in answer.get("Content-Type", ""):
                continue
            if left := bare(answer.content.decode(), data):
                wrong[path] = left
    lines = [f"{path}: {text}" for path, texts in wrong.items() for text in texts]
    assert not lines, "\n".join(lines)


def test_the_crawl_would_find_a_bare_literal() -> None:
    page = '<p>⟦Open %(n)s⟧ Priya 3</p><p title="Bare">12:30</p><img alt="⟦x⟧">'
    assert bare(page, ["Priya"]) == ["Bare"]
