"""The one route by which mail comes in: stored whole first, then read, then filed.

Every source calls `store`; a worker then calls `process_waiting` (`receive_mail`: `process`). Between the two
the mail waits in its row and nothing but that row is needed to go on, so that any process may die at any
moment. What waits together is filed together: one transaction for many mails costs little more than for one.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from helpdesk import leases
from helpdesk.mail import filing
from helpdesk.mail.bounded import ParserDied, ParserSlow, Read, parse_bounded
from helpdesk.models import InboundEmail
from tickets.bulk import insert
from tickets.handover import hand_over

logger = logging.getLogger(__name__)
State = InboundEmail.State

TOGETHER, NEWEST = 100, 20
"""So many mails are filed together, and so many of the newest beside the oldest."""
MOST_BYTES = 8 * 1024 * 1024
MOMENT = 2.0  # seconds in which a mail is read among others
BATCH = 200
HANDED_OVER = 4  # tasks of a sweep, each of which works until nothing waits
PUT_BACK_GAP = 0.5  # seconds between tries to reach a database that is away


@dataclass(frozen=True)
class Outcome:
    """How a stored mail ended; `read` is what it says, None where it was never read."""

    row: InboundEmail
    new_ticket: bool = False
    read: Read | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Arrival:
    """A mail as a source brings it.

    `source` names the channel and account (`smtp`, `pipe` …). `envelope_from` is "" for the null return path
    and None where the source knows none; `envelope_to` are the recipients that the sender's server named.
    """

    raw: bytes = field(repr=False)
    source: str
    envelope_from: str | None = None
    envelope_to: list[str] = field(default_factory=list)


def store(
    raw: bytes,
    source: str,
    *,
    envelope_from: str | None = None,
    envelope_to: list[str] | None = None,
    announce: bool = True,
) -> InboundEmail:
    """Keep a mail whole (as in `Arrival`) and hand it over. It is safe once the surrounding transaction has
    committed, not before.

    `announce` is False where the caller goes on to `process` the mail itself.
    """
    (row,) = store_all([Arrival(raw, source, envelope_from, envelope_to or [])])
    if announce:
        hand_over("mail.process", row.pk)
    return row


def store_all(arrivals: Sequence[Arrival]) -> list[InboundEmail]:
    """Keep mails whole, in one statement. The caller hands them over."""
    rows = [
        InboundEmail(
            source=one.source,
            raw=one.raw,
            sha256=hashlib.sha256(one.raw).hexdigest(),
            size=len(one.raw),
            envelope_from=_path(one.envelope_from),
            envelope_to=[address.replace("\x00", "")[:320] for address in one.envelope_to],
        )
        for one in arrivals
    ]
    insert(rows)
    return rows


def store_aside(beginning: bytes, source: str, *, size: int, reason: str, error: str) -> InboundEmail:
    """Note a mail that its server holds and that is not taken whole: `size` are its octets there.

    It is shown with what is known of it, and nothing reads it.
    """
    return InboundEmail.objects.create(
        source=source,
        raw=beginning,
        sha256=hashlib.sha256(beginning).hexdigest(),
        size=size,
        envelope_from=NO_ENVELOPE,
        state=State.QUARANTINED,
        reason=reason,
        error=error,
        processed_at=timezone.now(),
    )


NO_ENVELOPE = "?"
"""Stored for a return path that nobody told us; the null one is stored as `<>`."""


def _path(envelope_from: str | None) -> str:
    if envelope_from is None:
        return NO_ENVELOPE
    return envelope_from.replace("\x00", "")[:998] or "<>"


def known_path(row: InboundEmail) -> str | None:
    """The return path of a stored mail: "" for the null one, None where unknown."""
    if row.envelope_from == NO_ENVELOPE:
        return None
    return "" if row.envelope_from == "<>" else row.envelope_from


def process(pk: int) -> Outcome | None:
    """Read and file a stored mail. None where it is done already or another process is at it."""
    row = _claim(pk)
    return None if row is None else _work([row])[0]


def process_waiting(seconds: float = 20.0) -> int:
    """Read and file what waits until nothing does or the time is over. Returns the number of tries."""
    count, until = 0, time.monotonic() + seconds
    while rows := _claim_some():
        count += len(rows)
        _work(rows)
        if time.monotonic() > until:
            hand_over("mail.process", rows[-1].pk)
            break
    return count


def _free() -> QuerySet[InboundEmail]:
    """What waits and nobody is at."""
    return InboundEmail.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=Now()), state=State.WAITING
    )


def _claim(pk: int) -> InboundEmail | None:
    return InboundEmail.objects.get(pk=pk) if _take(_free().filter(pk=pk)) else None


def _take(rows: QuerySet[InboundEmail]) -> int:
    """The try is counted and committed before the parser runs: what kills the process is quarantined at the
    third start."""
    return rows.update(attempts=F("attempts") + 1, claimed_until=Now() + settings.MAIL_CLAIM)


def _claim_some() -> list[InboundEmail]:
    """The oldest that wait; of a long queue also some of the newest, so that who writes now does not wait
    behind a flood that came before."""
    with transaction.atomic():
        free = _free().select_for_update(skip_locked=True, no_key=True).only("size", "attempts", "error")
        rows = list(free.order_by("received_at", "pk")[:TOGETHER])
        if len(rows) == TOGETHER:
            rows += free.order_by("-received_at", "-pk")[:NEWEST]
        chosen = _together(rows)
        _take(InboundEmail.objects.filter(pk__in=chosen))
    return list(InboundEmail.objects.filter(pk__in=chosen).order_by("received_at", "pk"))


def _together(rows: list[InboundEmail]) -> list[int]:
    """Which to take at once: what was tried before alone, so that it spoils nothing for others; else no more
    than fits into memory."""
    if rows and _was_tried(rows[0]):
        return [rows[0].pk]
    chosen: dict[int, int] = {}
    for row in rows:
        if not _was_tried(row) and (not chosen or sum(chosen.values()) + row.size <= MOST_BYTES):
            chosen[row.pk] = row.size
    return list(chosen)


def _was_tried(row: InboundEmail) -> bool:
    """Also where the try did not count, because the database failed."""
    return bool(row.attempts or row.error)


def _work(rows: list[InboundEmail]) -> list[Outcome]:
    """Read and file mails that were claimed."""
    tries = Q(pk__in=[])
    for attempts in {row.attempts for row in rows}:
        tries |= Q(attempts=attempts, pk__in=[row.pk for row in rows if row.attempts == attempts])
    claimed = InboundEmail.objects.filter(tries, state=State.WAITING)
    ended: dict[int, Outcome] = {}
    slow: list[InboundEmail] = []
    try:
        with leases.kept(claimed, settings.MAIL_CLAIM):
            mails = _read(rows, ended, slow)
            ended |= {one.row.pk: one for one in _file_or_each(mails)}
            for row in slow:
                alone = _read([row], ended, [])
                ended |= {one.row.pk: one for one in _file_or_each(alone)}
    except Exception as error:
        if _is_outage(error):
            _put_back(claimed, error)
        raise
    return [ended.get(row.pk) or Outcome(InboundEmail.objects.get(pk=row.pk)) for row in rows]


def _read(
    rows: list[InboundEmail], ended: dict[int, Outcome], slow: list[InboundEmail]
) -> list[tuple[InboundEmail, Read]]:
    """Read them one after the other; those that were not filed because of it go to `ended`. One that takes
    long does not hold up the others: it goes to `slow`."""
    patience = MOMENT if len(rows) > 1 else settings.MAIL_CHILD_WALL_SECONDS
    mails = []
    for row in rows:
        if row.attempts > settings.MAIL_ATTEMPTS:
            ended[row.pk] = _give_up(row, row.error or "The process that read it was ended each time.")
            continue
        try:
            mails.append((row, parse_bounded(bytes(row.raw), known_path(row), patience)))
        except ParserSlow as error:
            if len(rows) > 1:
                slow.append(row)
            else:
                ended[row.pk] = _failed(row, f"The parser was ended: {error}")
        except ParserDied as error:
            ended[row.pk] = _failed(row, f"The parser was ended: {error}")
    return mails


def _file_or_each(mails: Sequence[tuple[InboundEmail, Read]]) -> list[Outcome]:
    """File them together; where that fails, for whatever reason, each alone."""
    if not mails:
        return []
    try:
        return _file(mails)
    except Exception as error:
        if _is_outage(error) and not (len(mails) > 1 and _is_conflict(error)):
            raise
        if len(mails) > 1:
            logger.warning("%s mails are filed one by one: %s", len(mails), type(error).__name__)
            return [outcome for mail in mails for outcome in _file_or_each([mail])]
        row = mails[0][0]
        logger.exception("mail %s could not be filed", row.pk)
        return [_failed(row, f"{type(error).__name__}: {error}"[:2000])]


def _file(mails: Sequence[tuple[InboundEmail, Read]]) -> list[Outcome]:
    """File mails that were read in one transaction, the oldest first."""
    with transaction.atomic():
        filing.one_at_a_time(mails)
        waiting = InboundEmail.objects.filter(pk__in=[row.pk for row, _read in mails], state=State.WAITING)
        rows = waiting.select_for_update(no_key=True).defer("raw").order_by("pk").in_bulk()
        still = [(rows[row.pk], read) for row, read in mails if row.pk in rows]
        filed = filing.file_all(still)
    for row in rows.values():
        logger.info("mail %s from %s: %s %s", row.pk, row.source, row.state, row.reason)
    return [
        Outcome(row, new_ticket=one.new_ticket, read=read)
        for (row, read), one in zip(still, filed, strict=True)
    ]


def _failed(row: InboundEmail, error: str) -> Outcome:
    """Note why, and let it be tried again at once, until the third time."""
    if row.attempts >= settings.MAIL_ATTEMPTS:
        return _give_up(row, error)
    with transaction.atomic():
        InboundEmail.objects.filter(pk=row.pk, state=State.WAITING).update(claimed_until=None, error=error)
        hand_over("mail.process", row.pk)
    row.refresh_from_db()
    return Outcome(row)


def _give_up(row: InboundEmail, error: str) -> Outcome:
    InboundEmail.objects.filter(pk=row.pk, state=State.WAITING).update(
        state=State.QUARANTINED, reason="unreadable", error=error, claimed_until=None, processed_at=Now()
    )
    row.refresh_from_db()
    logger.error("mail %s is quarantined: %s", row.pk, error[:200])
    return Outcome(row)


def _put_back(claimed: QuerySet[InboundEmail], error: Exception) -> None:
    """Take the try back: however often and long the database fails, it is not the mail's fault. The claim
    runs on until its end, so that the next try comes later."""
    until = time.monotonic() + settings.MAIL_CLAIM.total_seconds()
    while time.monotonic() < until:  # then the claim has run out, and the try stays counted
        try:
            claimed.update(attempts=F("attempts") - 1, error=_sentence(error))
            return
        except (OperationalError, InterfaceError):
            close_old_connections()
            time.sleep(PUT_BACK_GAP)


def _is_outage(error: Exception) -> bool:
    """The database failed, not the mail: the connection broke or the server is being stopped (SQLSTATE 08,
    57P0x), two wanted the same rows, or it lacks room on its disk, memory, a disk that answers, the right to
    write (53, 58, 25006). What goes beyond its limits (54, 57014) is the mail's doing."""
    if isinstance(error, InterfaceError):
        return True
    state = _sqlstate(error)
    away = not state or state[:2] in ("08", "53", "58") or state.startswith("57P") or state == "25006"
    return isinstance(error, OperationalError) and (away or _is_conflict(error))


