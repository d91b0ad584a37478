"""The sweep at size: what it costs while nothing is due, a full minute, and the backlog of an outage.

    .venv/bin/python -m bench.sweep --clocks 1000000

Starts bundled servers of its own in a temporary folder, writes half as many tickets as clocks (each with a first reply
and a resolution running) by plain SQL, and lets worker processes sweep: locks, fold, events, subscribers, deliveries. Beside each
figure stands the limit of the bare SQL in the same run: one statement a table that writes the same rows and decides nothing.
Afterwards nothing may have been told twice or not at all, and rows rebuilt from the events must equal the live ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.bundled import ROOT, bundled, fill

DAY = 86_400
TARGETS = {"first_response": 20 * DAY, "resolution": 60 * DAY}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--minute", type=int, default=10_000, help="clocks due in the same minute")
    parser.add_argument("--backlog", type=int, default=100_000, help="clocks that fell due during an outage")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work()
        return
    with bundled(LOG_LEVEL="ERROR", DB_TIMEOUT="0"):
        fill(1)
        measure(options)


def measure(options: argparse.Namespace) -> None:
    versions = policy()
    for name, count in (("minute", options.minute), ("backlog", options.backlog)):
        seed(
            versions, count, ago=TARGETS["first_response"] + (10 if name == "minute" else 3 * 3600), mark=name
        )
        seed(versions, count, ago=TARGETS["first_response"] + 10, mark=f"{name}, bare")
    marked = 2 * (options.minute + options.backlog)
    seed(versions, max(0, options.clocks // 2 - marked), ago=0, mark="idle")
    sql("UPDATE sla_clock SET next_check_at = NULL WHERE next_check_at < now()")  # each part in its turn
    for table in ("sla_clock", "tickets_event", "tickets_ticket", "helpdesk_delivery"):
        sql(f"VACUUM (ANALYZE) {table}")
    clocks = sql("SELECT count(*) FROM sla_clock WHERE state = 'running'")
    print(
        f"\n{clocks} open clocks, {options.workers} workers, {os.cpu_count()} cores{'ours':>16}{'bare SQL':>14}   ratio"
    )
    idle()
    for name, count in (("minute", options.minute), ("backlog", options.backlog)):
        bare = _bare(f"{name}, bare")
        ours = _ours(name, options.workers)
        what = f"{count} due at once" if name == "minute" else f"backlog of {count}"
        print(f"{what:<40}{ours:>12.2f} s {bare:>10.2f} s   {ours / bare:.1f}", flush=True)
        check(name, count)


# --- seeding --------------------------------------------------------------------------------------------


def policy(**more: Any) -> dict[str, int]:
    """A policy in calendar time, so that plain SQL can say when its clocks are due. Returns its versions."""
    from sla import actions
    from sla.models import Policy

    targets = {
        metric: {str(priority): {"seconds": seconds, "basis": "calendar"} for priority in (1, 2, 3, 4)}
        for metric, seconds in TARGETS.items()
    }
    row = actions.edit_policy(Policy.objects.earliest("position"), by=None, spec={"targets": targets, **more})
    return {"policy_version": row.latest.pk, "calendar_version": row.calendar.latest.pk}


def seed(versions: dict[str, int], count: int, *, ago: int, mark: str, spread: float = 0.001) -> None:
    """Tickets opened so many seconds ago (and up to `spread` more), whose warnings were told when they fell."""
    start = time.perf_counter()
    given: dict[str, Any] = {"count": count, "ago": ago, "mark": mark, "warned": ago > 0, "spread": spread}
    given |= versions
    given |= {f"{metric}_seconds": seconds for metric, seconds in TARGETS.items()}
    given |= {"applied": json.dumps(versions)}
    for statement in SEED.split(";\n"):
        if statement.strip():
            sql(statement, given)
    print(f"seeded {count} tickets ({mark}) in {time.perf_counter() - start:.0f} s", flush=True)


SEED = """
DROP TABLE IF EXISTS fresh;
CREATE TEMP TABLE fresh AS
    SELECT nextval(pg_get_serial_sequence('tickets_ticket', 'id')) AS id,
           now() - make_interval(secs => %(ago)s) - make_interval(secs => random() * %(spread)s) AS at,
           (SELECT min(id) FROM tickets_user WHERE role = 'customer') AS customer,
           agents.ids[1 + n %% cardinality(agents.ids)] AS agent,
           (SELECT min(team_id) FROM tickets_user_teams) AS team
    FROM generate_series(1, %(count)s) AS n,
         (SELECT array_agg(id) AS ids FROM tickets_user WHERE role = 'agent') AS agents;
