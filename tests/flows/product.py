"""The real product, started by `bin/run` in a folder of its own, for the tests that need whole processes."""

import json
import os
import random
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import redis

from config import env
from config.embedded import Servers
from config.part import records

T = TypeVar("T")
START_PATIENCE = 600.0


FIRST_PORT, PORTS_EACH = 20_000, 1_000


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment, and that stay ours while a part is down: below those from
    which the system takes the near ends of connections, and in a range of this test worker alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = FIRST_PORT + PORTS_EACH * (int(worker) % 12)
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(first, first + PORTS_EACH)
        if port not in ports and _is_free(port):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def await_that(condition: Callable[[], T], patience: float = 60.0, what: str = "") -> T:
    """The first true answer of `condition`, asked until `patience` seconds have passed."""
    end = time.monotonic() + patience
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what or condition}")
        time.sleep(0.1)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, as the servers' own account must; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-product-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


class Product:
    """`bin/run` with its own DATA_DIR and ports; `start`, `stop`, `kill`, and ways to look inside."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.port, self.smtp_port = free_ports(2)
        self.servers = Servers(data_dir)
        self.process: subprocess.Popen[bytes] | None = None
        ours = {variable.name for variable in env.VARIABLES} | {
            "TEST_SERVERS_OWNER",
            "DJANGO_SETTINGS_MODULE",
        }
        self.environment = {name: value for name, value in os.environ.items() if name not in ours}
        self.environment |= {"DATA_DIR": str(data_dir), "DEMO": "0", "WEB_WORKERS": "1"} | variables
        self.environment |= {"PORT": str(self.port), "SMTP_PORT": str(self.smtp_port)}

    # --- up and down ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start and wait until the product says that it runs; raises with its output when it does not."""
        self.output = self.data_dir.parent / f"{self.data_dir.name}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [str(env.ROOT / "bin" / "run")],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await_that(self._is_up, START_PATIENCE, "bin/run is up")

    def _is_up(self) -> bool:
        assert self.process is not None
        said = self.output.read_text()
        if self.process.poll() is not None:
            raise AssertionError(f"bin/run ended with {self.process.returncode}:\n{said}\n{self.logs()}")
        return "Ctrl-C stops it" in said

    def stop(self) -> int:
        """Ctrl-C, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(300)

    def kill(self) -> None:
        """`bin/run` itself, as the kernel would do it; its parts live on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Whatever happened, leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        if self.processes():
            self.start()
            self.stop()

    # --- looking inside ---------------------------------------------------------------------------

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page, or (0, reason) when nothing answers."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def failing(self) -> list[str]:
        """The parts that /healthz names; ["web"] when it does not answer."""
        _, text = self.get("/healthz")
        with suppress(ValueError):
            return list(json.loads(text)["failing"])
        return ["web"]

    def await_health(self, patience: float = 90.0) -> None:
        """Until no part is named by /healthz, and mail is taken: a listener that was just killed has shown
        life so lately that it is not named."""
        end = time.monotonic() + patience
        while failing := self.failing() or self._deaf():
            if time.monotonic() > end:
                raise AssertionError(f"still failing after {patience} s: {failing}\n{self.logs()}")
            time.sleep(0.2)

    def _deaf(self) -> list[str]:
        try:
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10):
                return []
        except (OSError, smtplib.SMTPException) as error:
            return [f"listener: {error}"]

    def pid(self, part: str) -> int:
        """The process id of a part that is running now."""
        record = json.loads((records(self.data_dir) / f"{part}.json").read_text())
        return int(record["pid"])

    def children(self, part: str, word: str = "") -> list[psutil.Process]:
        """What works for a part at this moment: all below it, or those with `word` in their command line."""
        found = []
        with suppress(psutil.Error, OSError, ValueError):
            for process in psutil.Process(self.pid(part)).children(recursive=True):
                with suppress(psutil.Error):
                    if any(word in each for each in process.cmdline()):
                        found.append(process)
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything on this machine that belongs to our folder, by its command line or environment."""
        folders = {str(self.data_dir), str(self.servers.home)}
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                mine = process.environ().get("DATA_DIR") in folders
                if mine or any(folder in word for word in process.cmdline() for folder in folders):
                    found.append(process)
        return [process for process in found if process.pid != os.getpid()]

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.servers.database_url, connect_timeout=5) as connection:
            cursor = connection.execute(statement, values)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def run_sql(self, statement: str) -> None:
        """What runs in no transaction."""
        with psycopg.connect(self.servers.database_url, connect_timeout=5, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def broker(self) -> "redis.Redis":
        return redis.Redis.from_url(self.servers.redis_url)

    def manage(self, *arguments: str) -> str:
        """Output of a management command that runs beside, with the same DATA_DIR."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def send_mail(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Through real SMTP; raises what smtplib raises when it is not accepted."""
        self.send_raw(message.as_bytes(policy=policy.SMTP), sender, recipient)

    def send_raw(self, raw: bytes, sender: str, recipient: str) -> None:
        """These very bytes, through real SMTP; raises what smtplib raises when they are not accepted."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as connection:
            connection.sendmail(sender, [recipient], raw)

    def logs(self) -> str:
        """The end of each part's log, for the report of a failure."""
        parts = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in parts)
