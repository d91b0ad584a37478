"""Bundled servers of a measurement's own, and what they are filled with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def bundled(data_dir: str | None = None, **environment: str) -> Iterator[None]:
    """PostgreSQL and Valkey as shipped, on `data_dir` (default: a temporary folder), and the environment that
    leads this process and its children to them. Call it before Django is set up."""
    with ExitStack() as stack:
        folder = data_dir or stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-bench-"))
        os.environ |= {"DATA_DIR": folder, "DEMO": "0", "MODE": "development"} | environment
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        from config.embedded import Servers, running

        servers = Servers(Path(folder))
        if not (servers.sockets.exists() and servers.postgres_answers() and servers.valkey_answers()):
            stack.enter_context(running(servers))  # else somebody keeps them up between measurements
        yield


def fill(tickets: int) -> None:
    """Migrate and set Django up; where there is no ticket yet, make that many."""
    manage("prepare")
    import django

    django.setup()
    from tickets.models import Ticket

    if not Ticket.objects.exists():
        start = time.perf_counter()
        manage("seed", "--tickets", str(tickets))
        print(f"seeded {tickets} tickets in {time.perf_counter() - start:.0f} s", flush=True)


def manage(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True)


def await_port(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers on port {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