INSERT INTO tickets_ticket (id, subject, requester_id, team_id, assignee_id, priority, status, type, channel, spoke_first,
        opened_at, updated_at, unanswered_since, last_customer_at, event_seq, last_event_at)
    SELECT id, %(mark)s, customer, team, agent, 2, 'new', 'question', 'mail', 'customer', at, at, at, at,
           CASE WHEN %(warned)s THEN 4 ELSE 2 END, at FROM fresh;
INSERT INTO tickets_event (ticket_id, seq, kind, subject_kind, actor_id, at, recorded_at, data)
    SELECT id, 1, 'ticket.opened', '', customer, at, at, jsonb_build_object('requester', customer, 'organization', NULL,
        'team', team, 'assignee', agent, 'priority', 2, 'type', 'question', 'status', 'new', 'channel', 'mail',
        'spoke_first', 'customer', 'human', true, 'follows', NULL) FROM fresh
    UNION ALL SELECT id, 2, 'sla.applied', '', NULL, at, at, %(applied)s::jsonb FROM fresh;
INSERT INTO sla_clock (ticket_id, metric, instance, state, started_at, running_since, due_at, warn_at, pause_reason, target, target_working,
        elapsed_working, elapsed_calendar, policy_version_id, calendar_version_id, warned_at, next_check_at, needs_measuring,
        fault, faults)
    SELECT id, promise.metric, 1, 'running', at, at, at + promise.target, at + promise.target * 0.75, '', promise.target, false,
           '0', '0', %(policy_version)s, %(calendar_version)s,
           CASE WHEN %(warned)s AND promise.nth = 1 THEN at + promise.target * 0.75 END,
           CASE WHEN %(warned)s AND promise.nth = 1 THEN at + promise.target ELSE at + promise.target * 0.75 END,
           false, '', 0
    FROM fresh, (VALUES (1, 'first_response', make_interval(secs => %(first_response_seconds)s)),
                        (2, 'resolution', make_interval(secs => %(resolution_seconds)s))) AS promise(nth, metric, target);
INSERT INTO tickets_event (ticket_id, seq, kind, subject_kind, subject_id, at, recorded_at, data)
    SELECT ticket_id, told.seq, told.kind, 'sla.clock', clock.id, warn_at, warn_at, jsonb_build_object('clock', clock.id,
        'metric', metric, 'instance', 1, 'due_at', due_at) || told.more
    FROM sla_clock AS clock JOIN fresh ON fresh.id = ticket_id,
         (VALUES (3, 'sla.warned', '{}'::jsonb), (4, 'sla.escalated', %(applied)s::jsonb || '{"level": "-25%%"}')) AS told(seq, kind, more)
    WHERE warned_at IS NOT NULL;
INSERT INTO sla_ticketdue (ticket_id, place_at, due_at, metric, state, pause_reason, warn_at)
    SELECT ticket_id, due_at, due_at, metric, state, '', warn_at FROM sla_clock JOIN fresh ON fresh.id = ticket_id
    WHERE metric = 'first_response'
