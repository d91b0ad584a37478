"""The writers of the outbox: putting mail into it, taking it back, sending it once more.

Rows only. Rendering and sending is the mail face's (`helpdesk.mail.outbound`), which is woken after commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk import sealed
from helpdesk.models import Delivery, SupportAddress
from tickets import access, actions
from tickets.actions import NotAllowed
from tickets.bulk import insert
from tickets.events import record
from tickets.handover import hand_over
from tickets.models import Event, Message, Ticket, User
from tickets.models.people import normalize_address, without_plus

State, Rank, Reason = Delivery.State, Delivery.Rank, Delivery.Reason

ACCOUNT_MAIL: dict[str, tuple[frozenset[str], timedelta]] = {
    "account.code": (frozenset({"code", "link", "minutes"}), timedelta(minutes=15)),
    "account.unknown": (frozenset({"link"}), timedelta(hours=1)),
    "account.reset": (frozenset({"link"}), timedelta(hours=1)),
    "account.password_changed": (frozenset({"link"}), timedelta(days=5)),
    "account.invitation": (frozenset({"link", "hours"}), timedelta(hours=72)),
    "account.confirm_ticket": (frozenset({"link", "hours"}), timedelta(hours=24)),
}
"""The account mails: the words each is given, and for how long it helps. None carries a text that a stranger
chose."""

ACKNOWLEDGEMENT = "ticket.received"
CAUSED_BY_STRANGERS = (ACKNOWLEDGEMENT, "account.confirm_ticket", "account.unknown")
"""Texts that somebody can make us send to an address that is not theirs."""

WAITING = (State.QUEUED, State.RETRYING)
TOO_LONG = timedelta(hours=1)
"""A mail that waits for longer is somebody's business: its author is warned and health raises an alarm."""


def add(deliveries: Iterable[Delivery]) -> None:
    """Write deliveries of one event that are not there yet; whoever is due is handed over after commit.

    A delivery without an address, to an address of ours or to a deactivated person is kept as not sent.
    """
    rows = list(deliveries)
    if not rows:
        return
    ours = _own_addresses(rows)
    rows = [_refused(row, ours) or row for row in rows]
    insert(rows, ignore_conflicts=rows[0].event_id is not None)
    if any(row.state == State.QUEUED and row.send_at <= row.created_at for row in rows):
        # A hint that something is due; the task takes the most urgent delivery, whichever that is.
        hand_over("mail.deliver", rows[0].event_id or rows[0].pk)


def _refused(row: Delivery, ours: set[str]) -> Delivery | None:
    """The row as not sent, where it must not be; else None."""
    reason = ""
    if row.state == State.SUPPRESSED:
        reason = row.reason
    elif not row.address:
        reason = Reason.NO_ADDRESS
    elif row.recipient is not None and not row.recipient.is_active:
        reason = Reason.INACTIVE
    elif without_plus(row.address) in ours:
        reason = Reason.OWN_ADDRESS
    if not reason:
        return None
    row.state, row.reason, row.ended_at, row.secret = State.SUPPRESSED, reason, row.created_at, None
    return row


def is_own_address(address: str) -> bool:
    """One of our support addresses, whatever stands behind its plus sign (RFC 5233)."""
    return SupportAddress.objects.filter(address__iexact=without_plus(address)).exists()


def _own_addresses(rows: Iterable[Delivery]) -> set[str]:
    """Which of these go to ourselves, in one query."""
    wanted = {without_plus(row.address) for row in rows if row.address}
    found = SupportAddress.objects.annotate(plain=Lower("address")).filter(plain__in=wanted)
    return set(found.values_list("plain", flat=True))


class Budget:
    """How many automatic mails some people may still get.

    At most one in ten minutes and five a day (settings AUTOMATIC_MAIL_GAP, AUTOMATIC_MAIL_A_DAY); while
    nobody has proven the address, everything that strangers can cause counts. Holds a lock on each address
    until the transaction ends, so that two at once count each other. `since` is the earliest instant that
    will be asked.
    """

    def __init__(self, people: Iterable[User], since: datetime) -> None:
        self.sent: dict[str, list[tuple[datetime, str]]] = {person.email or "": [] for person in people}
        if not self.sent:
            return
        hold_addresses(self.sent)
        counted = Delivery.objects.filter(address__in=list(self.sent), template__in=CAUSED_BY_STRANGERS)
        counted = counted.filter(created_at__gt=since - timedelta(days=1))
        counted = counted.exclude(state=State.SUPPRESSED).order_by("created_at")
        for address, created_at, template in counted.values_list("address", "created_at", "template"):
            self.sent[address].append((created_at, template))

    def may_acknowledge(self, person: User, at: datetime) -> bool:
        """May an acknowledgement go to this person's address at `at`? If so, it is counted."""
        sent = self.sent[person.email or ""]
        kinds = (ACKNOWLEDGEMENT,) if person.proven_at else CAUSED_BY_STRANGERS
        times = sorted(when for when, kind in sent if kind in kinds and when > at - timedelta(days=1))
        if times and (
            len(times) >= settings.AUTOMATIC_MAIL_A_DAY or times[-1] > at - settings.AUTOMATIC_MAIL_GAP
        ):
            return False
        sent.append((at, ACKNOWLEDGEMENT))
        return True


