"""Measures the product at size beside a bare view of the same framework, in the same run.

    .venv/bin/python -m bench.measure --tickets 100000

Starts bundled servers of its own in a temporary folder, fills them with `manage.py seed`, runs our pages and the bare
ones (the same pages from memory, `bench/bare.py`) under the same server (granian, two workers each), and prints for each
operation both times and the ratio: the median of nine interleaved pairs, with its quartiles. An A/A pair (the bare view
against itself) shows what the machine's noise does. Before that it prints what queue and ticket page ask of the database:
queries, rows read and buffers touched, by EXPLAIN. The run fails where they make more queries than the tests allow on a
handful of tickets, or where the lower quartile of their ratio is above the bar.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import peer, plans, search
from bench.bundled import ROOT, await_port, bundled, fill, free_port
from bench.timing import interleaved

IDLE_SECONDS = 5.0
MOST = 1.5
"""At most so many times the bare page, queue and ticket page may take."""
QUERIES = {"queue": 5, "ticket": 12}
"""At most so many queries a page, whatever the size of the table: the limits of tests/helpdesk/desk."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument(
        "--data-dir", help="keep the data here and use it again (default: a temporary folder)"
    )
    parser.add_argument("--kit", type=Path, default=ROOT.parent / "shared" / "bench")
    parser.add_argument(
        "--peer", type=Path, help="a virtual environment with django-helpdesk: beside it as well"
    )
    parser.add_argument("--only", default="", help="names of operations, with commas (default: all)")
    options = parser.parse_args()
    ports = {"ours": free_port(), "bare": free_port()}
    with ExitStack() as stack:
        stack.enter_context(bundled(options.data_dir, PORT=str(ports["ours"])))
        fill(options.tickets)
        cookie, new_token, number = _sign_in()
        pages = {"queue": "/desk/?view=open", "ticket": f"/desk/tickets/{number}/"}
        os.environ |= {"BENCH_COOKIE": cookie, "BENCH_PAGES": json.dumps(pages)}
        _count(cookie, pages)
        stack.enter_context(_serving("asgi", "config.asgi:application", ports["ours"]))  # as it is shipped
        stack.enter_context(_serving("wsgi", "bench.bare:application", ports["bare"]))
        asking = Asking(Client(ports["ours"]), Client(ports["bare"]), cookie, new_token, number)
        for name, path in pages.items():
            asking.compare(name, path)
        only = [name for name in options.only.split(",") if name]
        late = _measure(asking, pages, only)
        _search(only)
        if options.peer:
            _beside_peer(stack, asking, pages, options.peer, options.kit)
        if late:
            raise SystemExit(f"More than {MOST} times the bare page: {', '.join(late)}")


@dataclass
class Asking:
    """Both servers, and who asks."""

    ours: Client
    bare: Client
    cookie: str
    new_token: Callable[[], str]
    number: int

    def get(self, path: str) -> Callable[[], bytes]:
        return lambda: self.ours.ask("GET", path, {"Cookie": self.cookie})

    def beside(self, name: str) -> Callable[[], bytes]:
        return lambda: self.bare.ask("GET", f"/bare/{name}/", {})

    def api(self, method: str, path: str, body: dict[str, str] | None = None) -> Callable[[], bytes]:
        """A call of the API with a token of its own: our rate limits count by token."""
        headers = {"Authorization": f"Token {self.new_token()}", "Content-Type": "application/json"}

        def ask() -> bytes:
            once = {"Idempotency-Key": uuid.uuid4().hex} if body else {}
            return self.ours.ask(method, path, headers | once, body)

        return ask

    def compare(self, name: str, path: str) -> None:
        """Print the size of both pages; ends the run where the bare one is not the same page."""
        ours, bare = _plain(self.get(path)()), _plain(self.beside(name)())
        print(f"{name}: {len(ours)} bytes, bare {len(bare)} bytes", flush=True)
        if abs(len(ours) - len(bare)) > len(ours) // 500:
            raise SystemExit(f"{name}: the bare page is another one")


def _plain(page: bytes) -> bytes:
    """A page without what differs from request to request: tokens and numbers."""
    return re.sub(rb"\d+", b"0", re.sub(rb'"[0-9A-Za-z]{12,64}"', b'""', page))


