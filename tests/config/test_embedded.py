"""The bundled servers: who starts and stops them, where they lie, what they leave alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config import embedded, env
from config.embedded import ServerFailed, Servers, running
from tests.flows.product import Product, open_folder

REPORT = "from django.db import connection as c; c.ensure_connection(); print('connected', flush=True)"


@pytest.fixture
def folder():
    with open_folder() as folder:
        yield folder


@pytest.fixture
def remove_later():
    found: list[Path] = []
    yield found.append
    for path in found:
        shutil.rmtree(path)


def test_both_bundled_servers_answer_during_a_test_session():
    servers = Servers(Path(os.environ["DATA_DIR"]))
    assert servers.postgres_answers()
    assert servers.valkey_answers()


def test_commands_share_the_servers_and_the_last_one_stops_them(folder):
    alone = Product(folder / "data")  # never started: only its commands are run
    first = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", f"{REPORT}; input(); {REPORT}"],
        cwd=env.ROOT, env=alone.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    assert first.stdout.readline() == "connected\n"
    assert "connected" in alone.manage("shell", "-v", "0", "-c", REPORT)
    assert alone.servers.postgres_answers()  # the first one still needs them
    said, _ = first.communicate("go on\n")
    assert (first.returncode, said) == (0, "connected\n")
    assert alone.processes() == []


def test_a_command_that_was_killed_leaves_servers_that_the_next_one_uses_and_stops(folder):
    alone = Product(folder / "data")
    killed = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", f"{REPORT}; input()"],
        cwd=env.ROOT, env=alone.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert killed.stdout is not None
    assert killed.stdout.readline() == "connected\n"
    killed.kill()
    killed.communicate()
    assert alone.servers.postgres_answers()
    alone.manage("shell", "-v", "0", "-c", REPORT)
    assert alone.processes() == []


def test_a_lock_file_that_names_a_foreign_process_does_not_stop_postgres(folder):
    servers = Servers(folder / "data", durable=False)
    with running(servers):
        pass
    (servers.postgres_data / "postmaster.pid").write_text(f"{os.getpid()}\n{servers.postgres_data}\n")
    with running(servers):
        assert servers.postgres_answers()


def test_data_lasts_and_a_crash_is_recovered_from(folder):
    servers = Servers(folder / "data")
    with running(servers):
        _sql(servers, "create table kept (word text)")
        _sql(servers, "insert into kept values ('here')")
        pid = int((servers.postgres_data / "postmaster.pid").read_text().splitlines()[0])
        psutil.Process(pid).kill()
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    with running(servers):
        assert _sql(servers, "select word from kept") == [("here",)]


def test_no_permission_is_changed_of_a_folder_that_was_there_before(folder, remove_later):
    outer = folder / "outer"
    outer.mkdir(mode=0o700)
    with running(Servers(outer / "data", durable=False)) as servers:
        if servers.home != outer / "data":  # as root the servers could not enter it: they lie elsewhere
            remove_later(servers.home)
        assert outer.stat().st_mode & 0o777 == 0o700
        assert servers.sockets.stat().st_mode & 0o077 == 0
        assert servers.postgres_data.stat().st_mode & 0o077 == 0


def test_a_long_path_gets_its_sockets_elsewhere(folder):
    servers = Servers(folder / ("x" * 100) / "data")
    assert len(os.fsencode(servers.sockets)) <= embedded.SOCKET_LIMIT


def test_sockets_that_somebody_else_put_there_are_refused(folder):
    servers = Servers(folder / "data")
    servers.home.mkdir(parents=True)
    servers.sockets.mkdir(mode=0o777)
    servers.sockets.chmod(0o777)
    with pytest.raises(ServerFailed, match="belongs to somebody else or is open to others"):
        servers.prepare()


def _sql(servers: Servers, statement: str):
    import psycopg

    with psycopg.connect(servers.database_url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None
