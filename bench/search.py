"""Measures search at size beside bare SQL over the same indexes, in the same run.

    .venv/bin/python -m bench.search --tickets 1000000 [--data-dir FOLDER]

Starts bundled servers of its own and fills them with `manage.py seed`, then asks for frequent, rare and unknown words. Ours is the
whole function that the search page calls: candidates, access, ranks, counts and the rows shown. The bare SQL is "the newest
fifty messages (or subjects) with the word", once as anybody writes it first (which walks the table for a rare word) and once with the
matches collected first (which collects all of them for a frequent one).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from bench.bundled import bundled, fill
from bench.timing import interleaved

LIMIT_MS = 100
WORDS = {
    "tickets_message": "to_tsvector('helpdesk', COALESCE(LEFT(COALESCE(NULLIF(fresh, ''), text), 20000), ''))",
    "tickets_ticket": "to_tsvector('helpdesk', COALESCE(subject, ''))",
}


def statements(table: str) -> dict[str, str]:
    """Bare SQL for a word in messages or (where the words were put that are measured by) in subjects."""
    hits = f"SELECT id FROM {table} WHERE {WORDS[table]} @@ to_tsquery('helpdesk', %s)"
    return {
        "plain": f"{hits} ORDER BY id DESC LIMIT 50",
        "collected": f"WITH m AS MATERIALIZED ({hits}) SELECT id FROM m ORDER BY id DESC LIMIT 50",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument(
        "--data-dir", help="keep the data here and use it again (default: a temporary folder)"
    )
    options = parser.parse_args()
    with bundled(options.data_dir):
        fill(options.tickets)
        _measure(options.tickets)


def asked(text: str, person: Any) -> Callable[[], object]:
    """What the search page calls when somebody asks for a text."""
    from tickets import access, searching

    return lambda: searching.found(access.worked_by(person), searching.parse(text, person))


def bare(kind: str, word: str, table: str = "tickets_ticket") -> Callable[[], object]:
    """Bare SQL of a kind for a word."""
    from django.db import connection

    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute(statements(table)[kind], [word])
            return cursor.fetchall()

    return ask


def _measure(tickets: int) -> None:
    from django.db import connection

    from helpdesk.demo.bulk import COMMON_WORD, RARE_WORD
    from tickets.models import Role, User

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tickets_ticket, tickets_message")
    people = {role: User.objects.filter(role=role).first() for role in (Role.SUPERVISOR, Role.AGENT)}
    slow = []

    print(f"\n{tickets} tickets{'ours':>24}{'bare':>13}   ratio (quartiles)")
    for text in (COMMON_WORD, RARE_WORD, "thank", "order", "unheardof", f"is:unresolved {COMMON_WORD}"):
        word = text.split()[-1]
        for role, person in people.items():
            assert person is not None
            table = "tickets_ticket" if word in (COMMON_WORD, RARE_WORD) else "tickets_message"
            for kind in statements(table):
                other = bare(kind, word, table)
                pair = interleaved(f"{text}, {role}, {kind}", asked(text, person), other, calls=5)
                print(pair.line(), flush=True)
                if pair.ours > LIMIT_MS:
                    slow.append(pair.name)
    if slow:
        raise SystemExit(f"More than {LIMIT_MS} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
