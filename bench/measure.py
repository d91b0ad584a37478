"""Measures the product at size beside a bare view of the same framework, in the same run.

    .venv/bin/python -m bench.measure --tickets 100000

Starts bundled servers of its own in a temporary folder, fills them with `manage.py seed`, runs our pages and the bare
ones under the same server (granian, two workers each), and prints for each operation both times and the ratio: the median of
nine interleaved pairs, with its quartiles. An A/A pair (the bare view against itself) shows what the machine's noise does.
Queue and ticket page must not make more queries than the tests allow on a handful of tickets; if they do, the run fails.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bench.bundled import ROOT, await_port, bundled, fill, free_port
from bench.timing import interleaved

IDLE_SECONDS = 5.0
QUERIES = {"queue": 23, "ticket": 34}
"""At most so many queries a page, whatever the size of the table: the limits of tests/helpdesk/desk."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument(
        "--data-dir", help="keep the data here and use it again (default: a temporary folder)"
    )
    options = parser.parse_args()
    ports = {"ours": free_port(), "bare": free_port()}
    with ExitStack() as stack:
        stack.enter_context(bundled(options.data_dir, PORT=str(ports["ours"])))
        fill(options.tickets)
        stack.enter_context(_serving("asgi", "config.asgi:application", ports["ours"]))  # as it is shipped
        stack.enter_context(_serving("wsgi", "bench.bare:application", ports["bare"]))
        _measure(ports, options.tickets)


def _measure(ports: dict[str, int], tickets: int) -> None:
    ours, bare = Client(ports["ours"]), Client(ports["bare"])
    cookie, new_token, number = _sign_in()
    page = {"Cookie": cookie}
    _count_queries(cookie, {"queue": "/desk/?view=open", "ticket": f"/desk/tickets/{number}/"})

    def with_token() -> dict[str, str]:
        """Headers with a token of its own for each operation: our rate limits count by token."""
        return {"Authorization": f"Token {new_token()}", "Content-Type": "application/json"}

    creating, replying = with_token(), with_token()

    def get(path: str, headers: dict[str, str]) -> Callable[[], bytes]:
        return lambda: ours.ask("GET", path, headers)

    def create() -> bytes:
        body = {
            "subject": "Printer prints blank pages",
            "text": "Since the update.",
            "requester_email": "customer1@client.example",
        }
        return ours.ask("POST", "/api/v1/tickets/", creating | {"Idempotency-Key": uuid.uuid4().hex}, body)

    def reply() -> bytes:
        body = {"text": "Thank you, we look into it."}
        return ours.ask(
            "POST", f"/api/v1/tickets/{number}/reply/", replying | {"Idempotency-Key": uuid.uuid4().hex}, body
        )

    def beside(path: str) -> Callable[[], bytes]:
        return lambda: bare.ask("GET", path, {})

    print(f"\n{tickets} tickets{'ours':>24}{'bare':>13}   ratio (quartiles)")
    for name, ask, other in (
        ("A/A: bare beside bare", beside("/list/"), beside("/list/")),
        ("queue", get("/desk/?view=open", page), beside("/list/")),
        ("ticket", get(f"/desk/tickets/{number}/", page), beside("/ticket/")),
        ("API list", get("/api/v1/tickets/", with_token()), beside("/json/")),
        ("API search, 1 in 100", get("/api/v1/tickets/?search=refundable", with_token()), beside("/json/")),
        ("API search, 1 in 5000", get("/api/v1/tickets/?search=zebrafish", with_token()), beside("/json/")),
        ("API create", create, beside("/json/")),
        ("API reply", reply, beside("/json/")),
        ("report: first response", get("/reports/first-response/", page), beside("/list/")),
    ):
        calls = 5 if "search" in name else 20  # searches are limited to 60 a minute
        print(interleaved(name, ask, other, calls=calls).line(), flush=True)


def _sign_in() -> tuple[str, Callable[[], str], int]:
    """A session cookie of a supervisor, a maker of API tokens, and the number of an unresolved ticket."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client as TestClient

    from helpdesk.actions import issue_token
    from tickets.models import UNRESOLVED_STATUSES, Ticket

    person = get_user_model().objects.filter(role="supervisor").first()
    assert person is not None
    client = TestClient()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    number = (
        Ticket.objects.filter(status__in=UNRESOLVED_STATUSES).order_by("-pk").values_list("pk", flat=True)[0]
    )
    return cookie, lambda: issue_token(person, by=None)[1], number


def _count_queries(cookie: str, pages: dict[str, str]) -> None:
    """Print how many queries each page makes at this size; ends the run where they are too many."""
    from django.db import connection
    from django.test import Client as TestClient
    from django.test.utils import CaptureQueriesContext

    client = TestClient(SERVER_NAME="localhost", headers={"cookie": cookie})
    for name, path in pages.items():
        client.get(path)
        with CaptureQueriesContext(connection) as made:
            client.get(path)
        print(f"{name}: {len(made)} queries")
        if len(made) > QUERIES[name]:
            raise SystemExit(f"{name} makes {len(made)} queries at this size, more than {QUERIES[name]}")


class Client:
    """One kept-alive connection; anything but a success ends the run."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.used_at = 0.0

    def ask(self, method: str, path: str, headers: dict[str, str], body: object = None) -> bytes:
        if time.monotonic() - self.used_at > IDLE_SECONDS:
            self.connection.close()  # the server closes idle connections; the next request opens another
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        self.used_at = time.monotonic()
        content = answer.read()
        if answer.status not in (200, 201):
            seen = answer.getheader("Location") or content[:300]
            raise SystemExit(f"{method} {path} answered {answer.status}: {seen!r}")
        return content


@contextmanager
def _serving(interface: str, application: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", interface, application, "--port", str(port)]
    process = subprocess.Popen([*command, "--workers", "2", "--no-ws", "--log-level", "error"], cwd=ROOT)
    try:
        await_port(port)
        yield
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
