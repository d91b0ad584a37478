"""Becomes one of the long-lived processes: `python -m config.part web` and so on.

`bin/run` starts them under supervisor, the compose file one in each container, by the same command.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.embedded import RUN_TOKEN, Servers

PART = "HELPDESK_PART"
SHORT_LIFE = 5.0  # seconds
PAUSE = 2.0
YIELDING = {"mailer": 10}
"""By how much a part gives way to the others while the processors are busy (0 to 19): writing and sending
mail does, so that pages and mail that comes in stay quick."""
WEB_THREADS = 4  # of each process; each may hold one connection to the database
WEB_OPEN_REQUESTS = 8192  # of each process, among them the live lines of open desks


def main(name: str) -> None:
    token = os.environ.get(RUN_TOKEN)
    if token:
        _end_orphans(name, token)
        _record(name)
    os.environ[PART] = name
    if name not in SERVERS:
        _refuse_bad_settings()
    command = PARTS[name]()
    os.nice(YIELDING.get(name, 0))
    os.execv(command[0], command)  # noqa: S606


def web() -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "asgi", "config.asgi:application",
        "--host", env.text("HOST"), "--port", env.text("PORT"),
        "--workers", str(env.number("WEB_WORKERS", 1, 64)), "--backpressure", str(WEB_OPEN_REQUESTS),
        "--respawn-failed-workers", "--workers-kill-timeout", "20", "--no-ws",
    ]  # fmt: skip


def worker() -> list[str]:
    return _celery_worker("worker", "celery", env.number("WORKER_CONCURRENCY", 1, 64))


def mailer() -> list[str]:
    """Outgoing mail has workers of its own: a mail server that hangs for minutes holds up nothing else."""
    return _celery_worker("mailer", "outgoing", 2)


def _celery_worker(name: str, queue: str, concurrency: int) -> list[str]:
    return [
        sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--hostname", f"{name}@%h",
        "--queues", queue, "--concurrency", str(concurrency), "--loglevel", env.text("LOG_LEVEL"),
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def beat() -> list[str]:
    return [
        sys.executable, "-m", "celery", "-A", "config.celery", "beat", "--loglevel", env.text("LOG_LEVEL"),
        "--pidfile=", "--scheduler", "config.celery:BeatingScheduler",
    ]  # fmt: skip


def listener() -> list[str]:
    return [sys.executable, "manage.py", "smtp_listener"]


def fetcher() -> list[str]:
    return [sys.executable, "manage.py", "mail_fetcher"]


def postgres() -> list[str]:
    servers = Servers(env.folder("DATA_DIR"))
    command = servers.postgres_command()
    servers.drop_stale_locks()
    servers.become_account()
    return command


def valkey() -> list[str]:
    servers = Servers(env.folder("DATA_DIR"))
    command = servers.valkey_command()
    servers.become_account()
    return command


PARTS: dict[str, Callable[[], list[str]]] = {
    part.__name__: part for part in (web, worker, mailer, beat, listener, fetcher, postgres, valkey)
}


SERVERS = ("postgres", "valkey")


def _refuse_bad_settings() -> None:
    """Say in one sentence what is wrong with the configuration, instead of failing over and over."""
    try:
        from config import settings  # noqa: F401
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def records(data_dir: Path) -> Path:
    return data_dir / "run"


def _record(name: str) -> None:
    """Write down who we are, so that a later `bin/run` can find what a killed one left.

    A part whose predecessor lived only a moment waits a little, so that one that cannot start does not spin.
    """
    me = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    path = records(env.folder("DATA_DIR")) / f"{name}.json"
    with suppress(FileNotFoundError, ValueError):
        if me["created"] - json.loads(path.read_text())["created"] < SHORT_LIFE:
            time.sleep(PAUSE)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(me))
    fresh.replace(path)


def _end_orphans(name: str, token: str) -> None:
    """End the children of our killed predecessor, which would otherwise hold its port or its queue."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid():
                environment = process.environ()
                if environment.get(RUN_TOKEN) == token and environment.get(PART) == name:
                    process.kill()


if __name__ == "__main__":
    main(sys.argv[1])
