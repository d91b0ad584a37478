"""What is kept of mail about a ticket that was erased for good: that it was there, and no word of it."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from helpdesk.models import Delivery, GuestLink, InboundEmail, Notification, SentMail
from tickets.models import Event

ERASED_MAIL: dict[str, Any] = {
    "raw": b"", "envelope_from": "", "envelope_to": [], "from_address": "", "subject": "", "error": "",
    "claimed_until": None, "message": None, "ticket": None, "directed_to": None,
}  # fmt: skip
"""What a mail loses that is deleted. It keeps its hashes, so that it is known when it is sent again."""


def erase(purge: Event) -> None:
    """Words and addresses in mail that came in or went out, of a ticket whose own words are erased. In the
    event's transaction."""
    mails = InboundEmail.objects.filter(ticket=purge.ticket_id)
    mails.update(state=InboundEmail.State.DELETED, reason="deleted", **ERASED_MAIL)
    sent = Delivery.objects.filter(event__ticket=purge.ticket_id)
    SentMail.objects.filter(delivery__in=sent).delete()
    nobody = Concat(Value("erased-"), Cast("pk", CharField()), output_field=CharField())
    sent.update(address=nobody, last_error="")
    GuestLink.objects.filter(ticket=purge.ticket_id).delete()
    Notification.objects.filter(ticket=purge.ticket_id).delete()
