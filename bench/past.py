"""What concerns many tickets at once, at size: the dry run of an edit, its job, a simulation, rebuild and verify.

    .venv/bin/python -m bench.past --tickets 100000

Starts bundled servers of its own in a temporary folder (or in `--data-dir`, which is used again), fills them with
`manage.py seed` (a year of tickets, 6 % of them open), and prints the time of each and the tickets a second. The jobs run in
this process as a worker would run them; the commands with as many processes as there are processors. Beside them stands one
reading of all their events, in batches by ticket and without folding them: the floor of everything here.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bench.bundled import bundled, fill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--data-dir", help="keep the data here and use it again")
    options = parser.parse_args()
    with bundled(options.data_dir, LOG_LEVEL="ERROR", DB_TIMEOUT="0"):
        fill(options.tickets)
        measure()


def measure() -> None:
    from django.core.management import call_command
    from django.utils import timezone

    from sla import actions, recompute, simulate
    from sla.models import Policy
    from tickets.models import Ticket

    policy, now = Policy.objects.order_by("position")[0], timezone.now()
    spec = policy.latest.spec
    # Run again on the same data, the draft must differ from what stands.
    seconds = 2700 if "1800" in str(spec["targets"]["first_response"]) else 1800
    soon = {str(level): {"seconds": seconds, "basis": "working"} for level in (1, 2, 3, 4)}
    draft = {**spec, "targets": {**spec["targets"], "first_response": soon, "resolution": soon}}
    total = Ticket.objects.count()
    pks = list(Ticket.objects.order_by("pk").values_list("pk", flat=True))

    def read() -> int:
        batches = range(0, total, simulate.BATCH)
        return sum(len(list(simulate._events_of(pks[at : at + simulate.BATCH]))) for at in batches)

    print(f"{total} tickets{'':<34} {'passed':>10} {'processor':>10} {'a second':>10}")
    said("read all events", read)
    seen = said(
        "dry run of other targets", lambda: recompute.preview(policy=policy, spec=draft, limit_seconds=600)
    )
    print(f"    {seen.changed} due times change on {seen.tickets} of {seen.looked_at} open tickets")
    job = actions.simulate(None, since=now - timedelta(days=800), until=now, policies=[(policy, draft)])
    done = said("simulation, as a job in one process", lambda: run(job.pk))
    print(
        f"    {done['tickets']} tickets, {done['worse']['count']} more missed, {done['better']['count']} fewer"
    )
    since = (now - timedelta(days=800)).isoformat()
    said(
        "simulate_policy, a process for each processor",
        lambda: quiet("simulate_policy", "--since", since),
        total,
    )
    actions.edit_policy(policy, by=None, spec=draft)
    asked = actions.recompute_open(None, policy=policy)
    done = said("recompute the open tickets, as a job", lambda: run(asked.pk))
    print(f"    {done['changed']} due times changed, {done['applied']} tickets")
    for workers in (1, os.cpu_count() or 1):
        said(
            f"rebuild_clocks --verify --jobs {workers}",
            lambda w=workers: quiet("rebuild_clocks", "--verify", "--jobs", w),
            total,
        )
    said("rebuild_clocks", lambda: quiet("rebuild_clocks"), total)
    call_command("rebuild_clocks", "--verify")


def said(name: str, act: Callable[[], Any], number: int | None = None) -> Any:
    """Do it, print how long it took, the processor time of our processes, and of what it counts how many a second."""
    start, before = time.perf_counter(), os.times()
    found = act()
    took, after = time.perf_counter() - start, os.times()
    spent = sum(after[:4]) - sum(before[:4])
    size = number or (found if isinstance(found, int) else getattr(found, "looked_at", 0))
    size = size or (found.get("tickets") or found.get("looked_at") if isinstance(found, dict) else 0)
    print(f"{name:<48} {took:8.1f} s {spent:8.1f} s {size / took:10,.0f}", flush=True)
    return found


def run(pk: int) -> dict[str, Any]:
    from tickets import jobs
    from tickets.models import Job

    while jobs.run(pk):
        pass
    job = Job.objects.get(pk=pk)
    assert job.state == "done", job.fault
    return job.result


def quiet(*command: Any) -> None:
    from io import StringIO

    from django.core.management import call_command

    call_command(*command, stdout=StringIO())


if __name__ == "__main__":
    main()
