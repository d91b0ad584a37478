"""Every report page of a year beside the bare SQL that yields its figures, in the same run.

    .venv/bin/python -m bench.reports --tickets 1000000 --data-dir FOLDER

Asks each page as a supervisor, all tickets, a whole year, through the whole of Django (in this process), and beside it
runs the statements that somebody would write by hand for the same figures: counts, `percentile_disc` of times, a distribution for
the curve, the same weeks, the first rows of the lists. They leave out what is hard: open waits count by their age
on the wall, nothing is censored, no intervals, no names, no page. Prints both times and the ratio: the quartiles of nine
interleaved pairs; the first line is an A/A pair, the same statements beside themselves. It fails where, over a million
tickets, the lower quartile is above two, or where page and statements do not count the same rows.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.bundled import bundled, fill
from bench.timing import interleaved

MOST = 2.0
"""At most so many times its bare SQL a page may take."""
LARGE = 900_000
"""From so many tickets on; of fewer, what every page costs weighs more than its figures."""
PERIOD = "opened_at >= %(since)s AND opened_at < %(until)s"
FIRST = f"FROM sla_measurement WHERE metric = 'first_response' AND {PERIOD}"
LIVE = "spam_at IS NULL AND deleted_at IS NULL"
RESOLVED = (
    "FROM tickets_event e JOIN tickets_ticket t ON t.id = e.ticket_id"
    f" WHERE e.kind = 'ticket.resolved' AND e.at >= %(since)s AND e.at < %(until)s AND {LIVE}"
)
ASKED = (
    "FROM tickets_event e JOIN tickets_ticket t ON t.id = e.ticket_id"
    " LEFT JOIN feedback_survey s ON s.resolution_id = e.id LEFT JOIN feedback_answer a ON a.id = s.answer_id"
    f" WHERE e.kind = 'ticket.resolved' AND {LIVE} AND (s.id IS NULL OR s.kind = 'csat')"
)
SETTLED = (
    f"FROM tickets_ticket t LEFT JOIN tickets_course c ON c.ticket_id = t.id WHERE status IN ('resolved', 'closed') AND {LIVE}"
    " AND merged_into_id IS NULL"
)
OPEN = f"FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE c.state IN ('running', 'paused') AND {PERIOD}"
BOTH = "percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY"
KEPT = "count(*) FILTER (WHERE verdict = 'met'), count(*) FILTER (WHERE verdict = 'missed')"
COUNTED = "count(*), count(*) FILTER (WHERE {0}state = 'running' AND due_at < %(now)s)"
WEEK = "date_trunc('week', {0}, 'Europe/Berlin')"
TAGGED = "JOIN tickets_ticket_tags l ON l.ticket_id = "

BARE: dict[str, tuple[str, ...]] = {
    "first-response": (
        f"SELECT team_id, count(*), {BOTH} working), {KEPT} {FIRST} GROUP BY GROUPING SETS ((), (team_id))",
        f"SELECT team_id, floor(date_part('epoch', working) / 60), count(*) {FIRST} GROUP BY 1, 2",
        f"SELECT DISTINCT target, target_working {FIRST}",
        f"SELECT team_id, {WEEK.format('opened_at')}, count(*), {BOTH} working) {FIRST} AND opened_at >= %(weeks)s GROUP BY 1, 2",
        f"SELECT team_id, {COUNTED.format('')} {OPEN} AND metric = 'first_response' GROUP BY 1",
        f"SELECT c.ticket_id, started_at {OPEN} AND metric = 'first_response' ORDER BY started_at LIMIT 5",
        f"SELECT count(*) FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id WHERE c.needs_measuring AND metric = 'first_response' AND {PERIOD}",
        f"SELECT count(*) FROM tickets_ticket t WHERE {PERIOD} AND {LIVE} AND EXISTS (SELECT FROM sla_clock c WHERE"
        " c.ticket_id = t.id AND metric = 'first_response' AND state = 'cancelled')",
        f"SELECT count(*) FROM tickets_ticket t WHERE {PERIOD} AND {LIVE} AND spoke_first = 'agent' AND NOT EXISTS (SELECT FROM"
        " sla_clock c WHERE c.ticket_id = t.id AND metric = 'first_response')",
        f"SELECT date_part('isodow', opened_at AT TIME ZONE 'Europe/Berlin'), date_part('hour', opened_at AT TIME ZONE 'Europe/Berlin'), count(*), {KEPT} {FIRST} GROUP BY 1, 2",
    ),
    "sla": (
        f"SELECT metric, priority, verdict, count(*) FROM sla_measurement WHERE metric IN ('first_response', 'next_response', 'resolution') AND {PERIOD} GROUP BY 1, 2, 3",
        f"SELECT metric, priority, {COUNTED.format('c.')} {OPEN} GROUP BY 1, 2",
        f"SELECT count(*) FROM tickets_ticket t WHERE {PERIOD} AND {LIVE} AND EXISTS (SELECT FROM sla_clock c WHERE"
        " c.ticket_id = t.id AND metric = 'resolution' AND policy_version_id IS NULL)",
    ),
    "feedback": (
        f"SELECT coalesce(s.team_id, t.team_id), t.priority, t.channel, s.state, s.reason, a.score, count(*), count(*) FILTER (WHERE a.comment > '') {ASKED} AND e.at >= %(since)s AND e.at < %(until)s GROUP BY 1, 2, 3, 4, 5, 6",
        f"SELECT {WEEK.format('e.at')}, a.score, count(*) {ASKED} AND e.at >= %(weeks)s AND e.at < %(until)s GROUP BY 1, 2",
        f"SELECT t.id, a.score, a.comment {ASKED} AND e.at >= %(since)s AND e.at < %(until)s AND a.comment > '' ORDER BY s.answered_at DESC LIMIT 10",
        f"SELECT i.key, i.choice, count(*) FROM feedback_answeritem i WHERE i.kind IN ('one', 'many') AND i.answer_id IN (SELECT a.id {ASKED} AND e.at >= %(since)s AND e.at < %(until)s) GROUP BY 1, 2",
    ),
    "workload": (
        f"SELECT {WEEK.format('opened_at')}, count(*) FROM tickets_ticket WHERE {PERIOD} AND {LIVE} GROUP BY 1",
        f"SELECT {WEEK.format('e.at')}, count(*) {RESOLVED} GROUP BY 1",
        f"SELECT priority, count(*), {BOTH} resolved_at - opened_at), count(*) FILTER (WHERE replies = 1 AND reopened = 0), count(*) FILTER (WHERE reopened > 0), count(*) FILTER (WHERE moves > 0 OR owners > 1) {SETTLED} AND resolved_at >= %(since)s AND resolved_at < %(until)s GROUP BY GROUPING SETS ((), (priority))",
        f"SELECT sum(in_new), sum(in_open), sum(in_waiting), sum(in_on_hold) {SETTLED} AND resolved_at >= %(since)s AND resolved_at < %(until)s",
        f"SELECT width_bucket(%(now)s - opened_at, ARRAY['1 day', '3 days', '7 days', '30 days']::interval[]), count(*), min(opened_at) FROM tickets_ticket WHERE status IN ('new', 'open', 'waiting', 'on_hold') AND {LIVE} GROUP BY 1",
    ),
    "index": (
        "SELECT count(*), min(due_at) FROM sla_ticketdue WHERE due_at < %(now)s AND deleted_at IS NULL",
        "SELECT count(*), min(due_at) FROM sla_ticketdue WHERE due_at >= %(now)s AND due_at < %(now)s + interval '1 hour' AND deleted_at IS NULL",
        "SELECT count(*), min(opened_at) FROM tickets_ticket WHERE assignee_id IS NULL AND status IN ('new', 'open') AND deleted_at IS NULL",
        "SELECT count(DISTINCT m.ticket_id) FROM helpdesk_delivery d JOIN tickets_message m ON m.id = d.message_id WHERE d.state = 'failed' AND m.public",
        f"SELECT {WEEK.format('opened_at')}, count(*), {BOTH} working), {KEPT} FROM sla_measurement WHERE metric = 'first_response' AND opened_at >= %(weeks)s GROUP BY 1",
        f"SELECT {WEEK.format('opened_at')}, count(*) FROM tickets_ticket WHERE opened_at >= %(weeks)s AND {LIVE} GROUP BY 1",
        f"SELECT {WEEK.format('e.at')}, count(*) FROM tickets_event e JOIN tickets_ticket t ON t.id = e.ticket_id WHERE e.kind = 'ticket.resolved' AND e.at >= %(weeks)s AND {LIVE} GROUP BY 1",
        f"SELECT {WEEK.format('e.at')}, s.state, a.score, count(*) {ASKED} AND e.at >= %(weeks)s GROUP BY 1, 2, 3",
        f"SELECT {WEEK.format('opened_at')}, team_id, count(*) FROM tickets_ticket WHERE opened_at >= %(two)s AND {LIVE} GROUP BY 1, 2",
        f"SELECT {WEEK.format('opened_at')}, tag_id, count(*) FROM tickets_ticket t {TAGGED} t.id WHERE opened_at >= %(two)s AND {LIVE} GROUP BY 1, 2",
        f"SELECT {WEEK.format('opened_at')}, team_id, {KEPT} FROM sla_measurement WHERE metric = 'first_response' AND opened_at >= %(two)s GROUP BY 1, 2",
        f"SELECT {WEEK.format('opened_at')}, tag_id, {KEPT} FROM sla_measurement m {TAGGED} m.ticket_id WHERE metric = 'first_response' AND opened_at >= %(two)s GROUP BY 1, 2",
        f"SELECT {WEEK.format('e.at')}, coalesce(s.team_id, t.team_id), a.score, count(*) {ASKED} AND e.at >= %(two)s GROUP BY 1, 2, 3",
        f"SELECT {WEEK.format('e.at')}, tag_id, a.score, count(*) {ASKED.replace(' WHERE', f' {TAGGED} t.id WHERE', 1)} AND e.at >= %(two)s GROUP BY 1, 2, 3",
        f"SELECT {WEEK.format('resolved_at')}, team_id, count(*), count(*) FILTER (WHERE reopened > 0) {SETTLED} AND resolved_at >= %(two)s GROUP BY 1, 2",
        f"SELECT {WEEK.format('resolved_at')}, tag_id, count(*), count(*) FILTER (WHERE reopened > 0) {SETTLED.replace(' WHERE', f' {TAGGED} t.id WHERE', 1)} AND resolved_at >= %(two)s GROUP BY 1, 2",
    ),
}  # fmt: skip
"""The statements of each page; `weeks` is where its eight weeks begin, `two` where the two that are compared do."""

SURVEYS = """
SET session_replication_role = replica;
INSERT INTO feedback_survey (ticket_id, resolution_id, kind, probability, version_id, person_id, state, reason, resolved_at,
    send_at, invited_at, expires_at, agent_id, team_id)
