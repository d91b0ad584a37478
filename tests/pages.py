"""Every page of the product: what each route with a page answers to whom, in the access matrix's world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse

from tests.matrix import IN, Someone, World, ask, likeness
from tests.matrix_rows import ROWS, Row

NO_PAGE = {
    "api:*": "programs read it (its description for people, api:docs, is a page)",
    "livez": "a word for probes",
    "healthz": "figures for probes",
    "logo": "a picture",
    "brand": "a style sheet",
    "look": "takes a form",
    "language": "takes a form",
    "mailbox:*": "only for who sits at the machine of a first try; its tests look at it",
    "account_signup": "leads to the sign-in",
    "account_confirm_login_code": "only while a code is on its way; its tests look at it",
    "account_join": "a secret link: a wrong one leads to the sign-in",
    "account_join_here": "only with a secret link; its tests look at it",
    "account_first_admin": "a secret link: a wrong one leads to the sign-in",
    "account_first_here": "only before there is an administrator; its tests look at it",
    "portal:check_email": "only after a form; its tests look at it",
    "portal:confirm": "a secret link: it leads on to the page",
    "portal:confirm_here": "only with a secret link; its tests look at it",
    "portal:guest_link": "leads on to the ticket",
    "portal:news": "a part of the ticket; by itself it leads there",
    "portal:attachment": "a file",
    "portal:file": "a link that a mail carries; its tests look at it",
    "portal:file_download": "a file",
    "surveys:thanks": "only after an answer; its tests look at it",
    "surveys:solved_thanks": "only after an answer; its tests look at it",
    "desk:news": "a part of the queue; by itself it leads there",
    "desk:ticket-news": "a part of the ticket; by itself it leads there",
    "desk:there": "a part of the queue; by itself it leads there",
    "desk:views": "a part of the queue; by itself it leads there",
    "desk:palette": "a part of every page; by itself it leads to the search",
    "desk:notifications-count": "a part of every page; by itself it leads to the notifications",
    "desk:message-html": "the customer's own mail, in a frame that runs nothing",
    "desk:show-images": "the same, with its pictures",
    "desk:original": "a file",
    "desk:attachment": "a file",
    "reports:export": "a file",
    "reports:choices": "a part of the filters; by itself it leads to a report",
    "setup:mail_raw": "a file",
    "setup:mail_delivery_raw": "a file",
    "setup:wording_preview": "a mail, in a frame that runs nothing",
}
"""Routes that answer no page of ours, each with the reason."""
MORE: list[tuple[str, str, Callable[[World], str]]] = [
    ("desk:ticket", "administrator", lambda world: f"/desk/tickets/{world.things[0].ticket.pk}/?write=note"),
    ("desk:ticket", "administrator", lambda world: f"/desk/tickets/{world.things[0].ticket.pk}/?why=1"),
    ("desk:ticket", "administrator", lambda world: "/desk/tickets/999999/"),
    ("desk:queue", "administrator", lambda world: "/desk/?view=mine"),
    ("desk:search", "administrator", lambda world: "/desk/search/?q=nothing-like-it"),
    ("portal:ticket", "customer", lambda world: "/tickets/999999/"),
    ("portal:tickets", "customer", lambda world: "/tickets/?show=solved"),
    ("portal:welcome", "customer", lambda world: "/nowhere/"),
    (
        "setup:hours",
        "administrator",
        lambda world: "/setup/hours/?t-channel=mail&t-type=question&t-priority=2",
    ),
    ("setup:hours_calendar", "administrator", lambda world: f"{_calendar(world)}?month=2026-12&amount=8+h"),
    ("setup:hours_calendar_day", "administrator", lambda world: f"{_calendar(world)}day/?date=2026-12-24"),
    (
        "setup:hours_calendar_public",
        "administrator",
        lambda world: f"{_calendar(world)}public/?country=DE&region=BE",
    ),
]
"""More states of pages: the route, who looks, the path."""


def _calendar(world: World) -> str:
    return f"/setup/hours/calendars/{world.ids['calendar']}/"


BY_POWER = (
    "administrator", "supervisor", "agent", "agent of another team", "customer", "colleague",
    "other customer", "person in copy", "guest", "anonymous", "deactivated agent",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A whole page: of which route, to whom, at which path."""

    name: str
    someone: Someone
    path: str
    response: Any
    method: str = "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path} as {self.someone.name}"


def is_without_page(name: str) -> bool:
    return name in NO_PAGE or (f"{name.partition(':')[0]}:*" in NO_PAGE and name != "api:docs")


def is_page(response: Any) -> bool:
    kind = response.headers.get("Content-Type", "")
    return kind.startswith("text/html") and b"<html" in response.content


def pages(world: World) -> Iterator[Answer]:
    """Each route once, to the most powerful person who gets a page."""
    for name, row in _rows():
        found = next(_answers(world, name, row, "GET"), None)
        if found is not None:
            yield found
    yield from _more(world)


def _more(world: World) -> Iterator[Answer]:
    people = {someone.name: someone for someone in world.people}
    for name, who, path in MORE:
        response = ask(world, people[who], "GET", path(world))
        assert is_page(response), path(world)
        yield Answer(name, people[who], path(world), response)


def pages_for_everybody(world: World) -> Iterator[Answer]:
    """Each route to each person who may see it, and what an empty form is answered; no page twice."""
    seen: set[bytes] = set()
    for name, row in _rows():
        for method in ("GET", "POST"):
            for answer in _answers(world, name, row, method):
                body = likeness(answer.response, 0)
                if body not in seen:
                    seen.add(body)
                    yield answer
    yield from _more(world)


def _rows() -> Iterator[tuple[str, Row]]:
    for name, rows in sorted(ROWS.items()):
        for row in rows:
            if not is_without_page(name):
                yield name, row


def _answers(world: World, name: str, row: Row, method: str) -> Iterator[Answer]:
    rule = row.get if method == "GET" else row.post
    if rule is None:
        return
    people = sorted(world.people, key=lambda one: BY_POWER.index(one.name))
    for someone in people:
        thing = next((thing for thing in world.things if rule(someone, thing) == IN), None)
        if thing is None:
            continue
        path = reverse(name, args=row.args(world, thing)) + row.query(world, thing)
        with transaction.atomic():
            response = ask(world, someone, method, path)
            transaction.set_rollback(True)
        if response.status_code in (200, 409, 422) and is_page(response):
            yield Answer(name, someone, path, response, method)
