"""Mail of ours that came back: the delivery it was, marked; the ticket told where an answer never arrived."""

from __future__ import annotations

from django.db.models.functions import Now

from helpdesk import outbox
from helpdesk.mail.reading import Reading
from helpdesk.mail.tokens import read_bounce_address, read_message_id
from helpdesk.models import Delivery, InboundEmail
from tickets import actions
from tickets.models import Ticket

State = Delivery.State
_ARRIVED = (State.SENT, State.UNCERTAIN)
_NOTED = {"feedback": actions.note_complaint, "receipt": actions.note_receipt}
"""Reports that change nothing but are shown at the message (RFC 5965, RFC 8098)."""


def take(row: InboundEmail, reading: Reading) -> Delivery | None:
    """Mark the delivery that a server's report speaks of. None where it names no mail of ours.

    Only our signed Message-ID, or the signed address to which the report was sent, tells which mail it was;
    addresses in a report are not believed.
    """
    report = reading["report"]
    delivery = _delivery(row, reading)
    if delivery is not None and delivery.message is not None and report["kind"] in _NOTED:
        _NOTED[report["kind"]](delivery.message)
    if delivery is None or report["kind"] != "bounce":
        return delivery
    failed = [one for one in report["recipients"] if one["permanent"]]
    if not failed:
        return delivery
    _mark(delivery, _why(failed[0]))
    return delivery


def _delivery(row: InboundEmail, reading: Reading) -> Delivery | None:
    ids = [
        reading["report"]["original_message_id"],
        *reading["in_reply_to"],
        *reversed(reading["references"]),
    ]
    by_id = (read_message_id(one) for one in ids if one)
    for pk in (*by_id, *(read_bounce_address(address) for address in row.envelope_to)):
        if pk is not None:
            return Delivery.objects.select_related("event", "message__ticket").filter(pk=pk).first()
    return None


def _why(failed: dict) -> str:
    words = [failed["status"], failed["reply_code"], failed["diagnostic"] or failed["reason"]]
    return " ".join(word for word in words if word)[:500]


def _mark(delivery: Delivery, why: str) -> None:
    """The ticket's lock comes first, as in every action."""
    message = delivery.message
    if message is not None:
        Ticket.with_deleted.select_for_update().get(pk=message.ticket_id)
    changed = Delivery.objects.filter(pk=delivery.pk, state__in=(*_ARRIVED, State.RETRYING)).update(
        state=State.FAILED, reason=Delivery.Reason.REFUSED, last_error=why, ended_at=Now(), claimed_until=None
    )
    if not changed:
        return
    outbox.report_lost(delivery)
