"""Resolutions and the surveys about them, by workers of which one is killed again and again.

    bin/drill surveys --resolutions 200000 --acted 5000 --every 20 --seed 7

Processes resolve tickets and, at the same time, do the periodic tasks over surveys: sending, reminding,
asking on a cadence. Each customer has several tickets, every third also a round of recommendation that has
come. Every `--every` seconds one process is ended by SIGKILL, wherever it is, and replaced. Of many
resolutions only `--acted` are done meanwhile, by the action; the others are there from the start as it would
have left them, and all their surveys come due within two minutes. Promises held afterwards: every resolution
has one survey or the reason why not; nobody was asked twice within the cool-down; nobody who had something
resolved was forgotten; each survey that was sent has one mail and one reminder.
"""

import argparse
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from config import env
from tests.drills.own import own_servers

TICKETS_EACH = 4
WORKERS = 3
SLICE = 50


def run(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="bin/drill surveys")
    parser.add_argument("--resolutions", type=int, default=200_000)
    parser.add_argument("--acted", type=int, help="so many by the action itself (default: all)")
    parser.add_argument("--every", type=float, default=4.5, help="seconds between two kills, about")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with ExitStack() as stack:
        stack.enter_context(own_servers(["seed", "--tickets", "1"], LOG_LEVEL="ERROR"))
        acted = min(options.resolutions, options.acted or options.resolutions)
        seed(options.resolutions, acted)
        kills, seconds = _kill_until_done(random.Random(options.seed), options.every, stack)
        return {
            "seed": options.seed,
            "kills": kills,
            "resolutions by the action, meanwhile": acted,
            "seconds": f"{seconds:.0f}",
            **figures(options.resolutions),
        }


def seed(resolutions: int, acted: int) -> None:
    """Customers with tickets, `acted` of them open, and two surveys: satisfaction at once, recommendation on
    a cadence."""
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
    tickets = [
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
    ]
    # Spread over all customers: some of each hundred are resolved by the action while the others are asked.
    is_acted = [n * acted // resolutions < (n + 1) * acted // resolutions for n in range(resolutions)]
    Ticket.objects.bulk_create(
        [ticket for ticket, open_ in zip(tickets, is_acted, strict=True) if open_], batch_size=5000
    )
    resolved = [ticket for ticket, open_ in zip(tickets, is_acted, strict=True) if not open_]
    for start in range(0, len(resolved), 5000):
        _write_resolved(resolved[start : start + 5000])
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


def _write_resolved(tickets: list[Any]) -> None:
    """Tickets with their resolution and the survey planned about it: the rows that `resolve` and
    `feedback.actions.schedule` write, many at once."""
    from django.db import transaction

    from feedback.actions.definitions import versions_in_use
    from feedback.models import Kind, Survey
    from feedback.timing import sending_time
    from tickets.bulk import insert

    at, agent = tickets[0].opened_at, _agent()
    version = next(one for one in versions_in_use() if one.definition.kind != Kind.NPS)
    for ticket in tickets:
        ticket.status, ticket.resolved_at, ticket.last_event_at, ticket.event_seq = "resolved", at, at, 2
    with transaction.atomic():
        insert(tickets)
        events = [_event(ticket, 1, "ticket.resolved", ticket, agent) for ticket in tickets]
        for event in events:
            event.data = {"status": ["open", "resolved"]}
        insert(events)
        surveys = [
            Survey(
                ticket=ticket,
                resolution=event,
                version=version,
                kind=version.definition.kind,
                probability=version.sampling,
                person=ticket.requester,
                resolved_at=at,
                # Not all in the same instant, so that rounds come in between.
                send_at=sending_time(ticket, at, version) + timedelta(seconds=nth % 120),
                resolver=agent,
                team_id=ticket.team_id,
            )
            for nth, (ticket, event) in enumerate(zip(tickets, events, strict=True))
        ]
        insert(surveys)
        told = [
            _event(ticket, 2, "survey.scheduled", survey, None)
            for ticket, survey in zip(tickets, surveys, strict=True)
        ]
        for event, survey in zip(told, surveys, strict=True):
            event.data = {"survey": survey.pk}
        insert(told)


def _event(ticket: Any, seq: int, kind: str, subject: Any, actor: Any) -> Any:
    from tickets.models import Event

    at = ticket.opened_at
    return Event(
        ticket=ticket,
        seq=seq,
        kind=kind,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.pk,
        actor=actor,
        at=at,
        recorded_at=at,
    )


def _agent() -> Any:
    from tickets.models import Team, User

    return User.objects.filter(role="agent", teams=Team.objects.order_by("pk")[0])[0]


def work() -> None:
    """What one process does until it is killed: resolve some, then what the beat would ask for."""
    import django

    django.setup()
    from feedback import tasks
    from tickets import actions
    from tickets.models import Ticket

    agent = _agent()
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


def _kill_until_done(chance: random.Random, every: float, stack: ExitStack) -> tuple[int, float]:
    workers = [_launch() for _ in range(WORKERS)]
    stack.callback(lambda: [_end(worker) for worker in workers])
    began, kills = time.monotonic(), 0
    time.sleep(5)
    while not _is_done():
        nth = chance.randrange(WORKERS)
        _end(workers[nth])
        workers[nth] = _launch()
        kills += 1
        print(f"{time.monotonic() - began:.0f} s: {kills} kills, {_left()} surveys to look at", flush=True)
        # A process needs some seconds before it does anything.
        time.sleep(chance.uniform(every * 2 / 3, every * 4 / 3))
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


def _left() -> int:
    from django.utils import timezone

    from feedback import queries

    return queries.due_to_send(timezone.now()).count()


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