def _measure(asking: Asking, pages: dict[str, str], only: list[str]) -> list[str]:
    """Each operation beside the bare view; the names of the pages that take too long."""
    created = {
        "subject": "Printer prints blank pages",
        "text": "Since the update.",
        "requester_email": "customer1@client.example",
    }
    reply, said = f"/api/v1/tickets/{asking.number}/reply/", {"text": "Thank you, we look into it."}
    operations: list[tuple[str, Callable[[], bytes], Callable[[], bytes]]] = [
        ("A/A: bare beside bare", asking.beside("queue"), asking.beside("queue")),
        ("queue", asking.get(pages["queue"]), asking.beside("queue")),
        ("ticket", asking.get(pages["ticket"]), asking.beside("ticket")),
        ("API list", asking.api("GET", "/api/v1/tickets/"), asking.beside("json")),
        ("API search, 1 in 100", asking.api("GET", "/api/v1/tickets/?search=refundable"), asking.beside("json")),
        ("API search, 1 in 5000", asking.api("GET", "/api/v1/tickets/?search=zebrafish"), asking.beside("json")),
        ("API create", asking.api("POST", "/api/v1/tickets/", created), asking.beside("json")),
        ("API reply", asking.api("POST", reply, said), asking.beside("json")),
        ("report: first response", asking.get("/reports/first-response/"), asking.beside("queue")),
    ]  # fmt: skip
    print(f"{'':<24}{'ours':>12}{'bare':>13}   ratio (quartiles)")
    late = []
    for name, ask, other in operations:
        if only and name not in only:
            continue
        calls = 5 if "search" in name else 20  # searches are limited to 60 a minute
        pair = interleaved(name, ask, other, calls=calls)
        print(pair.line(), flush=True)
        if name in pages and pair.low > MOST:
            late.append(name)
    return late


def _search(only: list[str]) -> None:
    """The function behind search beside the bare SQL that anybody would write first."""
    from helpdesk.demo.bulk import COMMON_WORD, RARE_WORD
    from tickets.models import Role, User

    if only and "search" not in only:
        return
    person = User.objects.filter(role=Role.SUPERVISOR)[0]
    print(f"{'':<24}{'ours':>12}{'bare SQL':>13}   ratio (quartiles)")
    for word, often in ((COMMON_WORD, "1 in 100"), (RARE_WORD, "1 in 5000")):
        ours, bare = search.asked(word, person), search.bare("plain", word)
        print(interleaved(f"search, {often}", ours, bare, calls=5).line(), flush=True)


def _beside_peer(
    stack: ExitStack, asking: Asking, pages: dict[str, str], environment: Path, kit: Path
) -> None:
    """The pages and searches beside those of django-helpdesk, which has as many tickets."""
    from django.conf import settings

    from helpdesk.demo.bulk import COMMON_WORD, RARE_WORD
    from tickets.models import Ticket

    other = peer.Peer(environment, kit, settings.BUNDLED.database_url)
    other.fill(Ticket.with_deleted.count())
    client = Client(stack.enter_context(other.serving()))
    cookie, number = other.sign_in()
    theirs = peer.operations(
        lambda path: lambda: client.ask("GET", path, {"Cookie": cookie}), number, (COMMON_WORD, RARE_WORD)
    )
    ours = {name: asking.get(path) for name, path in pages.items()}
    for often, word in (("1 in 100", COMMON_WORD), ("1 in 5000", RARE_WORD)):
        ours[f"API search, {often}"] = asking.api("GET", f"/api/v1/tickets/?search={word}")
    print(f"{'':<24}{'ours':>12}{'django-helpdesk':>17}   ratio (quartiles)")
    for name, ask in ours.items():
        pair = interleaved(name, ask, theirs[name], calls=1 if "search" in name else 5)
        print(pair.line(), flush=True)


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


def _count(cookie: str, pages: dict[str, str]) -> None:
    """Print what each page asks of the database at this size; ends the run where it is too many queries."""
    from django.db import connection
    from django.test import Client as TestClient
    from django.test.utils import CaptureQueriesContext

    client = TestClient(SERVER_NAME="localhost", headers={"cookie": cookie})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tickets_ticket")
        print(f"{cursor.fetchone()[0]} tickets")
    for name, path in pages.items():
        client.get(path)
        with CaptureQueriesContext(connection) as made:
            client.get(path)
        asked = [plans.cost_of(query["sql"]) for query in made.captured_queries]
        total = sum(asked, plans.Cost())
        print(f"{name}: {len(made)} queries, {total.rows} rows, {total.buffers} buffers", flush=True)
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
