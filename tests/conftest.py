"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page, sync_playwright

from feedback.models import Cause
from helpdesk.garbage import look_seldom
from sla import clockwork
from tests import chromium
from tests.cast import Cast, make_cast
from tickets import actions
from tickets.models import Ticket

LONGEST = (
    "tests/flows/test_run.py", "tests/flows/test_faults.py", "tests/test_access_matrix.py",
    "tests/browser/test_attacks.py", "tests/browser/test_setup.py",
    "tests/flows/", "tests/browser/",
)  # fmt: skip
"""What takes minutes, the longest first: begun last, it would keep one worker busy and the others idle. What
mostly waits for whole processes takes turns with what reckons."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        found = (n for n, path in enumerate(LONGEST) if item.nodeid.startswith(path))
        return next(found, len(LONGEST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """As every process of the product: to look for garbage among all that was loaded costs a tenth."""
    look_seldom()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, django_db_blocker: Any) -> bool:
    """Every worker's database is a copy of one that the first of them migrated: migrating takes seconds."""
    ours = connection.settings_dict
    test_name = connection.creation._get_test_db_name()
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")  # the first takes its time
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [MIGRATED])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [MIGRATED])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {MIGRATED}")
            name, ours["NAME"] = ours["NAME"], MIGRATED
            call_command("migrate", verbosity=0)
            connection.close()
            ours["NAME"] = name
        cursor.execute(f'CREATE DATABASE "{test_name}" TEMPLATE {MIGRATED}')
    return True


MIGRATED = "helpdesk_migrated"


def _empty_tables(self: TransactionTestCase) -> None:
    """After a test that commits: the rows go, in one statement.

    Django's own way (TRUNCATE of every table, then permissions and content types written anew) takes a third
    of a second. Triggers are off meanwhile, so the order does not matter; what migrations filled stays.
    """
    kept = {ContentType._meta.db_table, Permission._meta.db_table, Cause._meta.db_table}
    tables = set(connection.introspection.django_table_names(include_views=False)) - kept
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(";".join(f'DELETE FROM "{table}"' for table in sorted(tables)))
        cursor.execute("SET session_replication_role = DEFAULT")


TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_language_or_zone_left_behind() -> None:
    """A request leaves its reader's language and zone active in this thread: the next test begins without."""
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed world of tests.cast."""
    return make_cast()


@pytest.fixture
def open_ticket(request: pytest.FixtureRequest, cast: Cast) -> Iterator[Callable[..., Ticket]]:
    """Open a ticket of Priya's in billing by mail; keywords as in `actions.open_ticket`.

    After the test, whatever it did, the clocks and measurements of all tickets must be what their events say
    (unless it is marked `tampers`: it changed rows behind the actions' back).
    """

    def _open(**given: object) -> Ticket:
        defaults: dict[str, object] = {
            "requester": cast.priya,
            "subject": "Refund missing",
            "team": cast.billing,
            "by": given.get("requester", cast.priya),
            "channel": "mail",
            "words": "It is now two weeks.",
        }
        return actions.open_ticket(**(defaults | given))  # type: ignore[arg-type]

    yield _open
    if "tampers" not in request.keywords and not connection.needs_rollback:
        tickets = list(Ticket.with_deleted.values_list("pk", flat=True))
        assert [str(each) for each in clockwork.differences(tickets)] == []


@pytest.fixture
def ticket(open_ticket: Callable[..., Ticket]) -> Ticket:
    """Priya's ticket in billing, opened by mail a moment ago."""
    return open_ticket()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the session; `bin/test` made sure that there is one."""
    path = chromium.find()
    assert path, "No Chromium here: run bin/test, or set CHROMIUM to the path of one."
    # Playwright keeps an event loop in this thread, in which Django would otherwise refuse its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor of its own. Whatever the browser complains of (script errors, what the content
    policy refuses) fails the test."""
    context = browser.new_context(
        locale="en-GB", timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 800}
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert [text for text in complaints if "status of 4" not in text and "status of 5" not in text] == []
