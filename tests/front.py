"""The web server as it is shipped, on the database of this test worker: for what no test client shows."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client

from config import env, part
from tests.flows.product import free_ports
from tickets.models import User


@dataclass(frozen=True)
class Server:
    """One process that serves; `url` is what browsers ask."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def threads(self) -> int:
        """Of the process that answers, which is the child of the one that was started."""
        return sum(child.num_threads() for child in psutil.Process(self.process.pid).children())

    def backends(self) -> int:
        """Connections to our database that somebody else than this test holds."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(cursor.fetchone()[0])


@contextmanager
def serving() -> Iterator[Server]:
    """Start the part `web` with one process, and end it as an operator would."""
    port = free_ports(1)[0]
    name = connection.settings_dict["NAME"]
    there = {
        "DATABASE_URL": settings.BUNDLED.database_url.replace("/helpdesk?", f"/{name}?"),
        "WEB_WORKERS": "1",
        "PORT": str(settings.PORT),  # whose cookies the tests know
    }
    os.environ["PORT"] = str(port)
    try:
        command = part.web()
    finally:
        del os.environ["PORT"]
    command[command.index("--workers") + 1] = "1"
    process = subprocess.Popen(command, cwd=env.ROOT, env=os.environ | there)
    server = Server(port, process)
    try:
        _await(server)
        yield server
    finally:
        process.terminate()
        began = time.monotonic()
        process.wait(60)
        assert time.monotonic() - began < 5, "open lines hold up the end of the server"


def _await(server: Server) -> None:
    for _ in range(300):
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{server.url}/livez", timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError("the web server did not start")


def key_of(person: User) -> str:
    """A session key by which the person is signed in."""
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Stream:
    """An open line, read as a browser reads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
        self.reader, self.writer, self.status = reader, writer, status

    @classmethod
    async def open(cls, server: Server, key: str = "", path: str = "/live") -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        cookie = f"Cookie: {settings.SESSION_COOKIE_NAME}={key}\r\n" if key else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        return cls(reader, writer, int(head.split()[1]))

    async def hear(self) -> list[list[object]]:
        """The next hints: [ticket, event number, kind]."""
        while True:
            line = await asyncio.wait_for(self.reader.readline(), 10)
            assert line, "the line ended"
            if line.startswith(b"data: "):
                found: list[list[object]] = json.loads(line[6:])
                return found

    async def ended(self, within: float) -> float:
        """Seconds until the server ends the stream; what is heard until then does not count."""
        began = time.monotonic()

        async def read() -> None:
            while (line := await self.reader.readline()) not in (b"", b"0\r\n"):
                assert not line.startswith(b"data:"), line

        await asyncio.wait_for(read(), within)
        return time.monotonic() - began

    def close(self) -> None:
        self.writer.close()