def hold_addresses(addresses: Iterable[str]) -> None:
    """Whoever counts or causes automatic mail to these addresses waits until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(  # sorted, so that two never wait for each other in a circle
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(address, 1042) AS key"
            " FROM unnest(%s::text[]) AS address ORDER BY key) AS keys",
            [list(addresses)],
        )


def queue_account_mail(
    address: str, template: str, *, person: User | None = None, words: dict[str, str], language: str = ""
) -> Delivery:
    """Queue one account mail, first in line. Its words (codes, links) are sealed and emptied once it is sent
    or helps nobody any more. `language` is that of the page it was asked for on, for people whose own is not
    known.

    Raises ValueError for a template or words that are not in `ACCOUNT_MAIL`.
    """
    expected, lasts = ACCOUNT_MAIL.get(template, (frozenset(), timedelta(0)))
    if not expected or set(words) != expected:
        raise ValueError(f"no account mail {template} with {sorted(words)}")
    now = timezone.now()
    row = Delivery(
        recipient=person,
        address=normalize_address(address) or "",
        template=template,
        rank=Rank.ACCOUNT,
        send_at=now,
        created_at=now,
        give_up_at=now + lasts,
        secret=sealed.seal(words | {"language": language}),
    )
    add([row])
    return row


def suppress(deliveries: QuerySet[Delivery], reason: str, at: datetime) -> int:
    """Take back those that still wait. Returns how many."""
    return deliveries.filter(state__in=(*WAITING, State.HELD)).update(
        state=State.SUPPRESSED, reason=reason, ended_at=at, secret=None
    )


def unsuppress(deliveries: QuerySet[Delivery], reason: str, at: datetime) -> int:
    """Let those go out after all that were taken back for `reason`. Returns how many."""
    return deliveries.filter(state=State.SUPPRESSED, reason=reason).update(
        state=State.QUEUED, reason="", ended_at=None, send_at=at
    )


def can_retry(delivery: Delivery) -> bool:
    """A person may send it once more: it ended without certainty, or waits for its next try."""
    if delivery.template.startswith("account."):
        return False
    return delivery.state in (State.FAILED, State.UNCERTAIN, State.RETRYING, State.HELD)


def retry(delivery: Delivery, *, by: User, address: str | None = None) -> Delivery:
    """Send it once more now, by hand; to another address if one is given. Its Message-ID stays.

    Already on its way: returns quietly. Raises NotAllowed, and ValueError for a bad address.
    """
    with transaction.atomic():
        ticket = _demand_ticket(delivery, by)
        row = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
        if address is not None:
            if ticket is None or (row.message is not None and row.message.side_talk_id is not None):
                raise NotAllowed(_("This mail goes to its own address only."))
            row.address = _checked(address, ticket)
        elif row.state in (State.QUEUED, State.IN_FLIGHT):
            return row
        if not can_retry(row) and not (address is not None and row.state == State.SUPPRESSED):
            raise NotAllowed(_("This mail has already been sent."))
        row.state, row.reason, row.send_at = State.QUEUED, "", timezone.now()
        row.first_tried_at = row.ended_at = row.offered_at = row.claimed_until = None
        row.warned_at = row.dismissed_at = None
        row.attempts = row.lost_answers = 0
        row.save()
        hand_over("mail.deliver", row.pk)
        return row


def change_address(delivery: Delivery, address: str, *, by: User) -> Delivery:
    """Send a mail that failed to another address of the same person. The person's own address stays."""
    return retry(delivery, by=by, address=address)


def _demand_ticket(delivery: Delivery, by: User) -> Ticket | None:
    """The ticket, locked: its lock comes before that of its deliveries. None for mail that is about no
    ticket, which is the administrators' to send again."""
    ticket = delivery.event.ticket if delivery.event else None
    if ticket is None and access.can_administer(by):
        return None
    if ticket is None or not access.can_work(by, ticket):
        raise NotAllowed(_("You may not send this mail again."))
    return Ticket.with_deleted.select_for_update().get(pk=ticket.pk)


def _checked(address: str, ticket: Ticket) -> str:
    address = normalize_address(address) or ""
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValueError(_("“%(address)s” is not an email address.") % {"address": address}) from error
    if is_own_address(address):
        raise ValueError(_("This is one of your own support addresses."))
    return address


