"""The one route by which mail comes in: stored whole first, then read, then filed.

Every source calls `store`; a worker (or `receive_mail`) then calls `process`. Between the two the mail waits
in its row and nothing but that row is needed to go on, so that any process may die at any moment.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.utils import timezone

from helpdesk import leases
from helpdesk.mail import filing
from helpdesk.mail.bounded import ParserDied, Read, parse_bounded
from helpdesk.models import InboundEmail
from tickets.handover import hand_over

logger = logging.getLogger(__name__)
State = InboundEmail.State

_OUTCOME = (
    "state", "reason", "error", "claimed_until", "processed_at", "internet_message_id", "body_hash",
    "flagged", "ticket", "message", "duplicate_of", "from_address", "subject",
)  # fmt: skip
BATCH = 200


@dataclass(frozen=True)
class Outcome:
    """How a stored mail ended; `read` is what it says, None where it was never read."""

    row: InboundEmail
    new_ticket: bool = False
    read: Read | None = field(default=None, repr=False)


def store(
    raw: bytes,
    source: str,
    *,
    envelope_from: str | None = None,
    envelope_to: list[str] | None = None,
    announce: bool = True,
) -> InboundEmail:
    """Keep a mail whole and hand it over. It is safe once the surrounding transaction has committed, not
    before.

    `source` names the channel and account (`smtp`, `pipe` …). `envelope_from` is "" for the null return path
    and None where the source knows none; `envelope_to` are the recipients that the sender's server named.
    `announce` is False where the caller goes on to `process` the mail itself.
    """
    with transaction.atomic():
        row = InboundEmail.objects.create(
            source=source,
            raw=raw,
            sha256=hashlib.sha256(raw).hexdigest(),
            size=len(raw),
            envelope_from=_path(envelope_from),
            envelope_to=[one.replace("\x00", "")[:320] for one in envelope_to or []],
        )
        if announce:
            hand_over("mail.process", row.pk)
    return row


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
    """Read and file a stored mail. None where it is done already or another process is at it.

    The try is counted and committed before the parser runs: what kills the process is quarantined at the
    third start.
    """
    row = _claim(pk)
    if row is None:
        return None
    if row.attempts > settings.MAIL_ATTEMPTS:
        return _give_up(row, row.error or "The process that read it was ended each time.")
    try:
        claimed = InboundEmail.objects.filter(pk=row.pk, state=State.WAITING, attempts=row.attempts)
        with leases.kept(claimed, settings.MAIL_CLAIM):
            read = parse_bounded(bytes(row.raw), known_path(row))
        return _file(row, read)
    except ParserDied as error:
        return _failed(row, f"The parser was ended: {error}")
    except Exception as error:
        if _is_outage(error):
            raise
        logger.exception("mail %s could not be filed", row.pk)
        return _failed(row, f"{type(error).__name__}: {error}"[:2000])


def _claim(pk: int) -> InboundEmail | None:
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    claimed = InboundEmail.objects.filter(free, pk=pk, state=State.WAITING).update(
        attempts=F("attempts") + 1, claimed_until=Now() + settings.MAIL_CLAIM
    )
    return InboundEmail.objects.get(pk=pk) if claimed else None


def _file(row: InboundEmail, read: Read) -> Outcome:
    with transaction.atomic():
        filing.one_at_a_time(read.reading["message_id"] or row.sha256)
        row = InboundEmail.objects.select_for_update(no_key=True).defer("raw").get(pk=row.pk)
        if row.state != State.WAITING:
            return Outcome(row, read=read)
        decision = filing.file(row, read)
        row.claimed_until = None
        row.processed_at = timezone.now()
        row.error = ""
        row.save(update_fields=_OUTCOME)
    logger.info("mail %s from %s: %s %s", row.pk, row.source, row.state, row.reason)
    return Outcome(row, new_ticket=decision.new_ticket, read=read)


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


def _is_outage(error: Exception) -> bool:
    """The database failed, not the mail: the try is repeated after the claim has run out."""
    from django.db import InterfaceError, OperationalError

    return isinstance(error, (OperationalError, InterfaceError))


def sweep() -> int:
    """Hand over again what waits and nobody works at. Returns how many."""
    waiting = InboundEmail.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=Now()),
        state=State.WAITING,
        received_at__lt=Now() - timedelta(seconds=settings.MAIL_SWEEP_AFTER_SECONDS),
    ).order_by("received_at")
    found = list(waiting.values_list("pk", flat=True)[:BATCH])
    for pk in found:
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
