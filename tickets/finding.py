"""Finding tickets by what was said on them, and people by their names, among any number of tickets.

Words go through the text search configuration `helpdesk` (accents do not count, no stemming: a desk speaks
many languages) into expression indexes. The planner guesses badly for words that it has not seen, and a list
"newest first, 50 of them" then walks the table. So candidates are collected first: all of them where the
planner expects few, else those of the newest rows, in a stretch that should hold about a thousand.
Only then is asked who may see what, and only the rows that are shown are read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.search import (
    SearchQuery,
    SearchVector,
    SearchVectorExact,
    TrigramWordSimilarity,
)
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Upper

from tickets import access
from tickets.models import UNRESOLVED_STATUSES, Message, Organization, Ticket, User
from tickets.models.ticket import SAID, SUBJECT, TEXT_SEARCH

FEW = 5_000
"""So many rows are looked at one by one; above that, only the newest."""
ENOUGH = 1_000
"""About so many of the newest rows are looked at for a word that very many have."""
SHOWN = 50
PREFIX_FROM = 3  # letters from which on a word may be the beginning of another
LIKENESS = 0.3  # of pg_trgm's word similarity, from which on a name may be a mistyped one


@dataclass
class Candidates:
    """Tickets that may be shown, by their numbers: with the words in the subject or known by their requester
    (`titled`), or with words in a message (`said`: the newest such message). `is_capped`: there may be more.
    """

    titled: set[int] = field(default_factory=set)
    said: dict[int, int] = field(default_factory=dict)
    is_capped: bool = False

    @property
    def tickets(self) -> set[int]:
        return self.titled | self.said.keys()


@dataclass
class Hit:
    """A ticket that was found. `words` is the text of the message that has the words, "" if the subject has
    them already."""

    ticket: Ticket
    words: str = ""
    is_note: bool = False


@dataclass
class Found:
    """What a search found: at most `SHOWN` hits, and how many there are altogether of either kind."""

    hits: list[Hit]
    unresolved: int
    settled: int
    is_settled: bool
    is_capped: bool

    @property
    def total(self) -> int:
        """How many there are of the kind that `hits` shows."""
        return self.settled if self.is_settled else self.unresolved


def is_word(text: str) -> bool:
    """Whether there is anything in a text that can be looked for."""
    return any(ch.isalnum() for ch in text)


def text_query(phrases: Iterable[str], prefix_from: int = PREFIX_FROM) -> SearchQuery | None:
    """What PostgreSQL looks for: all words, from their beginnings; phrases word by word. None for no word."""
    parts = []
    for phrase in phrases:
        if is_word(phrase):
            quoted = phrase.replace("\\", " ").replace("'", "''")
            is_start = " " not in phrase and sum(ch.isalnum() for ch in phrase) >= prefix_from
            parts.append(f"'{quoted}'{':*' if is_start else ''}")
    return SearchQuery(" & ".join(parts), config=TEXT_SEARCH, search_type="raw") if parts else None


def says(reader: User, word: str) -> Q:
    """Condition on tickets: the subject, or a message that the reader may read, has the word."""
    query = text_query([word])
    said = Message.objects.filter(_readable(reader), _has(SAID, query), ticket=OuterRef("pk"))
    return Q(_has(SUBJECT, query)) | Q(Exists(said))


def _has(vector: SearchVector, query: SearchQuery | None) -> Any:
    return SearchVectorExact(vector, query)


def _readable(reader: User) -> Q:
    """Condition on messages: all on tickets that the reader works on, else what customers may read by now."""
    if access.is_overseer(reader):
        return Q()
    told = access.public_now()
    return told | Q(ticket__in=access.worked_by(reader)) if access.is_member(reader) else told


def candidates(reader: User, phrases: Sequence[str]) -> Candidates:
    """The tickets that have all the words, whoever may see the tickets: ask that of them afterwards.

    Notes count only where the reader works on their ticket.
    """
    query = text_query(phrases)
    if query is None:
        return Candidates()
    if not access.is_member(reader):
        return _of_customer(reader, query)
    titled, more_titled = _few_or_newest(Ticket.objects.filter(_has(SUBJECT, query)), ["pk"])
    spoken = Message.objects.filter(_has(SAID, query), withdrawn_at=None)
    rows, more_said = _few_or_newest(spoken, ["pk", "ticket_id"])
    said = _newest_by_ticket(_readable_rows(rows, reader))
    found = Candidates({pk for (pk,) in titled}, said, more_titled or more_said)
    people = [person.pk for person in people_named(reader, " ".join(phrases))[:100]]
    if people:
        asked = Ticket.objects.filter(requester__in=people).order_by("-pk").values_list("pk", flat=True)
        found.titled.update(asked[:ENOUGH])
    return found


def _of_customer(reader: User, query: SearchQuery) -> Candidates:
    """A customer's tickets are few: only they are looked at."""
    mine = access.visible_to(reader)
    titled = set(mine.filter(_has(SUBJECT, query)).values_list("pk", flat=True)[:FEW])
    told = Message.objects.filter(access.public_now(), _has(SAID, query), ticket__in=mine)
    said: Any = told.values_list("pk", "ticket_id")[:FEW]
    return Candidates(titled, _newest_by_ticket(said))


