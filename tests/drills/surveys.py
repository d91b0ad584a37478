"""Resolutions and the surveys about them, by workers of which one is killed every second.

    bin/drill surveys --resolutions 200000 --seed 7

Processes resolve tickets and, at the same time, do the periodic tasks over surveys: sending, reminding,
asking on a cadence. Each customer has several tickets, every third also a round of recommendation that has
come. One process after the other is ended by SIGKILL, wherever it is, and replaced. Promises held afterwards:
every resolution has one survey or the reason why not; nobody was asked twice within the cool-down; nobody who
had something resolved was forgotten; each survey that was sent has one mail and one reminder.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from config import env

TICKETS_EACH = 4
WORKERS = 3
SLICE = 50


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill surveys")
    parser.add_argument("--resolutions", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="helpdesk-drill-")))
        folder.chmod(0o755)
        os.environ |= {"DATA_DIR": str(folder), "DEMO": "0", "MODE": "development"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
        from config.embedded import Servers, running

        stack.enter_context(running(Servers(folder)))
        for command in (["prepare"], ["seed", "--tickets", "1"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=env.ROOT, check=True)
        import django

        django.setup()
        seed(options.resolutions)
        kills, seconds = _kill_until_done(random.Random(options.seed), stack)
        return {
            "seed": options.seed,
            "kills": kills,
            "seconds": f"{seconds:.0f}",
            **figures(options.resolutions),
        }


def seed(resolutions: int) -> None:
    """Customers with open tickets, and two surveys: satisfaction at once, recommendation on a cadence."""
    from django.utils import timezone

    from feedback import actions as feedback
    from feedback.models import Cadence
    from tickets.models import Speaker, Team, Ticket, User

    terms = {"delay": timedelta(0), "cool_down": timedelta(days=30), "remind_after": timedelta(seconds=5)}
    feedback.change_survey(feedback.install_standard_survey(), by=None, **terms)
    nps = [{"key": "rating", "kind": "nps"}]
    recommend = feedback.create_survey("Recommendation", "nps", by=None, questions=nps, **terms)
    feedback.switch_survey(recommend, True, by=None)
    now, team = timezone.now(), Team.objects.order_by("pk")[0]
    customers = User.objects.bulk_create(
        [
            User(email=f"drill{n}@customers.example", name=f"Drill {n}", role="customer")
            for n in range(-(-resolutions // TICKETS_EACH))
        ],
        batch_size=5000,
    )
    Ticket.objects.bulk_create(
        (
            Ticket(
                subject="drill",
                requester=customers[n // TICKETS_EACH],
                team=team,
                channel="mail",
                status="open",
                spoke_first=Speaker.AGENT,
                opened_at=now,
                updated_at=now,
            )
            for n in range(resolutions)
        ),
        batch_size=5000,
    )
    # Every third has been in touch before, and a round has come for them.
    before = now - timedelta(days=60)
    Ticket.objects.bulk_create(
        (
            Ticket(
                subject="before",
                requester=one,
                team=team,
                channel="mail",
                status="closed",
                opened_at=before,
                updated_at=before,
                resolved_at=before,
                closed_at=before,
            )
            for one in customers[::3]
        ),
        batch_size=5000,
    )
    Cadence.objects.bulk_create(
        [Cadence(definition=recommend, person=one, due_at=now) for one in customers[::3]], batch_size=5000
    )


def work() -> None:
    """What one process does until it is killed: resolve some, then what the beat would ask for."""
    import django

    django.setup()
    from feedback import tasks
    from tickets import actions
    from tickets.models import Ticket, User

    agent = User.objects.filter(role="agent", teams=Ticket.objects.filter(subject="drill")[0].team_id)[0]
    dice = random.Random()
    while True:
        left = Ticket.objects.filter(subject="drill", status="open")
        first = left.order_by("pk").values_list("pk", flat=True).first()
        start = first + dice.randrange(SLICE * 4) if first else 0
        for ticket in left.filter(pk__gte=start).order_by("pk")[:SLICE] or left.order_by("pk")[:SLICE]:
            actions.resolve(ticket, by=agent)
        busy = tasks.plan_rounds() + tasks.invite_due() + tasks.remind_due()
        if not busy and not first:
            time.sleep(0.5)


def _kill_until_done(chance: random.Random, stack: ExitStack) -> tuple[int, float]:
    workers = [_launch() for _ in range(WORKERS)]
    stack.callback(lambda: [_end(worker) for worker in workers])
    began, kills = time.monotonic(), 0
    time.sleep(5)
    while not _is_done():
        nth = chance.randrange(WORKERS)
        _end(workers[nth])
        workers[nth] = _launch()
        kills += 1
        time.sleep(chance.uniform(3.0, 6.0))  # a process needs some seconds before it does anything
    return kills, time.monotonic() - began


def _launch() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from tests.drills.surveys import work; work()"],
        cwd=env.ROOT,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _is_done() -> bool:
    """Everything is resolved, and nothing is due any more."""
    from django.utils import timezone

    from feedback import queries
    from tickets.models import Ticket

    now = timezone.now()
    rest = (queries.due_rounds(now), queries.due_to_send(now))
    if Ticket.objects.filter(subject="drill", status="open").exists() or any(rows.exists() for rows in rest):
        return False
    return not queries.due_to_remind(now + timedelta(seconds=10)).exists()


def figures(resolutions: int) -> dict[str, Any]:
    """What came of it; raises AssertionError where a promise was broken."""
    from django.db.models import Count, Q

    from feedback.models import Survey
    from helpdesk.models import Delivery
    from tickets.models import Event, User

    resolved = Event.objects.filter(kind="ticket.resolved", ticket__subject="drill")
    people = User.objects.filter(email__startswith="drill")
    invited = Q(surveys__invited_at__isnull=False)
    asked = people.annotate(times=Count("surveys", filter=invited, distinct=True))
    surveys = Survey.objects.filter(person__in=people)
    sent = surveys.filter(invited_at__isnull=False)
    found = {
        "resolutions": resolved.count(),
        "without a survey or a reason": resolved.filter(survey=None).count(),
        "customers": people.count(),
        "asked once": asked.filter(times=1).count(),
        "of these for a recommendation": sent.filter(kind="nps").count(),
        "asked twice within the cool-down": asked.filter(times__gt=1).count(),
        "forgotten": asked.filter(times=0).count(),
        "left in peace by the cool-down": surveys.filter(reason="cool_down").count(),
        "reminded once": sent.exclude(reminded_at=None).count(),
    }
    mails = Delivery.objects.filter(event__subject_kind="feedback.survey", recipient__in=people)
    for kind, many in (("survey.invited", sent.count()), ("survey.reminded", found["reminded once"])):
        events = Event.objects.filter(kind=kind, subject_id__in=surveys.values("pk"))
        assert events.values("subject_id").distinct().count() == events.count() == many, kind
        assert mails.filter(event__kind=kind).count() == many, kind
    assert found["resolutions"] == resolutions, found
    assert found["asked once"] == found["customers"] == found["reminded once"], found
    for broken in ("without a survey or a reason", "asked twice within the cool-down", "forgotten"):
        assert found[broken] == 0, found
    return found | {"mails written": mails.count(), "doubled mails": 0}
