"""A whole log of a real helpdesk, imported by a process that is killed on the way, compared with its file.

    bin/drill import --kills 3 --seed 7

`manage.py import_events` is ended by SIGKILL wherever it is and started again until it says that it is done.
Then the reports' totals (tickets, reopened, time to resolution by priority, ticket by ticket, and their
percentiles) must be those counted from the file alone, and the clocks those that the events say.
"""

import argparse
import random
import re
import subprocess
import sys
import time
from typing import Any

from config import env
from tests.drills.own import own_servers
from tests.helpdesk.imports.incidents import LOG, incidents, totals


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill import")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with own_servers(LOG_LEVEL="ERROR"):
        found: dict[str, Any] = {"seed": options.seed}
        found |= _import_killed(options.kills, random.Random(options.seed))
        found |= _clocks()
        return found | _compared()


def _import_killed(kills: int, chance: random.Random) -> dict[str, Any]:
    """Let the import be killed so many times, then let it end; raises where it ends in an error."""
    began, busy, last = time.monotonic(), 0.0, ""
    for turn in range(kills + 1):
        started = time.monotonic()
        importing = subprocess.Popen(
            [sys.executable, "manage.py", "import_events", str(LOG)],
            cwd=env.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        patience = None if turn == kills else chance.uniform(20, 90)
        try:
            last, _nothing = importing.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            importing.kill()
            importing.communicate()
        busy += time.monotonic() - started
        print(f"run {turn + 1}: {_written()} tickets after {time.monotonic() - began:.0f} s", flush=True)
    assert importing.returncode == 0, last
    said = re.search(r"(\d+) tickets imported, (\d+) were here before, (\d+) refused", last)
    assert said, last
    tickets = _written()
    assert int(said[1]) + int(said[2]) == tickets
    return {
        "kills": kills,
        "incidents of the file": sum(1 for _ in incidents()),
        "tickets": tickets,
        "of these there when the last run began": int(said[2]),
        "refused": int(said[3]),
        "seconds": f"{busy:.0f}",
        "tickets a second": f"{tickets / busy:.1f}",
    }


def _written() -> int:
    from tickets.models import Ticket

    return Ticket.objects.count()


def _clocks() -> dict[str, Any]:
    """The clocks as they were written beside those that the events say; then what stopped is measured."""
    from sla.models import Clock, Measurement
    from tickets.models import Event

    def command(*more: str) -> str:
        words = [sys.executable, "manage.py", "rebuild_clocks", *more]
        return subprocess.run(words, cwd=env.ROOT, check=True, capture_output=True, text=True).stdout

    command("--verify")
    command()
    command("--verify")
    return {
        "events": Event.objects.count(),
        "clocks": Clock.objects.count(),
        "clocks rebuilt from events that differ": 0,
        "measurements made from events": Measurement.objects.count(),
    }


def _compared() -> dict[str, Any]:
    """The reports' totals, all equal to the file's; raises AssertionError for the first that is not."""
    from tests.helpdesk.imports.reported import as_reported, differing_percentiles
    from tickets.models import Origin, Ticket, User

    assert Ticket.objects.count() == Origin.objects.filter(kind="ticket").count()
    expected = totals(rows for _key, rows in incidents())
    reader = User(role="supervisor", is_active=True)
    assert as_reported(reader) == expected
    assert differing_percentiles(reader, expected) == []
    figures: dict[str, Any] = {"reopened, report = file": expected.reopened}
    for priority, times in expected.took.items():
        words = {4: "urgent", 3: "high", 2: "normal", 1: "low"}[priority]
        hours = " and ".join(f"{expected.nearest(priority, share) / 3600:.2f} h" for share in (0.5, 0.9))
        figures[f"{words}: tickets; median and p90 to resolution, report = file"] = f"{len(times)}; {hours}"
    return figures