def _newest_by_ticket(rows: Sequence[tuple[int, ...]]) -> dict[int, int]:
    return {ticket: pk for pk, ticket in sorted(rows)}


def _readable_rows(rows: list[tuple[int, ...]], reader: User) -> list[tuple[int, ...]]:
    """Those (message, ticket) pairs that the reader may read: no notes on tickets where others work."""
    if access.is_overseer(reader) or not rows:
        return rows
    tickets = {ticket for _pk, ticket in rows}
    worked = set(access.worked_by(reader).filter(pk__in=tickets).values_list("pk", flat=True))
    others = [pk for pk, ticket in rows if ticket not in worked]
    told = set(Message.objects.filter(access.public_now(), pk__in=others).values_list("pk", flat=True))
    return [(pk, ticket) for pk, ticket in rows if ticket in worked or pk in told]


def _few_or_newest(rows: QuerySet[Any], columns: list[str]) -> tuple[list[tuple[int, ...]], bool]:
    """All `rows` where they are few, else about a thousand of the newest; and whether some were left out."""
    expected = _expected(rows)
    if expected <= FEW:
        found = list(rows.values_list(*columns)[: FEW + 1])
        if len(found) <= FEW:
            return found, False
        expected = max(expected, len(found))
    newest = rows.model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
    stretch = max(ENOUGH, newest * ENOUGH // expected)
    if stretch < newest:
        recent = rows.filter(pk__gt=newest - stretch).values_list(*columns)
        found = list(recent[: 2 * FEW])
        if len(found) * 10 >= ENOUGH:
            return found, True
    # The words are rarer than the planner thought.
    found = list(rows.values_list(*columns)[: FEW + 1])
    return found[:FEW], len(found) > FEW


def _expected(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects."""
    plan = json.loads(rows.explain(format="json"))
    while isinstance(plan, list):
        plan = plan[0]
    return int(plan["Plan"]["Plan Rows"])


def found(
    tickets: QuerySet[Ticket], reader: User, phrases: Sequence[str], *, settled: bool | None = None
) -> Found:
    """Look for words among `tickets`: the unresolved ones, or the `settled`; left open, the latter only where
    no unresolved one fits. Those that say it in the subject (or know the requester by that name) come first,
    then the newest. A fixed number of queries.
    """
    if phrases:
        known = candidates(reader, phrases)
        rows: Any = tickets.filter(pk__in=known.tickets).values_list("pk", "status")
        is_capped = known.is_capped
    else:
        known = Candidates()
        rows = tickets.order_by("-pk").values_list("pk", "status")
        rows, is_capped = _unresolved_first(rows)
    numbers: dict[bool, list[int]] = {True: [], False: []}
    for pk, status in rows:
        numbers[status not in UNRESOLVED_STATUSES].append(pk)
    is_settled = settled if settled is not None else not numbers[False]
    shown = sorted(numbers[is_settled], key=lambda pk: (pk not in known.titled, -pk))[:SHOWN]
    hits = _hits(shown, known)
    return Found(hits, len(numbers[False]), len(numbers[True]), is_settled, is_capped)


def _unresolved_first(rows: Any) -> tuple[list[tuple[int, str]], bool]:
    """The newest thousand of either kind, and whether there are more: for a search without words."""
    unresolved = list(rows.filter(status__in=UNRESOLVED_STATUSES)[: ENOUGH + 1])
    settled = list(rows.exclude(status__in=UNRESOLVED_STATUSES)[: ENOUGH + 1])
    return unresolved[:ENOUGH] + settled[:ENOUGH], max(len(unresolved), len(settled)) > ENOUGH


def _hits(numbers: list[int], known: Candidates) -> list[Hit]:
    tickets = Ticket.objects.select_related("requester", "organization", "assignee", "team").in_bulk(numbers)
    spoken = {known.said[pk]: pk for pk in numbers if pk in known.said and pk not in known.titled}
    rows = Message.objects.filter(pk__in=spoken).values_list("ticket_id", "fresh", "text", "public")
    said = {ticket: (fresh or text, not public) for ticket, fresh, text, public in rows}
    return [Hit(tickets[pk], *said.get(pk, ("", False))) for pk in numbers if pk in tickets]


def by_subject(tickets: QuerySet[Ticket], words: Sequence[str], number: int) -> list[Ticket]:
    """At most so many of `tickets` whose subjects have the words: unresolved ones first, then the newest."""
    query = text_query(words, prefix_from=1)
    if query is None:
        return []
    rows, _is_capped = _few_or_newest(Ticket.objects.filter(_has(SUBJECT, query)), ["pk"])
    known = tickets.filter(pk__in=[pk for (pk,) in rows]).values_list("pk", "status")
    best = sorted(known, key=lambda row: (row[1] not in UNRESOLVED_STATUSES, -row[0]))[:number]
    found = tickets.in_bulk([pk for pk, _status in best])
    return [found[pk] for pk, _status in best]


# --- people -----------------------------------------------------------------------------------------------


def people_named(reader: Any, words: str) -> QuerySet[User]:
    """Everybody the reader may see whose name, address or organisation has each of the words; by name."""
    people = access.people_visible_to(reader).select_related("organization")
    parts = words.replace("\x00", " ").replace('"', " ").split()[:8]
    names = _organizations_named(reader, parts)
    for part in parts:
        of = [pk for pk, name in names if part.lower() in name.lower()]
        people = people.filter(Q(name__icontains=part) | Q(email__icontains=part) | Q(organization__in=of))
    return people.order_by("name", "pk")


def _organizations_named(reader: Any, parts: Collection[str]) -> list[tuple[int, str]]:
    """Organisations whose name has one of the words, at most 500."""
    if not parts:
        return []
    named = Q()
    for part in parts:
        named |= Q(name__icontains=part)
    rows: QuerySet[Organization] = access.organizations_visible_to(reader).filter(named)
    return list(rows.values_list("pk", "name")[:500])


def people_like(reader: Any, words: str) -> list[User]:
    """At most five people whose names resemble mistyped words, the likest first."""
    words = words.replace("\x00", " ").strip()[:60]
    if len(words) < PREFIX_FROM:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS)])
        people = access.people_visible_to(reader).annotate(plain=Upper("name"))
        like = people.filter(plain__trigram_word_similar=words)
        like = like.annotate(likeness=TrigramWordSimilarity(words, "name")).order_by("-likeness", "name")
        return list(like.select_related("organization")[:5])