SELECT t.id, e.id, 'csat', 1, %(version)s, t.requester_id, CASE WHEN e.id %% 10 < 2 THEN 'suppressed' ELSE 'expired' END,
    CASE WHEN e.id %% 10 < 2 THEN 'cool_down' ELSE '' END, e.at, e.at, CASE WHEN e.id %% 10 >= 2 THEN e.at END,
    e.at + interval '14 days', t.assignee_id, t.team_id
FROM tickets_event e JOIN tickets_ticket t ON t.id = e.ticket_id WHERE e.kind = 'ticket.resolved';
INSERT INTO feedback_answer (survey_id, score, comment, at, latency, user_agent)
SELECT id, 1 + (id * 7 %% 11) %% 5, CASE WHEN id %% 4 = 0 THEN 'Took a while, but it works now.' ELSE '' END,
    resolved_at + interval '1 day', interval '1 day', '' FROM feedback_survey WHERE state = 'expired' AND id %% 3 = 0;
UPDATE feedback_survey s SET state = 'answered', answer_id = a.id, answered_at = a.at FROM feedback_answer a WHERE a.survey_id = s.id;
SET session_replication_role = origin;
ANALYZE feedback_survey; ANALYZE feedback_answer;
"""
"""Of ten resolutions eight are asked about, a third of which answers. What they point at is there, so nothing is checked."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument(
        "--data-dir", help="keep the data here and use it again (default: a temporary folder)"
    )
    parser.add_argument("--only", default="", help="names of pages, with commas (default: all)")
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()
    with bundled(options.data_dir, DB_TIMEOUT="0"):
        fill(options.tickets)
        _survey()
        _measure(
            [name for name in BARE if not options.only or name in options.only.split(",")], options.pairs
        )


