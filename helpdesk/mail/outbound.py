"""Sending what the outbox holds: claim, write, hand to the mail server, note the outcome.

A row is claimed by a lease (`claimed_until`, in the database's time) that its worker renews while it lives;
every later step compares the number of the attempt, so that a worker that came back from the dead changes
nothing. Nothing is written or sent inside a transaction.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Exists, F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from helpdesk import leases, outbox
from helpdesk.mail import compose, digests, tokens
from helpdesk.mail.smtp import Envelope, Line, Outcome, Result, Server, usable
from helpdesk.models import Delivery, InboundEmail, SentMail
from tickets import actions
from tickets.models import Ticket

logger = logging.getLogger(__name__)

State, Reason = Delivery.State, Delivery.Reason
OFFERED = (State.QUEUED, State.RETRYING, State.UNCERTAIN)
READ_ALONG = (
    "event__ticket__team",
    "event__ticket__requester",
    "event__actor",
    "recipient",
    "message__author",
)
YIELDS = timedelta(seconds=10)
"""For so long what nobody is waiting for (acknowledgements, news for staff, surveys) lets mail that waits to
be filed go first: under a flood of mail the tickets come before the letters about them."""
MAX_LOST_ANSWERS = 2
FAILURES_UNTIL_MARKED = 2


def can_send() -> bool:
    """There is somewhere to send to. If not, mail waits."""
    return settings.MAIL_SERVER is not None or settings.MAILBOX


def deliver_due(seconds: float = 20.0) -> int:
    """Send what is due, the most urgent first, until nothing is or the time is over.

    Returns the number of tries.
    """
    tries = 0
    until = time.monotonic() + seconds
    with Carrier() as carrier:
        while time.monotonic() < until and (row := claim()) is not None:
            tries += 1
            attempt(row, carrier)
    return tries


def due() -> QuerySet[Delivery]:
    """What may be tried now, in its order."""
    waiting = Delivery.objects.filter(ended_at=None, state__in=OFFERED, send_at__lte=Now())
    yielding = Q(rank__gte=Delivery.Rank.NOTIFICATION, created_at__gt=Now() - YIELDS)
    unfiled = InboundEmail.objects.filter(state=InboundEmail.State.WAITING)
    return waiting.exclude(yielding & Exists(unfiled)).order_by("rank", "send_at", "pk")


def claim() -> Delivery | None:
    """Take the most urgent due delivery for the length of a lease. The attempt is counted here, before it."""
    passed_over: set[str] = set()  # addresses for which somebody else is collecting
    while can_send() and at_work() < settings.MAIL_PARALLEL:
        with transaction.atomic():
            offered = due().exclude(address__in=passed_over).select_related("event")
            row = offered.select_for_update(skip_locked=True, of=("self",)).first()
            if row is None:
                return None
            if digests.is_collected(row) and not _may_go(row, passed_over):
                continue
            Delivery.objects.filter(pk=row.pk).update(
                state=State.IN_FLIGHT,
                claimed_until=Now() + settings.MAIL_LEASE,
                first_tried_at=Coalesce("first_tried_at", Now()),
                attempts=F("attempts") + 1,
                offered_at=None,
                internet_message_id=row.internet_message_id or tokens.message_id(row.pk),
            )
        return Delivery.objects.select_related(*READ_ALONG).get(pk=row.pk)
    return None


def _may_go(row: Delivery, passed_over: set[str]) -> bool:
    """Whether a mail about promises may go now; if so, it carries what waits beside it."""
    if not digests.try_address(row):
        passed_over.add(row.address)
        return False
    now = _database_time()
    if until := digests.wait_until(row, now):
        digests.postpone(row, until, now)
        return False
    digests.collect(row, now)
    return True


def attempt(row: Delivery, carrier: Carrier) -> None:
    """One try of a claimed delivery, from writing it to noting what became of it."""
    if not usable(row.address):
        settle(row, End(State.FAILED, Reason.BAD_ADDRESS, "not a usable address"))
        return
    try:
        letter = compose.write(row)
    except compose.NotToBeSent as no:
        settle(row, End(State.SUPPRESSED, no.reason))
        return
    except compose.NotYet:
        settle(row, End(State.RETRYING, "", "the words are still held back", timedelta(seconds=5)))
        return
    except compose.FileMissing as missing:
        logger.error("delivery %s: %s", row.pk, missing)
        settle(row, End(State.HELD, Reason.FILE_MISSING, str(missing)))
        return
    except (DatabaseError, InterfaceError, SoftTimeLimitExceeded) as error:
        # Says nothing about the mail: another try may find the database at rest.
        settle(row, End(State.RETRYING, "", type(error).__name__, gap(row.attempts)))
        return
    except Exception as error:
        logger.exception("delivery %s could not be written", row.pk)
        settle(row, End(State.FAILED, Reason.RENDERING, f"{type(error).__name__}: {error}"[:500]))
        return
    with leases.kept(_claimed(row), settings.MAIL_LEASE):
        result = carrier.send(letter, row)
    settle(row, verdict(row, result))


def _claimed(row: Delivery) -> QuerySet[Delivery]:
    """The row, as long as the claim that it was loaded with holds."""
    return Delivery.objects.filter(pk=row.pk, state=State.IN_FLIGHT, attempts=row.attempts)


@dataclass(frozen=True)
class End:
    """What is to be noted after a try; `after` is the gap until the next one, None when it was the last.
    `lost` says that the answer to the final dot was lost."""

    state: str
    reason: str = ""
    error: str = ""
    after: timedelta | None = None
    lost: bool = False


def verdict(row: Delivery, result: Result) -> End:
    """What a try's result means for a row in its history."""
    if result.outcome is Outcome.SENT:
        return End(State.SENT)
    if result.outcome is Outcome.UNKNOWN:
        last = row.lost_answers + 1 >= MAX_LOST_ANSWERS
        return End(State.UNCERTAIN, "", result.said, None if last else gap(row.attempts), lost=True)
    if result.outcome is Outcome.REFUSED:
        if row.lost_answers:  # the first try may have arrived: nobody can say that it failed
            return End(State.UNCERTAIN, error=result.said)
        return End(State.FAILED, Reason.REFUSED, result.said)
    return End(State.RETRYING, error=result.said, after=gap(row.attempts))


