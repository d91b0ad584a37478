"""Counts what each view of the queue asks of the database at size: its first page and the next one, as an agent of one
team and of several, as a supervisor and as an administrator.

    .venv/bin/python -m bench.views --data-dir FOLDER

Takes the tickets that are in the folder (`bench.grow` makes a million). Prints queries, rows read and buffers touched by
EXPLAIN (`bench/plans.py`), which are exact: of the whole page, and of the statement that lists its tickets.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from bench import plans
from bench.bundled import bundled, fill

VIEWS = ("mine", "team", "unassigned", "soon", "waiting", "snoozed", "mentions", "open")
FILTERED = ("is:unassigned", "is:waiting", "is:unanswered", "assignee:me", "priority:urgent", "team:tech")
"""What agents commonly add to all that is open."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--tickets", type=int, default=10_000, help="where there are none yet")
    options = parser.parse_args()
    with bundled(options.data_dir, DB_TIMEOUT="0"):
        fill(options.tickets)
        print(f"{'':<52}{'queries':>8}{'rows':>9}{'buffers':>9}   {'listing: rows':>13}{'buffers':>9}")
        for name, person in _people().items():
            for view in (*VIEWS, *(f"open&q={text}" for text in FILTERED)):
                _ask(name, person, view)


def _people() -> dict[str, Any]:
    from django.db.models import Count

    from tickets.models import User

    people = User.objects.filter(is_active=True).alias(number=Count("teams")).order_by("pk")
    agents = people.filter(role="agent")
    found = {
        "agent of one team": agents.filter(number=1).first(),
        "agent of several": agents.filter(number__gt=1).first(),
        "supervisor": people.filter(role="supervisor").first(),
        "administrator": people.filter(role="administrator").first(),
    }
    return {name: person for name, person in found.items() if person is not None}


def _ask(name: str, person: Any, view: str) -> None:
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    path, word = f"/desk/?view={view}", f"{name}, {view}"
    while path:
        browser.get(path)  # so that what is kept is there
        with CaptureQueriesContext(connection) as made:
            response = browser.get(path)
        assert response.status_code == 200
        statements = [query["sql"] for query in made.captured_queries]
        costs = [(statement, plans.cost_of(statement)) for statement in statements]
        total = sum((cost for _statement, cost in costs), plans.Cost())
        listing = next(
            (cost for text, cost in costs if "due_key" in text and "subject" in text), plans.Cost()
        )
        print(
            f"{word:<52}{len(statements):>8}{total.rows:>9,}{total.buffers:>9,}"
            f"   {listing.rows:>13,}{listing.buffers:>9,}",
            flush=True,
        )
        older = re.search(r"after=(-?\d+\.\d+)", response.content.decode())
        is_first = "&after=" not in path
        path, word = f"{path}&after={older[1]}" if older and is_first else "", f"{word}, next page"


if __name__ == "__main__":
    main()
