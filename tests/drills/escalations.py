"""Escalation levels under two beats and four workers, with a SIGKILL for one of them every second for a
minute.

    bin/drill escalations --tickets 2000 --seconds 60 --seed 7

Most kills take the process of a worker that does its tasks (which the worker replaces at once, so that there
is always somebody to be hit), every sixth a whole worker or beat. Each ticket has five levels that fall while
the killing goes on, two of which act on the ticket; meanwhile agents answer some. Promises held afterwards:
every level that fell is recorded once, at its instant, and told once to each recipient; what a level does is
done once; none falls on a clock that had stopped; rebuilt rows equal the live ones.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench import sweep as bench
from config import env
from tests.drills.own import own_servers
from tests.flows.product import await_that

PLACES = (-30, -10, 0, 10, 20)
"""Seconds from the due time."""
STEPS = {-10: [{"raise_priority": 4}], 10: [{"tag": "late"}]}
BEATS, WORKERS = 2, 4
TELL = {"tell": ["assignee", "supervisor"], "urgent": True}
CELERY = [sys.executable, "-m", "celery", "-A", "config.celery"]
BEAT = [*CELERY, "beat", "--pidfile=", "--scheduler", "config.celery:BeatingScheduler", "--loglevel", "INFO"]
WORKER = [*CELERY, "worker", "--concurrency", "1", "--queues", "celery", "--loglevel", "INFO"]
WORKER += ["--without-gossip", "--without-mingle"]


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill escalations")
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--answered", type=int, default=100, help="tickets that agents answer meanwhile")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as stack:
        folder = stack.enter_context(own_servers(["seed", "--tickets", "1"]))
        return {"seed": options.seed, **_drill(options, random.Random(options.seed), stack, folder)}


def _drill(
    options: argparse.Namespace, chance: random.Random, stack: ExitStack, folder: Path
) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [{"percent": -25, "tell": ["assignee"]}]
    levels += [{"seconds": place, "actions": STEPS.get(place, []), **TELL} for place in PLACES]
    from django.utils import timezone

    versions = bench.policy(escalations={"first_response": levels, "resolution": []})
    fleet = Fleet(folder)
    stack.callback(fleet.end)
    fleet.start()
    fleet.await_ready()
    # The last level of the last ticket falls when the killing ends.
    lead = int(options.seconds - PLACES[-1])
    spread = lead + PLACES[0]
    bench.seed(
        versions,
        options.tickets,
        ago=bench.TARGETS["first_response"] - lead,
        mark="drill",
        spread=max(1, spread),
    )
    bench.sql(
        "UPDATE sla_clock SET next_check_at = due_at - interval '30 seconds'"
        " FROM tickets_ticket AS ticket WHERE ticket.id = ticket_id AND subject = 'drill'"
        " AND metric = 'first_response'"
    )
    kills, whole = _kill_and_answer(options, chance, fleet)
    began, ended_at = time.monotonic(), timezone.now()
    _await_rest(300)
    figures = _figures(options.tickets, ended_at)
    figures |= {"all worked off after the last kill": f"{time.monotonic() - began:.0f} s"}
    return {
        "kills": kills,
        "of these a whole beat or worker": whole,
        "of these in the middle of a task": fleet.said("Task handler raised error: WorkerLostError"),
        **figures,
    }


class Fleet:
    """The beats and workers, each in a process group of its own, so that a kill takes all of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.there: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        for nth in range(BEATS + WORKERS):
            self.there.append(self._launch(nth))

    def _launch(self, nth: int) -> subprocess.Popen[bytes]:
        command = BEAT if nth < BEATS else [*WORKER, "--hostname", f"worker{nth}@%h"]
        with (self.folder / f"process{nth}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=env.ROOT, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
            )

    def await_ready(self) -> None:
        """Until every worker takes tasks."""
        await_that(lambda: self.said(" ready.") >= WORKERS, 300, "all workers ready")

    def said(self, words: str) -> int:
        """How often a beat or worker wrote these words into its log."""
        logs = self.folder.glob("process*.log")
        return sum(log.read_text(errors="replace").count(words) for log in logs)

    def kill_one(self, chance: random.Random) -> bool:
        """As a power cut would: no grace. True if it took a whole beat or worker, and not what works for
        it."""
        nth = chance.randrange(BEATS + WORKERS)
        whole = nth < BEATS or chance.random() < 0.1
        if whole and chance.random() < 0.5:
            _end(self.there[nth])
            self.there[nth] = self._launch(nth)
            return True
        children = [one for process in self.there[BEATS:] for one in psutil.Process(process.pid).children()]
        if children:
            with suppress(psutil.NoSuchProcess):
                chance.choice(children).kill()
        return False

    def end(self) -> None:
        for process in self.there:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _kill_and_answer(options: argparse.Namespace, chance: random.Random, fleet: Fleet) -> tuple[int, int]:
    from tickets import actions
    from tickets.models import Ticket

    tickets = list(Ticket.objects.filter(subject="drill").select_related("assignee"))
    answered = chance.sample(tickets, min(options.answered, len(tickets)))
    end, kills, whole = time.monotonic() + options.seconds, 0, 0
    while (left := end - time.monotonic()) > 0:
        until = time.monotonic() + 1.0
        for _ticket in range(int(len(answered) / max(1.0, left)) + 1):
            if answered:
                ticket = answered.pop()
                actions.reply(ticket, "We look into it.", by=ticket.assignee, channel="desk")
        time.sleep(max(0.0, until - time.monotonic()))
        whole += fleet.kill_one(chance)
        kills += 1
    return kills, whole


