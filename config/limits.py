"""How long PostgreSQL lets a statement run and wait, per kind of process."""

from django.db import connections

LOCK_SECONDS = 5
IDLE_IN_TRANSACTION_SECONDS = 60
WORKER_FACTOR = 8  # 15 s for a page makes 120 s for a worker


def session_options(statement_seconds: int) -> str:
    """libpq `options` for a session; 0 means without a limit (migrations)."""
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": LOCK_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS,
    }
    return " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())


def limit_statements(seconds: int) -> None:
    """Give the connections that this process opens from now on another limit than a page has."""
    for connection in connections.all():
        options = connection.settings_dict["OPTIONS"]
        assert isinstance(options, dict)
        options["options"] = session_options(seconds)
