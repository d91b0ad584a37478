"""`manage.py simulate_policy`: what policies or hours would have come to on past tickets. Writes nothing."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sla.management.commands.rebuild_clocks import instant
from sla.models import Calendar, MetricName, Policy
from sla.parallel import Bar, default_workers, spread
from sla.simulate import BATCH, Simulation, count, simulation_of, tickets_between
from sla.tally import MISSED, Tally, attainment
from tickets.models import Priority, Team


class Command(BaseCommand):
    help = (
        "Run policies over the tickets opened in a period and print what would have been met, before and "
        "after. WHAT is the name of a policy (as it stands now) or a JSON file: a policy's spec, with “name” "
        "for the policy that it is to replace, a list of such, or {“policies”: […], “calendar”: name, "
        "“calendar_spec”: …}. Without WHAT, all policies as they stand now are tried."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="*", help="names of policies, or JSON files")
        parser.add_argument("--since", help="tickets opened from here (ISO 8601, default: 90 days ago)")
        parser.add_argument("--until", help="tickets opened before this (default: now)")
        parser.add_argument("--zone", default="UTC", help="whose hours of the week misses are gathered by")
        parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
        parser.add_argument("--jobs", type=int, help="worker processes (default: one for each processor)")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        since = instant(options["since"]) if options["since"] else now - timedelta(days=90)
        until = instant(options["until"]) if options["until"] else now
        if since >= until:
            raise CommandError("The period ends before it begins.")
        try:
            arguments = drafts(options["what"]) | {"now": now.isoformat(), "zone": options["zone"]}
            ZoneInfo(options["zone"])
            simulation_of(arguments)
        except ZoneInfoNotFoundError:
            raise CommandError(f"“{options['zone']}” is no time zone.") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        tally = self._count(since, until, arguments, options["jobs"])
        result = tally.result() | {"since": since.isoformat(), "until": until.isoformat()}
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=2))
        else:
            self._print(result)

    def _count(
        self, since: datetime, until: datetime, arguments: dict[str, Any], workers: int | None
    ) -> Tally:
        pks = list(tickets_between(since, until).order_by("pk").values_list("pk", flat=True))
        batches = (pks[start : start + BATCH] for start in range(0, len(pks), BATCH))
        tally, bar = Tally(), Bar(sys.stderr, len(pks))
        chosen = workers or (default_workers() if len(pks) > BATCH * 10 else 1)
        for batch, found in spread(count_batch, batches, chosen, arguments):
            tally.merge(found)
            bar.advance(len(batch))
        bar.end()
        return tally

    def _print(self, result: dict[str, Any]) -> None:
        self.stdout.write(
            f"{result['tickets']:,} tickets opened from {result['since']} to {result['until']}\n\n"
        )
        names = dict(MetricName.choices)
        self._table("By metric", [(str(names[line["metric"]]), line) for line in result["by_metric"]])
        words = {value: str(word) for value, word in Priority.choices}
        self._table(
            "By priority",
            [(f"{names[line['metric']]}, {words[line['priority']]}", line) for line in result["by_priority"]],
        )
        teams = {0: "no team", **dict(Team.objects.values_list("pk", "name"))}
        self._table(
            "By team",
            [
                (f"{names[line['metric']]}, {teams.get(line['team'], line['team'])}", line)
                for line in result["by_team"]
            ],
        )
        for name, word in (("worse", "more would be missed"), ("better", "would be missed no longer")):
            flips = result[name]
            listed = ", ".join(f"#{row[0]}" for row in flips["rows"][:20])
            self.stdout.write(f"{flips['count']:,} {word}{': ' + listed if listed else ''}\n")
        if result["faults"]:
            self.stdout.write(f"Could not be read: {', '.join(f'#{pk}' for pk in result['faults'])}\n")

    def _table(self, title: str, lines: list[tuple[str, dict[str, Any]]]) -> None:
        width = max([len(title), *(len(name) for name, _line in lines)], default=0)
        self.stdout.write(
            f"{title:<{width}}  {'met before':>11} {'missed':>8}  {'met after':>11} {'missed':>8}\n"
        )
        for name, line in lines:
            before, after = (
                f"{_percent(line[side]):>11} {line[side][MISSED]:>8,}" for side in ("before", "after")
            )
            self.stdout.write(f"{name:<{width}}  {before}  {after}\n")
        self.stdout.write("\n")


def _percent(cell: dict[str, int]) -> str:
    share = attainment(cell)
    return "–" if share is None else f"{share:.1f} %"


def count_batch(pks: list[int], arguments: dict[str, Any]) -> Tally:
    """Count some tickets, in a process of its own."""
    return count(pks, _simulation(json.dumps(arguments)))


@lru_cache(maxsize=1)
def _simulation(arguments: str) -> Simulation:
    return simulation_of(json.loads(arguments))


def drafts(what: list[str]) -> dict[str, Any]:
    """What is to be tried, as `sla.simulate.simulation_of` takes it. Raises CommandError."""
    found: dict[str, Any] = {"policies": []}
    for word in what:
        named = Policy.objects.filter(name=word).first()
        if named is not None:
            found["policies"].append({"policy": named.pk, "spec": named.latest.spec})
            continue
        path = Path(word)
        if not path.is_file():
            raise CommandError(f"“{word}” is neither the name of a policy nor a file.")
        try:
            given = json.loads(path.read_text())
        except ValueError as error:
            raise CommandError(f"{word} is no JSON: {error}") from None
        _take(given, found, word)
    return found


def _take(given: Any, found: dict[str, Any], word: str) -> None:
    if isinstance(given, dict) and given.keys() & {"policies", "calendar", "calendar_spec"}:
        if "calendar" in given:
            calendar = Calendar.objects.filter(name=given["calendar"]).first()
            if calendar is None:
                raise CommandError(f"There is no calendar “{given['calendar']}”.")
            found["calendar"] = calendar.pk
        found["calendar_spec"] = given.get("calendar_spec")
        given = given.get("policies") or []
    for spec in given if isinstance(given, list) else [given]:
        if not isinstance(spec, dict):
            raise CommandError(f"{word} does not hold policies.")
        name = spec.pop("name", None)
        policy = Policy.objects.filter(name=name).first() if name else None
        if name and policy is None:
            raise CommandError(f"There is no policy “{name}”. Leave “name” out for a new one.")
        found["policies"].append({"policy": policy.pk if policy else None, "spec": spec})