def _await_rest(patience: float) -> None:
    """Until nothing is due and nothing waits to be done."""
    from django.utils import timezone

    from sla.models import Clock, Escalation

    end = time.monotonic() + patience
    while time.monotonic() < end:
        due = Clock.objects.filter(next_check_at__lt=timezone.now()).exists()
        if not due and not Escalation.objects.filter(state=Escalation.State.PENDING).exists():
            return
        time.sleep(1)
    raise AssertionError(f"not worked off within {patience} s")


def _figures(tickets: int, ended_at: datetime) -> dict[str, Any]:
    from helpdesk.models import Delivery
    from sla import clockwork
    from sla.models import Clock, Escalation
    from tickets.models import Event, Ticket

    clocks = Clock.objects.filter(ticket__subject="drill", metric="first_response")
    stops = {clock.ticket_id: clock for clock in clocks}
    fired: dict[tuple[int, str], list[Event]] = {}
    for event in Event.objects.filter(kind="sla.escalated", ticket__in=stops).exclude(data__level="-25%"):
        fired.setdefault((event.ticket_id or 0, event.data["level"]), []).append(event)
    due, missed, wrong = 0, 0, 0
    for ticket, clock in stops.items():
        for place in PLACES:
            falls_at = clock.due_at + timedelta(seconds=place)
            events = fired.get((ticket, str(place)), [])
            wrong += any(event.at != falls_at for event in events)
            if clock.stopped_at is None or events:
                due += 1
                missed += not events
    stopped_seq = {
        event.ticket_id: event.seq for event in Event.objects.filter(kind="ticket.replied", ticket__in=stops)
    }
    late = sum(
        event.seq > stopped_seq.get(event.ticket_id, event.seq)
        for events in fired.values()
        for event in events
    )
    twice = sum(len(events) > 1 for events in fired.values())
    during = sum(event.recorded_at < ended_at for events in fired.values() for event in events)
    told = Delivery.objects.filter(event__kind="sla.escalated", event__ticket__in=stops)
    pairs = told.values("event", "recipient").distinct().count()
    done = Escalation.objects.filter(state=Escalation.State.DONE)
    acts = Event.objects.filter(ticket__in=stops, kind__in=("ticket.prioritized", "ticket.tagged"))
    differ = list(
        clockwork.differences(list(Ticket.objects.filter(subject="drill").values_list("pk", flat=True)))
    )
    assert len(stops) == tickets
    assert (missed, twice, wrong, late) == (0, 0, 0, 0), (missed, twice, wrong, late)
    assert told.count() == pairs
    assert acts.count() == done.count(), (acts.count(), done.count())
    assert not differ, differ[:3]
    return {
        "tickets": tickets,
        "of these answered meanwhile": len(stopped_seq),
        "levels due": due,
        "fired once": sum(len(events) == 1 for events in fired.values()),
        "of these while the killing went on": during,
        "fired twice": twice,
        "missed": missed,
        "fired on a clock that had stopped": late,
        "dated at another instant than their own": wrong,
        "deliveries written": told.count(),
        "doubled deliveries": 0,
        "actions of levels done once": done.count(),
        "done twice or lost": 0,
        "void, their clock had ended": Escalation.objects.filter(state=Escalation.State.VOID).count(),
        "clocks rebuilt from events that differ": 0,
    }
