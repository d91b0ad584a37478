"""Open desks at size: how soon a hint arrives, and what open lines cost the pages.

    .venv/bin/python -m bench.live --desks 500

Starts bundled servers of its own in a temporary folder and the web server as `bin/run` starts it (two processes), opens one line
a desk, and prints: the time until all lines stand; the seconds from a commit until the first, the median and the last desk has
heard of it; page times with and without the open lines, in the same run; threads, memory and database connections of the web
server before and after; processor time of the web server for ten quiet seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

import psutil

from bench.bundled import ROOT, await_port, bundled, fill, free_port
from bench.measure import Client

A_PERSON = 8
QUIET_SECONDS = 10.0
HINTS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--desks", type=int, default=500)
    parser.add_argument("--tickets", type=int, default=1000)
    options = parser.parse_args()
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(bundled(PORT=str(port)))
        from config.part import web

        fill(options.tickets)
        process = subprocess.Popen([*web(), "--log-level", "error"], cwd=ROOT)
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        await_port(port)
        keys, ticket = _people(-(-options.desks // A_PERSON))
        Bench(port, process.pid, keys[: options.desks], ticket).run()


def _people(number: int) -> tuple[list[str], int]:
    """Session keys of supervisors, eight for each, and the number of an open ticket."""
    from django.conf import settings
    from django.test import Client as TestClient

    from tickets.models import Ticket, User

    keys = []
    for n in range(number):
        person = User.objects.create_user(f"live{n}@bench.example", name=f"Live {n}", role="supervisor")
        for _ in range(A_PERSON):
            client = TestClient()
            client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
            keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return keys, Ticket.objects.order_by("-pk").values_list("pk", flat=True)[0]


class Bench:
    def __init__(self, port: int, pid: int, keys: list[str], ticket: int) -> None:
        from django.conf import settings

        self.port, self.server, self.keys, self.ticket = port, psutil.Process(pid), keys, ticket
        self.cookie = settings.SESSION_COOKIE_NAME

    def run(self) -> None:
        page = self._page()
        print(f"without lines        {self._state()}   queue {page:6.1f} ms")
        asyncio.run(self._with_lines())

    async def _with_lines(self) -> None:
        began = time.perf_counter()
        lines = await asyncio.gather(*(self._open(key) for key in self.keys))
        stood = time.perf_counter() - began
        page, state = await asyncio.to_thread(self._page), await asyncio.to_thread(self._state)
        print(f"{len(lines):>4} lines, in {stood:4.1f} s {state}   queue {page:6.1f} ms")
        await self._hints(lines)
        before = self._processor()
        await asyncio.sleep(QUIET_SECONDS)
        print(f"processor, ten quiet seconds: {self._processor() - before:.2f} s")
        for _reader, writer in lines:
            writer.close()

    async def _hints(self, lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
        firsts, middles, lasts = [], [], []
        for n in range(HINTS):
            at = await asyncio.to_thread(self._change, n)
            times = sorted(await asyncio.gather(*(self._hear(reader) for reader, _writer in lines)))
            firsts.append(times[0] - at)
            middles.append(statistics.median(times) - at)
            lasts.append(times[-1] - at)
        words = [f"{statistics.median(each):.2f} s" for each in (firsts, middles, lasts)]
        print(f"from commit to desk, median of {HINTS}: first {words[0]}, median {words[1]}, last {words[2]}")

    def _change(self, n: int) -> float:
        from django.db import connection

        from tickets import actions
        from tickets.models import Ticket

        try:
            actions.prioritize(Ticket.objects.get(pk=self.ticket), 1 + n % 4, by=None)
            return time.perf_counter()
        finally:
            connection.close()

    async def _hear(self, reader: asyncio.StreamReader) -> float:
        while not (await asyncio.wait_for(reader.readline(), 30)).startswith(b"data:"):
            pass
        return time.perf_counter()

    async def _open(self, key: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}={key}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        if b" 200 " not in head.split(b"\r\n")[0]:
            sys.exit(f"a line was refused: {head!r}")
        return reader, writer

    def _page(self) -> float:
        """Milliseconds of the queue, the median of thirty."""
        client, times = Client(self.port), []
        for _ in range(30):
            began = time.perf_counter()
            client.ask("GET", "/desk/?view=open", {"Cookie": f"{self.cookie}={self.keys[0]}"})
            times.append((time.perf_counter() - began) * 1000)
        return statistics.median(times)

    def _state(self) -> str:
        from django.db import connection

        workers = self.server.children()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            backends = cursor.fetchone()[0]
        connection.close()
        memory = sum(worker.memory_info().rss for worker in workers) // 1_000_000
        threads = sum(worker.num_threads() for worker in workers)
        return f"{threads:>3} threads {memory:>4} MB {backends:>3} connections"

    def _processor(self) -> float:
        times = [worker.cpu_times() for worker in self.server.children()]
        return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