def _is_conflict(error: Exception) -> bool:
    """Two that wanted the same rows (SQLSTATE class 40, 55P03)."""
    state = _sqlstate(error)
    return state.startswith("40") or state == "55P03"


def _sqlstate(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _sentence(error: Exception) -> str:
    return f"The database could not take it: {type(error.__cause__ or error).__name__}"


def sweep() -> int:
    """Hand over again what waits and nobody works at. Returns how many."""
    before = Now() - timedelta(seconds=settings.MAIL_SWEEP_AFTER_SECONDS)
    waiting = _free().filter(received_at__lt=before).order_by("received_at")
    found = list(waiting.values_list("pk", flat=True)[:BATCH])
    for pk in found[:HANDED_OVER]:
        hand_over("mail.process", pk)
    return len(found)


_ENDS = {
    State.FILED: "attached",
    State.DUPLICATE: "duplicate",
    State.QUIET: "ruled",
    State.REFUSED: "ruled",
    State.SUSPENDED: "ruled",
    State.DELETED: "ruled",
    State.QUARANTINED: "quarantined",
    State.WAITING: "waiting",
}


def account() -> dict[str, int]:
    """Every mail ever received, by how it ended. `received` is always the sum of the others."""
    counts = dict.fromkeys(["attached", "duplicate", "ruled", "quarantined", "waiting"], 0)
    rows = InboundEmail.objects.values("state").annotate(count=Count("pk"), attached=Count("message"))
    for row in rows.order_by():
        attached = 0 if row["state"] == State.DUPLICATE else row["attached"]
        counts["attached"] += attached
        counts[_ENDS[State(row["state"])]] += row["count"] - attached
    return counts | {"received": sum(counts.values())}
