"""Mail that came in, whole, before anything read it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import Message, Ticket

FLOOD_OF_SENDER, FLOOD_ON_TICKET = "flood of a sender", "flood on a ticket"
FLOODS = (FLOOD_OF_SENDER, FLOOD_ON_TICKET)
"""Reasons of mail that is suspended because there was too much of it at once."""
NO_SENDER = "<>"
"""Stands as `from_address` where a mail names nobody."""


class InboundEmail(models.Model):
    """One mail as it was received. Every row ends as exactly one of the states other than `waiting`.

    `attempts` is counted before the parser runs, so that a mail that kills it is quarantined at the
    third try.
    `internet_message_id` has no angle brackets; `body_hash` is the SHA-256 of what follows the header block;
    `from_address` (lower case) and `subject` are what the mail says of itself, noted when it is filed.
    `released_at` is when an administrator overruled the rules that had put it aside, `directed_to` the ticket
    that one chose for it. A deleted mail keeps its hashes, so that it is known when it is sent again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        FILED = "filed", _("Filed")
        QUIET = "quiet", _("Kept quietly")
        SUSPENDED = "suspended", _("Suspended")
        QUARANTINED = "quarantined", _("Quarantined")
        REFUSED = "refused", _("Refused")
        DUPLICATE = "duplicate", _("Duplicate")
        DELETED = "deleted", _("Deleted")

    source = models.CharField(max_length=50)
    raw = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    envelope_from = models.CharField(max_length=998, blank=True)
    envelope_to = models.JSONField(default=list)
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=100, blank=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    internet_message_id = models.CharField(max_length=998, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    flagged = models.BooleanField(default=False)
    from_address = models.CharField(max_length=320, blank=True, default="", db_default="")
    subject = models.CharField(max_length=500, blank=True, default="", db_default="")
    released_at = models.DateTimeField(null=True, blank=True)
    directed_to = models.ForeignKey(
        Ticket, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, blank=True, related_name="inbound_emails")
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, related_name="inbound_emails"
    )
    duplicate_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="duplicates"
    )

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="inbound_waiting", condition=Q(state="waiting")),
            models.Index(fields=["sha256"], name="inbound_by_content"),
            models.Index(
                fields=["internet_message_id"],
                name="inbound_by_internet_id",
                condition=~Q(internet_message_id=""),
            ),
            models.Index(fields=["-received_at"], name="inbound_newest"),
            models.Index(
                fields=["from_address", "received_at"],
                name="inbound_by_sender",
                condition=~Q(from_address=""),
            ),
            models.Index(
                fields=["state", "id"],
                name="inbound_put_aside",
                condition=Q(state__in=["suspended", "quarantined", "refused", "deleted"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M} {self.state}"


class BlockedSender(models.Model):
    """An address, or a domain with all below it, whose mail is kept and shown to nobody but administrators.

    `value` is in lower case; one with a @ is an address.
    """

    value = models.CharField(max_length=320, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["value"]

    def __str__(self) -> str:
        return self.value