def _survey() -> None:
    """Ask about the resolutions where nobody has been asked yet."""
    from django.db import connection

    from feedback.actions import install_standard_survey
    from feedback.models import Survey, SurveyVersion

    if Survey.objects.exists():
        return
    install_standard_survey()
    version = SurveyVersion.objects.filter(definition__kind="csat").latest("pk")
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(SURVEYS, {"version": version.pk})
    print(f"surveys written in {time.perf_counter() - start:.0f} s", flush=True)


def _measure(names: list[str], pairs: int) -> None:
    from tickets.models import Ticket

    print(f"{Ticket.with_deleted.count()} tickets, a year")
    newest = Ticket.objects.latest("opened_at").opened_at
    ask, query = _asking(newest)
    values = _values(newest)
    print(f"{'':<24}{'page':>12}{'bare SQL':>13}   ratio (quartiles)")
    one = _bare("sla", values)
    print(interleaved("A/A: bare beside bare", one, one, pairs=pairs, calls=1).line(), flush=True)
    slow, is_large = [], Ticket.with_deleted.count() >= LARGE
    for name in names:
        page = ask(name)
        _same(name, page(), values)
        pair = interleaved(name, page, _bare(name, values), pairs=pairs, calls=1)
        print(pair.line(), flush=True)
        if is_large and pair.low > MOST:
            slow.append(name)
    if slow:
        raise SystemExit(f"More than {MOST} times the bare SQL: {', '.join(slow)} ({query})")


