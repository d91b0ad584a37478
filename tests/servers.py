"""Loaded before Django's settings: one bundled PostgreSQL and Valkey for the whole test session.

The process that pytest was started in (under xdist: the controller) owns the servers; workers inherit the
folder's name by the environment and get a database and a Valkey database of their own.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

_OWNER = "TEST_SERVERS_OWNER"
_stack = ExitStack()

if _OWNER not in os.environ:
    os.environ[_OWNER] = str(os.getpid())
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "HOST", "DEMO"):
        os.environ.pop(name, None)
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="helpdesk-test-")
    Path(os.environ["DATA_DIR"]).chmod(0o755)
    os.environ["MODE"] = "test"


def _is_owner() -> bool:
    return os.environ[_OWNER] == str(os.getpid())


def pytest_sessionstart(session: pytest.Session) -> None:
    if not _is_owner() or session.config.option.collectonly:
        return
    from config.embedded import Servers, running

    _stack.enter_context(running(Servers(Path(os.environ["DATA_DIR"]), durable=False)))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_owner():
        _stack.close()
        shutil.rmtree(os.environ["DATA_DIR"], ignore_errors=True)
