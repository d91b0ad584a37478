"""Words that do not count: taken back in time, or told to nobody; and such as arrived after all."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions.base import NotAllowed, demand_work, instant, lock
from tickets.events import record
from tickets.models import Message, Speaker, Ticket, User


def withdraw(message: Message, *, by: User, at: datetime | None = None) -> Message:
    """Take back our own public message during its hold, as if it had never been said."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update().get(pk=message.pk)
        if message.withdrawn_at:
            return message
        at = instant(at)
        if message.by != Speaker.AGENT or not message.public or at >= message.visible_at:
            raise NotAllowed(_("This message has already been sent."))
        message.withdrawn_at = at
        message.save(update_fields=["withdrawn_at"])
        _restore_turn(ticket)
        data = {"message": message.pk}
        record("message.withdrawn", ticket=ticket, subject=message, by=by, at=at, data=data)
        return message


def dismiss_message(message: Message, *, by: User | None, at: datetime | None = None) -> Message:
    """Put away mail that never counted: of a stranger that was held, or of a robot. Raises NotAllowed for
    words that count."""
    with transaction.atomic():
        ticket = lock(message.ticket)
        demand_work(by, ticket)
        message = Message.objects.select_for_update().get(pk=message.pk)
        if message.withdrawn_at:
            return message
        if not (message.held or message.automatic):
            raise NotAllowed(_("This message is part of the ticket."))
        at = instant(at, ticket)
        message.withdrawn_at = at
        message.save(update_fields=["withdrawn_at"])
        data = {"message": message.pk}
        record("message.dismissed", ticket=ticket, subject=message, by=by, at=at, data=data)
        return message


def report_undelivered(message: Message, *, delivery: int, at: datetime | None = None) -> Message:
    """Our message reached nobody on the customer's side, for good: the clocks it stopped run again."""
    return _note_delivery("delivery.failed", message, delivery, at)


def report_delivered_after_all(message: Message, *, delivery: int, at: datetime | None = None) -> Message:
    """A message reported undelivered has reached the customer after all (sent again, other address)."""
    return _note_delivery("delivery.recovered", message, delivery, at)


def _note_delivery(kind: str, message: Message, delivery: int, at: datetime | None) -> Message:
    with transaction.atomic():
        ticket = lock(message.ticket)
        data = {"message": message.pk, "delivery": delivery}
        record(kind, ticket=ticket, subject=message, at=instant(at, ticket), data=data)
        _restore_turn(ticket)
        return message


def _restore_turn(ticket: Ticket) -> None:
    """Recompute since when the customer waits, from the words that count."""
    lost: set[int] = set()
    for kind, data in (
        ticket.events.filter(kind__in=("delivery.failed", "delivery.recovered"))
        .order_by("seq")
        .values_list("kind", "data")
    ):
        (lost.add if kind == "delivery.failed" else lost.discard)(data["message"])
    since = None
    words = ticket.messages.filter(public=True, held=False, automatic=False, withdrawn_at=None)
    for pk, by, said_at in words.order_by("said_at", "pk").values_list("pk", "by", "said_at"):
        if by == Speaker.CUSTOMER:
            since = since or said_at
        elif by == Speaker.AGENT and pk not in lost:
            since = None
    ticket.unanswered_since = since
    ticket.save(update_fields=["unanswered_since"])