"""


# --- measuring ------------------------------------------------------------------------------------------


def idle() -> None:
    """One run of the whole task while nothing is due, beside the one index look-up that it cannot do without."""
    from sla import tasks

    assert not any(tasks.sweep_clocks().values())
    look = "SELECT id FROM sla_clock WHERE next_check_at < now() ORDER BY next_check_at LIMIT 1"
    ours, bare = _median(tasks.sweep_clocks), _median(lambda: sql(look))
    print(f"{'idle sweep':<40}{ours:>11.2f} ms {bare:>9.2f} ms   {ours / bare:.1f}", flush=True)


def _median(call: Callable[[], object], calls: int = 50) -> float:
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


DUE = "first_response"


def _ours(mark: str, workers: int) -> float:
    """Seconds from the start of the workers (loaded and connected) until nothing of the part is due."""
    command = [sys.executable, "-m", "bench.sweep", "--work"]
    there = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for one in there:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    sql(
        "UPDATE sla_clock SET next_check_at = due_at FROM tickets_ticket AS ticket"
        " WHERE ticket.id = ticket_id AND subject = %(mark)s AND metric = 'first_response'",
        {"mark": mark},
    )
    start = time.perf_counter()
    for one in there:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [json.loads(one.communicate()[0]) for one in there]
    taken = time.perf_counter() - start
    print(
        "  told by each worker:", *(f"{one['breached']} breaches, {one['escalated']} levels;" for one in told)
    )
    return taken


def work() -> None:
    """One worker: waits for the word, then sweeps until nothing is due."""
    import django

    django.setup()
    from sla import tasks

    tasks.sweep()
    print("ready", flush=True)
    sys.stdin.readline()
    done: dict[str, int] = {}
    while any((told := tasks.sweep(helped=True)).values()):
        done = {name: done.get(name, 0) + count for name, count in told.items()}
    print(json.dumps({"breached": 0, "escalated": 0} | done))


def _bare(mark: str) -> float:
    """Seconds for the same rows by one statement a table in one transaction, on one connection."""
    from django.db import transaction

    start = time.perf_counter()
    with transaction.atomic():
        for statement in BARE.split(";\n"):
            sql(statement, {"mark": mark})
    return time.perf_counter() - start


BARE = """
CREATE TEMP TABLE due ON COMMIT DROP AS
    SELECT clock.id, ticket_id, due_at, event_seq, assignee_id, policy_version_id, calendar_version_id
    FROM sla_clock AS clock JOIN tickets_ticket AS ticket ON ticket.id = ticket_id
    WHERE subject = %(mark)s AND metric = 'first_response' FOR UPDATE OF ticket;
UPDATE tickets_ticket SET event_seq = tickets_ticket.event_seq + 2 FROM due WHERE due.ticket_id = tickets_ticket.id;
CREATE TEMP TABLE told ON COMMIT DROP AS SELECT * FROM due WHERE false;
INSERT INTO tickets_event (ticket_id, seq, kind, subject_kind, subject_id, at, recorded_at, data)
    SELECT ticket_id, event_seq + nth, kind, 'sla.clock', due.id, due_at, now(), jsonb_build_object('clock', due.id,
        'metric', 'first_response', 'instance', 1, 'due_at', due_at, 'level', '0', 'policy_version', policy_version_id,
        'calendar_version', calendar_version_id)
    FROM due, (VALUES (1, 'sla.breached'), (2, 'sla.escalated')) AS told(nth, kind);
UPDATE sla_clock SET breached_at = due.due_at, next_check_at = NULL FROM due WHERE due.id = sla_clock.id;
INSERT INTO helpdesk_delivery (event_id, recipient_id, address, channel, template, rank, state, reason, send_at, created_at,
        attempts, lost_answers, last_error)
    SELECT event.id, person.id, person.email, 'mail', 'sla.breached', 2, 'queued', '', now(), now(), 0, 0, ''
    FROM due JOIN tickets_event AS event ON event.ticket_id = due.ticket_id AND kind = 'sla.escalated' AND seq > event_seq
             JOIN tickets_user AS person ON person.id = assignee_id
"""


def check(mark: str, count: int) -> None:
    """Every clock of the part was told of once, dated at its due time, and rebuilt rows equal the live ones."""
    for kind in ("sla.breached", "sla.escalated"):
        told = sql(
            "SELECT count(*) || ' ' || count(DISTINCT event.ticket_id) FROM tickets_event AS event"
            " JOIN tickets_ticket AS ticket ON ticket.id = event.ticket_id JOIN sla_clock AS clock"
            " ON clock.ticket_id = ticket.id AND clock.metric = 'first_response' AND clock.due_at = event.at"
            " WHERE subject = %(mark)s AND kind = %(kind)s",
            {"mark": mark, "kind": kind},
        )
        assert told == f"{count} {count}", f"{kind}: {told} instead of {count}"
    from sla import clockwork
    from tickets.models import Ticket

    some = list(Ticket.objects.filter(subject=mark).values_list("pk", flat=True)[:1000])
    assert [str(each) for each in clockwork.differences(some)] == []


def sql(statement: str, given: dict[str, Any] | None = None) -> Any:
    """Run a statement; its first value, if it answers."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


if __name__ == "__main__":
    main()
