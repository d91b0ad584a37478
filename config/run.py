"""`bin/run`: the whole product on one machine, under supervisor.

Order up: bundled servers, migrations, the demo on the first start, then web, workers, beat and listener.
Order down: those with grace, then Valkey, then PostgreSQL. Everything started carries a token of this
run in its environment and is written down by process id, so that the next start can end what a killed one
left.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import LiteralString
from xmlrpc.client import ServerProxy

import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured
from supervisor.xmlrpc import SupervisorTransport

from config import embedded, env
from config.embedded import RUN_TOKEN
from config.part import PART, SERVERS, records

FACES = ("web", "worker", "mailer", "beat", "listener", "fetcher")
# name: (priority: low starts first and stops last, signal that ends it gently, seconds of grace)
PARTS = {
    "postgres": (10, "INT", 60),
    "valkey": (20, "INT", 10),
    "worker": (100, "TERM", 90),
    "mailer": (100, "TERM", 90),
    "beat": (110, "TERM", 10),
    "listener": (120, "TERM", 30),
    "fetcher": (120, "TERM", 30),
    "web": (130, "TERM", 30),
}
STOP_PATIENCE = 240.0


class Stopped(Exception):
    """Somebody asked us to stop."""


class Run:
    def __init__(self) -> None:
        from django.conf import settings

        self.settings = settings
        self.servers = embedded.Servers(settings.DATA_DIR)
        self.data_dir: Path = settings.DATA_DIR
        self.records = records(self.data_dir)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.token = ""

    # --- up ---------------------------------------------------------------------------------------

    def claim(self, stack: ExitStack) -> None:
        """Make sure that no other `bin/run` uses this DATA_DIR, and end what a killed one left."""
        self.records.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "logs").mkdir(exist_ok=True)
        lock = stack.enter_context((self.data_dir / "run.lock").open("a"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise embedded.ServerFailed(
                f"bin/run is already going with {self.data_dir}. "
                "Stop it first, or choose another DATA_DIR and PORT."
            ) from None
        self.end_leftovers()
        for name in ("PORT", "SMTP_PORT", "LMTP_PORT"):
            if port := getattr(self.settings, name):
                self._require_free(name, port)
        self.token = secrets.token_hex(16)
        (self.records / "token").write_text(self.token)

    def start_supervisor(self) -> None:
        configuration = self.records / "supervisord.conf"
        configuration.write_text(self.configuration())
        with (self.data_dir / "logs" / "supervisord.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
                env={
                    **os.environ,
                    RUN_TOKEN: self.token,
                    "DATA_DIR": str(self.data_dir),
                    "PYTHONUNBUFFERED": "1",
                },
                cwd=env.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
            )
        me = {"pid": self.supervisor.pid, "created": psutil.Process(self.supervisor.pid).create_time()}
        (self.records / "supervisord.json").write_text(json.dumps(me))
        self._await(lambda: bool(self.rpc.supervisor.getState()), "The process manager", 30)

    def start_servers(self) -> None:
        with embedded.without_commands(self.servers, patience=60):
            self.servers.prepare()
            self.start_supervisor()
            if "postgres" in self.names:
                self.servers.wait_for_postgres()
            if "valkey" in self.names:
                self.servers.wait_for_valkey()

    def fill(self) -> None:
        """Migrate, and on the first start fill the database with the demo, where that is allowed."""
        if self.settings.DEMO and self._demo_was_cut_off():
            self._say("The demo was not loaded to its end last time; starting it afresh …")
            self._recreate_database()
        self._say("Bringing the database up to date …")
        self.manage("prepare")
        if self.settings.DEMO and not self._has_people():
            self._say("Loading the demo (once; about a minute) …")
            marker = self.records / "demo-loading"
            marker.touch()
            self.manage("load_demo", show=True)
            marker.unlink()

    def start_faces(self) -> None:
        for name in FACES:
            self.rpc.supervisor.startProcess(name, False)
        self._await(self._web_answers, "The web server", 300)
        self._await(lambda: _accepts(self._host, self.settings.SMTP_PORT), "The mail listener", 300)

    def announce(self) -> None:
        base = self.settings.PUBLIC_URL
        rows = [("Portal", "/"), ("Desk", "/desk/"), ("Reports", "/reports/"), ("Set-up", "/setup/")]
        rows += [("API docs", "/api/v1/docs/")]
        rows += [("Mailbox", "/mailbox/")] if self.settings.MAILBOX else []
        lines = ["", "The helpdesk is running.", ""]
        lines += [f"  {name:<10}{base}{path}" for name, path in rows]
        lines += [f"  {'Mail in':<10}{self._host}:{self.settings.SMTP_PORT} (SMTP)"]
        if self.settings.DEMO:
            lines += ["", "  Sign in as admin@demo.example, supervisor@demo.example or agent@demo.example,"]
            lines += ["  password “demo”. Mail for support@demo.example opens a ticket."]
        lines += ["", f"  Data and logs: {self.data_dir}"]
        if self.servers.home != self.data_dir:
            lines += [f"  Database:      {self.servers.home}"]
        self._say("\n".join(lines))
        if not self.settings.DEMO and not self._has_administrator():
            link = self.manage("first_admin_link").strip()
            self._say(
                f"\n  Nobody can sign in yet. Make the first administrator here (works once):\n  {link}"
            )
        self._say("\n  Ctrl-C stops it.\n")

    def watch(self) -> None:
        """Stay until asked to stop; start the process manager again should it die itself."""
        assert self.supervisor is not None
        while True:
            try:
                self.supervisor.wait(1)
            except subprocess.TimeoutExpired:
                continue
            self._say("The process manager ended; starting it again …")
            self.end_leftovers()
            self.start_servers()
            self.start_faces()

    # --- down -------------------------------------------------------------------------------------

    def stop(self) -> None:
        if self.supervisor is not None and self.supervisor.poll() is None:
            self._say("\nStopping: faces and workers first, then Valkey, then PostgreSQL …")
            self.supervisor.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.supervisor.wait(STOP_PATIENCE)
        self.end_leftovers()
        self._say("Stopped.")

    def end_leftovers(self) -> None:
        """End, by recorded id, whatever the last run on this data started and did not stop."""
        self._end("supervisord", signal.SIGTERM, STOP_PATIENCE)
        token = self.records / "token"
        if token.exists():
            _kill_marked(token.read_text())
        for name in reversed(SERVERS):
            self._end(name, signal.SIGINT, embedded.STOP_PATIENCE)
        for path in [*self.records.glob("*.json"), token]:
            path.unlink(missing_ok=True)

    def _end(self, name: str, gently: signal.Signals, patience: float) -> None:
        path = self.records / f"{name}.json"
        with suppress(FileNotFoundError, ValueError):
            embedded.end_process(json.loads(path.read_text()), gently, patience)

    # --- details ----------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        bundled = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
        return [name for name in PARTS if name not in bundled or not env.is_set(bundled[name])]

    @property
    def rpc(self) -> ServerProxy:
        address = f"unix://{self.servers.sockets}/supervisor.sock"
        return ServerProxy("http://127.0.0.1", transport=SupervisorTransport(None, None, address))

    @property
    def _host(self) -> str:
        return "127.0.0.1" if env.is_everywhere(self.settings.HOST) else self.settings.HOST

    def configuration(self) -> str:
        """The text of supervisord.conf. `%` starts an expansion there, so it is doubled in paths."""

        def quoted(path: Path) -> str:
            return str(path).replace("%", "%%")

        logs = quoted(self.data_dir / "logs")
        lines = [
            "[unix_http_server]", f"file={quoted(self.servers.sockets)}/supervisor.sock", "chmod=0700",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisord]", "nodaemon=true", f"logfile={logs}/supervisord.log", "loglevel=info",
            f"pidfile={quoted(self.records)}/supervisord.pid", f"directory={quoted(env.ROOT)}",
            *(["user=root"] if os.geteuid() == 0 else []),
        ]  # fmt: skip
        for name in self.names:
            priority, gently, grace = PARTS[name]
            lines += [
                f"[program:{name}]", f'command="{quoted(Path(sys.executable))}" -m config.part {name}',
                f"priority={priority}", f"autostart={'false' if name in FACES else 'true'}",
                "autorestart=true", "startsecs=0", f"stopsignal={gently}", f"stopwaitsecs={grace}",
                "killasgroup=true", "redirect_stderr=true", f"stdout_logfile={logs}/{name}.log",
                "stdout_logfile_maxbytes=10MB", "stdout_logfile_backups=3",
            ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def manage(self, *arguments: str, show: bool = False) -> str:
        """Run a management command; its output, or a `ServerFailed` with the end of what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env={**os.environ, RUN_TOKEN: self.token, "DATA_DIR": str(self.data_dir)},
            stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            said = f"{done.stdout or ''}{done.stderr or ''}"
            raise embedded.ServerFailed(f"manage.py {' '.join(arguments)} failed:\n{said[-3000:]}")
        return done.stdout or ""

    def _ask(self, statement: LiteralString) -> bool:
        url = env.text("DATABASE_URL") or self.servers.database_url
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(statement).fetchone()
        return bool(row and row[0])

    def _has_people(self) -> bool:
        return self._ask("select exists(select 1 from tickets_user)")

    def _has_administrator(self) -> bool:
        return self._ask(
            "select exists(select 1 from tickets_user where role = 'administrator' and is_active)"
        )

    def _demo_was_cut_off(self) -> bool:
        return (self.records / "demo-loading").exists()

    def _recreate_database(self) -> None:
        """Only ever our own bundled database, and only before anybody could have reached it."""
        url = self.servers.database_url.replace("/helpdesk?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop database if exists helpdesk with (force)")
            connection.execute("create database helpdesk")
        (self.records / "demo-loading").unlink()

    def _web_answers(self) -> bool:
        host = (self.settings.ALLOWED_HOSTS or ["localhost"])[0].lstrip(".")
        request = urllib.request.Request(
            f"http://{env.reachable(self._host)}:{self.settings.PORT}/livez", headers={"Host": host}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)

    def _await(self, ready: Callable[[], bool], what: str, patience: float) -> None:
        end = time.monotonic() + patience
        while True:
            with suppress(OSError):
                if ready():
                    return
            if self.supervisor is not None and self.supervisor.poll() is not None:
                raise embedded.ServerFailed(
                    f"The process manager ended; see {self.data_dir}/logs/supervisord.log."
                )
            if time.monotonic() > end:
                raise embedded.ServerFailed(f"{what} did not start; its log is in {self.data_dir}/logs.")
            time.sleep(0.1)

    def _require_free(self, name: str, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._host, port))
            except OSError:
                raise embedded.ServerFailed(
                    f"Port {port} is taken by another program. "
                    f"Set {name} to a free one, as in: {name}={port + 1} bin/run"
                ) from None

    def _say(self, text: str) -> None:
        with suppress(BrokenPipeError, ValueError):
            print(text, flush=True)


def _accepts(host: str, port: int) -> bool:
    socket.create_connection((host, port), timeout=2).close()
    return True


def _kill_marked(token: str) -> None:
    """Kill every process that carries the token in its environment: children that outlived their parents.

    The two servers are spared here; they are ended gently, by their recorded ids.
    """
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            if environment.get(RUN_TOKEN) == token and environment.get(PART) not in SERVERS:
                process.kill()


def _on_signal(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # the stop itself is not to be interrupted
    raise Stopped


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        run = Run()
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _on_signal)
    with ExitStack() as stack:
        try:
            run.claim(stack)
            stack.callback(run.stop)
            run.start_servers()
            run.fill()
            run.start_faces()
            run.announce()
            run.watch()
        except Stopped:
            return 0
        except embedded.ServerFailed as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