def _asking(newest: datetime) -> tuple[Callable[[str], Callable[[], str]], str]:
    """Gives a page's asker by name, as a supervisor; and the question. Garbage is looked for as in the web
    server's processes."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from helpdesk.garbage import look_seldom

    look_seldom()
    person = get_user_model().objects.filter(role="supervisor").first()
    assert person is not None
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    query = f"from={newest.date() - timedelta(days=364)}&to={newest.date()}"

    def asker(name: str) -> Callable[[], str]:
        path = f"/reports/{'' if name == 'index' else f'{name}/'}?{query}"

        def ask() -> str:
            answer = client.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}")
            return str(answer.content.decode())

        return ask

    return asker, query


def _values(newest: datetime) -> dict[str, datetime]:
    from helpdesk.company import company
    from helpdesk.reports.periods import Period, weeks
    from helpdesk.times import zone_named

    zone = zone_named(company().time_zone)
    period = Period(newest.date() - timedelta(days=364), newest.date(), zone)
    spans = weeks(newest.astimezone(zone).date(), zone)
    return {
        "since": period.since,
        "until": period.until,
        "weeks": spans[0].since,
        "two": spans[-3].since,
        "now": datetime.now(UTC),
    }


def _bare(name: str, values: dict[str, datetime]) -> Callable[[], list[list[Any]]]:
    from django.db import connection

    def run() -> list[list[Any]]:
        found = []
        with connection.cursor() as cursor:
            for statement in BARE[name]:
                cursor.execute(statement, values)
                found.append(cursor.fetchall())
        return found

    return run


def _same(name: str, page: str, values: dict[str, datetime]) -> None:
    """End the run where the page does not count as many rows as the statements."""
    found = _bare(name, values)()
    if name == "first-response":
        count = (
            sum(row[1] for row in found[0] if row[0] is not None)
            + sum(row[1] for row in found[4])
            + found[6][0][0]
        )
    elif name == "workload":
        count = next(row[1] for row in found[2] if row[0] is None)
    elif name == "feedback":
        count = sum(row[6] for row in found[0])
    else:
        return
    shown = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", page)}
    if count not in shown:
        near = sorted(number for number in shown if number > count // 2)
        raise SystemExit(f"{name}: the page shows {near}, not the {count} rows of the statements")


if __name__ == "__main__":
    main()