def gap(attempts: int) -> timedelta:
    """How long to wait after this many tries: 1, 5, 15, 30, 60 minutes, then hourly."""
    gaps = settings.MAIL_GAPS
    return gaps[min(max(attempts, 1), len(gaps)) - 1]


def settle(row: Delivery, end: End, *, dead: bool = False) -> bool:
    """Note the outcome, if the claim is still ours (or, of a `dead` worker, has run out), and tell the ticket
    what it means for the answer."""
    with transaction.atomic():
        ticket = _lock_ticket(row)
        now = _database_time()
        if end.after is not None and _is_over(row, now + end.after):
            perhaps = end.lost or row.lost_answers
            last = (State.UNCERTAIN, "") if perhaps else (State.FAILED, Reason.GAVE_UP)
            end = End(*last, end.error, lost=end.lost)
        changes: dict[str, object] = {
            "state": end.state,
            "reason": end.reason,
            "last_error": end.error,
            "claimed_until": None,
            "lost_answers": row.lost_answers + end.lost,
        }
        if end.after is not None:
            changes["send_at"] = now + end.after
        elif end.state != State.HELD:
            changes |= {"ended_at": now, "secret": None}
        if end.state == State.SENT:
            changes["sent_at"] = now
        claim = _claimed(row).filter(claimed_until__lte=Now()) if dead else _claimed(row)
        if not claim.update(**changes):
            logger.warning("delivery %s: the claim had ended, outcome %s is not noted", row.pk, end.state)
            return False
        _tell_ticket(row, end, ticket)
    level = logging.INFO if end.state in (State.SENT, State.SUPPRESSED) else logging.WARNING
    logger.log(
        level, "delivery %s try %s: %s %s", row.pk, row.attempts, end.state, end.reason or _code(end.error)
    )
    return True


