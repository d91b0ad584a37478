"""The image and the compose file, without a container engine.

The file is checked against the schema of the compose specification, and the commands that it names are run as
they stand, with the environment that it gives them.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from config import env
from config.embedded import Servers
from config.part import PARTS
from config.probe import BEATS
from tests.conftest import MIGRATED
from tests.flows.product import await_that, free_ports

pytestmark = pytest.mark.flow

COMPOSE = env.ROOT / "docker-compose.yml"
OURS = ("prepare", "web", "worker", "mailer", "beat", "listener", "fetcher")
ANSWERS = {
    "SECRET_KEY": "b7Kq2vX9nLw4Rt6Yz1Hd8Fs3Jg5Mp0Qc-aEuOiVxWkTbNlZr_yGhDfS",
    "ALLOWED_HOSTS": "help.example.com",
    "PUBLIC_URL": "https://help.example.com",
    "EMAIL_URL": "smtp://mail.example.com:25",
    "POSTGRES_PASSWORD": "word",
    "VALKEY_PASSWORD": "word",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def _filled(text: str, answers: dict[str, str]) -> str:
    """A value with `${NAME:-default}` and `${NAME:?message}` replaced as compose does it."""

    def replace(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if value := answers.get(name):
            return value
        if kind == ":?":
            raise ValueError(rest)
        return rest or ""

    return re.sub(r"\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}", replace, text)


def test_the_compose_file_fits_the_schema_of_the_specification():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_has_every_part_and_both_servers(services):
    assert set(services) == {*OURS, "postgres", "valkey"}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_compose_refuses_to_start_without_a_secret_and_says_what_to_set(services, name):
    given = {key: value for key, value in ANSWERS.items() if key != name}
    values = [
        str(value) for service in services.values() for value in service.get("environment", {}).values()
    ]
    with pytest.raises(ValueError, match=f"set {name}"):
        [_filled(value, given) for value in values]


def test_the_example_of_an_environment_names_every_required_variable():
    example = (env.ROOT / ".env.example").read_text()
    assert [name for name in ANSWERS if not re.search(rf"^{name}=", example, re.MULTILINE)] == []


def test_only_the_web_server_and_the_mail_listener_are_reachable_from_outside(services):
    assert {name for name, service in services.items() if "ports" in service} == {"web", "listener"}
    assert services["web"]["ports"][0].startswith("127.0.0.1:")
    assert services["postgres"]["networks"] == services["valkey"]["networks"] == ["inside"]


def test_our_containers_have_no_rights_that_they_do_not_need(services):
    for name in OURS:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_every_service_has_a_health_check_of_its_own_part(services):
    for name in ("worker", "mailer", "beat", "listener", "fetcher"):
        assert services[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "config.probe", name]
    dockerfile = (env.ROOT / "Dockerfile").read_text()
    assert 'CMD ["python", "-m", "config.probe", "web"]' in dockerfile
    assert "healthcheck" in services["postgres"]
    assert "healthcheck" in services["valkey"]


def test_the_image_runs_as_nobody_special_and_copies_what_exists():
    text = (env.ROOT / "Dockerfile").read_text()
    users = re.findall(r"^USER (\w+)", text, re.MULTILINE)
    assert users == ["helpdesk"]
    sources = re.findall(r"^COPY --chown=root:root (.+) \S+$", text, re.MULTILINE)
    copied = {word for source in sources for word in source.split()}
    assert [name for name in copied if not (env.ROOT / name).exists()] == []
    packages = {path.parent.name for path in env.ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= copied
    assert ("locale" in copied) == (env.ROOT / "locale").is_dir()


# --- the commands as they stand -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def surroundings(services, tmp_path_factory, django_db_setup) -> Iterator[dict[str, str]]:
    """The environment of our containers, with the servers of the test session in place of theirs and a copy
    of its migrated database: as after an upgrade that changed nothing."""
    servers = Servers(Path(os.environ["DATA_DIR"]))
    name = f"compose_{os.getpid()}"
    admin = servers.database_url.replace("/helpdesk?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template {MIGRATED}')
    web_port, smtp_port = free_ports(2)
    values = {key: _filled(str(value), ANSWERS) for key, value in services["web"]["environment"].items()}
    ours = {variable.name for variable in env.VARIABLES}
    yield {
        **{key: value for key, value in os.environ.items() if key not in ours},
        **{key: value for key, value in values.items() if value},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOST": "0.0.0.0",
        "PORT": str(web_port),
        "SMTP_PORT": str(smtp_port),
        "DATA_DIR": str(tmp_path_factory.mktemp("container")),
        "DATABASE_URL": servers.database_url.replace("/helpdesk?", f"/{name}?"),
        "REDIS_URL": f"{servers.redis_url}?db=60",
    }
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def _command(service: dict[str, Any]) -> list[str]:
    command = service["command"]
    assert isinstance(command, list)
    return command


@contextmanager
def _going(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, cwd=env.ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _probe(name: str, environment: dict[str, str]) -> bool:
    command = [sys.executable, "-m", "config.probe", name]
    return subprocess.run(command, env=environment, cwd=env.ROOT, check=False).returncode == 0


def _beats(environment: dict[str, str]) -> set[str]:
    """Who has given a sign of life: asked in the database, which costs less than a probe."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return {name for (name,) in connection.execute("select name from helpdesk_heartbeat")}


def test_the_commands_run_as_they_stand_and_each_probe_tells_of_its_own_part(services, surroundings):
    subprocess.run(_command(services["prepare"]), env=surroundings, cwd=env.ROOT, check=True)
    assert set(PARTS) >= {*BEATS, "web"}
    for name in ("web", *BEATS):
        assert not _probe(name, surroundings)
    with ExitStack() as stack:
        for name in ("web", *BEATS):
            stack.enter_context(_going(_command(services[name]), surroundings))
        await_that(lambda: _beats(surroundings) >= set(BEATS.values()), 60, "all have said that they live")
        for name in ("web", *BEATS):
            await_that(lambda part=name: _probe(part, surroundings), 60, f"{name} is alive")
