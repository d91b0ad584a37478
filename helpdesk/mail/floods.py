"""Mail that nobody should have to read one by one: of blocked senders, marked as spam, or too much at once.

All of it is stored and listed in the Mailroom; nothing is dropped. One query a batch, and one for each mail
that joins a ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from helpdesk.models import InboundEmail
from helpdesk.models.inbound import FLOOD_OF_SENDER, FLOOD_ON_TICKET
from tickets.models import Ticket

State = InboundEmail.State
OPENED = ("new ticket", "possibly related", "follow-up", FLOOD_OF_SENDER)
"""How the mails ended that count against a sender: those that opened a ticket, or would have."""

_SENDERS = """
SELECT mail.id,
    EXISTS (SELECT 1 FROM helpdesk_blockedsender WHERE value = ANY(string_to_array(mail.names, ' '))),
    (SELECT count(*) FROM (
        SELECT 1 FROM helpdesk_inboundemail AS one
        WHERE one.from_address = mail.sender AND one.from_address <> '' AND one.id <> mail.id
            AND one.received_at > mail.until - %(window)s AND one.received_at <= mail.until
            AND one.reason = ANY(%(opened)s)
        LIMIT %(budget)s) AS theirs)
FROM unnest(%(ids)s::bigint[], %(senders)s::text[], %(names)s::text[], %(until)s::timestamptz[])
    AS mail(id, sender, names, until)
"""


@dataclass(frozen=True)
class Sender:
    """What is known about the sender of a mail as it comes in; `opened` is counted up to the budget."""

    blocked: bool = False
    opened: int = 0


def senders(mails: Sequence[tuple[InboundEmail, str]]) -> dict[int, Sender]:
    """By the mails' ids; each given with its sender's address. One query.

    Counted from when the mails came in, so that a backlog is judged as if it had been read at once.
    """
    given: dict[str, Any] = {
        "ids": [row.pk for row, _address in mails],
        "senders": [address for _row, address in mails],
        "names": [" ".join(names_of(address)) for _row, address in mails],
        "until": [row.received_at for row, _address in mails],
        "window": settings.MAIL_BUDGET_WINDOW,
        "opened": list(OPENED),
        "budget": settings.MAIL_SENDER_BUDGET,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS, given)
        return {pk: Sender(blocked, opened) for pk, blocked, opened in cursor.fetchall()}


def number_on(ticket: Ticket, row: InboundEmail) -> int:
    """How many other mails the ticket got just before this one, up to the budget."""
    others = InboundEmail.objects.filter(ticket=ticket, received_at__lte=row.received_at).exclude(pk=row.pk)
    recent = others.filter(received_at__gt=row.received_at - settings.MAIL_BUDGET_WINDOW)
    return recent[: settings.MAIL_TICKET_BUDGET].count()


def names_of(address: str) -> list[str]:
    """What a block may say to mean this address: itself, its domain, each domain above that."""
    domain = address.rpartition("@")[2]
    labels = domain.split(".")
    above = [".".join(labels[place:]) for place in range(1, min(len(labels) - 1, 10))]
    return [one for one in dict.fromkeys([address, domain, *above]) if one]


def verdict(
    sender: Sender, *, on_ticket: int | None, spam: str, has_token: bool, automatic: bool
) -> tuple[str, str] | None:
    """State and reason of a mail that is put aside, None for one that goes on. Pure.

    `on_ticket`: how many the ticket got that it joins, None where it joins none. Who answers with our own
    token is no spammer. What a robot wrote opens no ticket and asks nobody for a decision.
    """
    if sender.blocked:
        return State.REFUSED, "blocked sender"
    if spam and settings.MAIL_SPAM != "off" and not has_token:
        state = State.QUIET if automatic or settings.MAIL_SPAM == "quiet" else State.SUSPENDED
        return state, f"marked as spam: {spam}"
    if on_ticket is not None:
        if 0 < settings.MAIL_TICKET_BUDGET <= on_ticket:
            return State.QUIET if automatic else State.SUSPENDED, FLOOD_ON_TICKET
    elif not automatic and 0 < settings.MAIL_SENDER_BUDGET <= sender.opened:
        return State.SUSPENDED, FLOOD_OF_SENDER
    return None