def _lock_ticket(row: Delivery) -> Ticket | None:
    """The ticket's lock comes first, as in every action."""
    if row.message_id is None:
        return None
    return Ticket.with_deleted.select_for_update().get(messages=row.message_id)


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _is_over(row: Delivery, next_try: datetime) -> bool:
    """The next try would come too late to help anybody."""
    if row.give_up_at is not None:
        return next_try > row.give_up_at
    return row.first_tried_at is not None and next_try > row.first_tried_at + settings.MAIL_GIVES_UP_AFTER


def _code(error: str) -> str:
    """The part of a server's answer without addresses: for the log."""
    return " ".join(error.split()[:3])[:60] if error else ""


def _tell_ticket(row: Delivery, end: End, ticket: Ticket | None) -> None:
    """Our words to the requester, lost for good or arrived after all, change whose turn it is."""
    person = row.recipient
    if end.state == State.FAILED and end.reason in (Reason.REFUSED, Reason.BAD_ADDRESS) and person:
        failures = Delivery.objects.filter(address=row.address, state=State.FAILED, reason=end.reason)
        sent = Delivery.objects.filter(address=row.address, state=State.SENT).order_by("-sent_at").first()
        since = Q(ended_at__gt=sent.sent_at) if sent else Q()
        if row.address == person.email and failures.filter(since).count() >= FAILURES_UNTIL_MARKED:
            actions.report_address_failed(person)
    if ticket is None or row.message is None:
        return
    if row.message.side_talk_id is None and row.recipient_id != ticket.requester_id:
        return
    if end.state == State.FAILED:
        outbox.report_lost(row)
    elif row.message.side_talk_id is not None:
        return
    elif end.state in (State.SENT, State.UNCERTAIN) and outbox.is_reported(row.message):
        actions.report_delivered_after_all(row.message, delivery=row.pk)


def rescue() -> int:
    """Take back deliveries whose worker died. Returns how many.

    Where the final dot may have gone out, the mail may have arrived: that counts as a lost answer.
    """
    dead = Delivery.objects.filter(state=State.IN_FLIGHT, claimed_until__lte=Now())
    rows = list(dead.select_related("message", "recipient").order_by("pk")[:200])
    for row in rows:
        if row.offered_at is None:
            # At once, unless writing it is what kills the worker.
            after = timedelta(0) if row.attempts < 3 else gap(row.attempts)
            end = End(State.RETRYING, "", "the worker ended before it was sent", after)
        else:
            end = verdict(row, Result(Outcome.UNKNOWN, "the worker ended while it was being sent"))
        settle(row, end, dead=True)
    return len(rows)


def sweep() -> int:
    """How many deliver tasks to start now: something is due, and not enough workers are at it."""
    rescue()
    outbox.warn_of_delays()
    if not can_send() or not due().exists():
        return 0
    free = settings.MAIL_PARALLEL - at_work()
    return max(0, min(free, due()[: settings.MAIL_PARALLEL].count()))


def at_work() -> int:
    """How many deliveries workers hold right now."""
    return Delivery.objects.filter(state=State.IN_FLIGHT, claimed_until__gt=Now()).count()


class Carrier:
    """Takes finished mail to the server, or into the mailbox page where there is none."""

    def __init__(self) -> None:
        self.line = Line(Server(**settings.MAIL_SERVER)) if settings.MAIL_SERVER else None

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.line is not None:
            self.line.close()

    def send(self, envelope: Envelope, row: Delivery) -> Result:
        if self.line is None:
            return _keep(envelope, row)
        return self.line.send(envelope, lambda: _mark_offered(row))


def _keep(envelope: Envelope, row: Delivery) -> Result:
    SentMail.objects.create(
        delivery=row,
        envelope_from=envelope.senders[0],
        envelope_to=envelope.recipient,
        subject=compose.subject_of(envelope.content),
        raw=envelope.content,
    )
    return Result(Outcome.SENT)


class ClaimLost(Exception):
    """Another worker took the delivery meanwhile; this one must not send it."""


def _mark_offered(row: Delivery) -> None:
    """From here on the server may have the mail. Raises ClaimLost."""
    if not _claimed(row).filter(claimed_until__gt=Now()).update(offered_at=Now()):
        raise ClaimLost
    row.refresh_from_db(fields=["offered_at"])