def settle_history(before: datetime) -> int:
    """Mark what was written before an instant as told elsewhere (imports, the demo). Returns how many."""
    old = Delivery.objects.filter(created_at__lt=before)
    return suppress(old, Reason.HISTORY, before)


def deliveries_of(ticket: Ticket) -> QuerySet[Delivery]:
    """Every delivery about a ticket, with its recipient, oldest first."""
    return Delivery.objects.filter(event__ticket=ticket).select_related("recipient").order_by("pk")


def dismiss(delivery: Delivery, *, by: User) -> Delivery:
    """Take a mail off the list of what is stuck; what is still tried is given up.

    What was said on the ticket stays. A reply given up is one that did not arrive: the customer waits again.
    """
    with transaction.atomic():
        _demand_ticket(delivery, by)
        row = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
        now = timezone.now()
        if row.state in (State.QUEUED, State.RETRYING, State.HELD) or (
            row.state == State.UNCERTAIN and row.ended_at is None
        ):
            perhaps = row.state == State.UNCERTAIN
            row.state, row.reason = (State.UNCERTAIN, "") if perhaps else (State.FAILED, Reason.STOPPED)
            row.ended_at, row.secret, row.claimed_until = now, None, None
        elif row.state == State.IN_FLIGHT:
            raise NotAllowed(_("This mail is being sent right now."))
        row.dismissed_at = row.dismissed_at or now
        row.save()
        if row.state == State.FAILED:
            report_lost(row)
        return row


def report_lost(row: Delivery) -> None:
    """Tell the ticket that our words to its requester are lost for good, unless another mail carried them; or
    those to somebody outside.

    For the transaction that marked the delivery, which holds the ticket's lock.
    """
    message = row.message
    if message is not None and message.side_talk_id is not None:
        actions.report_undelivered_outside(message, delivery=row.pk)
        return
    if message is None or row.recipient_id != message.ticket.requester_id or is_reported(message):
        return
    reached = message.deliveries.filter(recipient=row.recipient_id, state__in=(State.SENT, State.UNCERTAIN))
    if not reached.exists():
        actions.report_undelivered(message, delivery=row.pk)


def is_reported(message: Message) -> bool:
    """The ticket holds this message to be undelivered."""
    told = Event.objects.filter(
        ticket=message.ticket_id,
        kind__in=("delivery.failed", "delivery.recovered"),
        data__message=message.pk,
    )
    return told.order_by("-seq").values_list("kind", flat=True).first() == "delivery.failed"


def overdue() -> QuerySet[Delivery]:
    """What should have left more than an hour ago and is neither sent nor given up."""
    open_ones = Delivery.objects.filter(ended_at=None)
    slow = Q(first_tried_at__lt=Now() - TOO_LONG)
    late = Q(first_tried_at=None, state__in=WAITING, send_at__lt=Now() - TOO_LONG)
    return open_ones.filter(slow | late | Q(state=State.HELD))


def stuck() -> QuerySet[Delivery]:
    """What a person should look at: failed, uncertain for good, held back, or waiting for over an hour. The
    newest first; what was dismissed is not among it."""
    ended = Delivery.objects.filter(
        state__in=(State.FAILED, State.UNCERTAIN), dismissed_at=None, ended_at__gt=Now() - timedelta(days=30)
    )
    # A union, since an OR would read the whole table instead of the two small indexes.
    found = overdue().values("pk").union(ended.values("pk"))
    return Delivery.objects.filter(pk__in=found, dismissed_at=None).order_by("-pk")


def stuck_for(user: User) -> QuerySet[Delivery]:
    """Of what is stuck, the mail about tickets that somebody works on; administrators see all of it."""
    if access.can_administer(user):
        return stuck().filter(Q(event__ticket=None) | Q(event__ticket__deleted_at=None))
    return stuck().filter(event__ticket__in=access.worked_by(user))


def warn_of_delays() -> int:
    """Tell the authors of replies that wait for over an hour, or are held back, once. Returns how many."""
    late = overdue().filter(message__isnull=False, warned_at=None).order_by("pk")
    warned = 0
    for pk, message in list(late.values_list("pk", "message")[:200]):
        with transaction.atomic():
            ticket = Ticket.with_deleted.select_for_update().get(messages=message)
            if late.filter(pk=pk).update(warned_at=Now()):
                data = {"message": message, "delivery": pk}
                row = Message.objects.get(pk=message)
                record("delivery.delayed", ticket=ticket, subject=row, data=data)
                warned += 1
    return warned


def mail_of(event: Event, person: User, template: str, **more: Any) -> Delivery:
    """A delivery of `event` to `person`, not yet written. Its times are those of the event."""
    defaults = {"send_at": event.at, "created_at": event.at}
    return Delivery(
        event=event, recipient=person, address=person.email or "", template=template, **(defaults | more)
    )
