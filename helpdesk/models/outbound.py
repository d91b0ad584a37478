"""The outbox: one event told to one recipient by one channel."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import Event, Message, User


class Delivery(models.Model):
    """One event told to one recipient. Rendered and sent by a worker that holds a lease (`claimed_until`).

    `template` names the text (`ticket.replied`, `ticket.received`, `survey.invited`, `account.code` …).
    `send_at` is the earliest instant; a held reply can be withdrawn until then. `internet_message_id` is
    ours, the
    same at every try. `secret` holds what an account mail carries (encrypted), and is emptied once it is
    sent.
    States: queued, in flight, retrying, sent, failed (for good), uncertain (the answer to the final dot
    was lost),
    suppressed (withdrawn, address unusable, over budget).
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        IN_FLIGHT = "in_flight", _("Being sent")
        RETRYING = "retrying", _("Trying again")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not delivered")
        UNCERTAIN = "uncertain", _("May have arrived")
        SUPPRESSED = "suppressed", _("Not sent")

    class Rank(models.IntegerChoices):
        """The lower goes first."""

        ACCOUNT = 0
        REPLY = 1
        NOTIFICATION = 2
        SURVEY = 3

    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="deliveries")
    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="deliveries")
    recipient = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="deliveries")
    address = models.CharField(max_length=254)
    channel = models.CharField(max_length=10, default="mail")
    template = models.CharField(max_length=50)
    rank = models.PositiveSmallIntegerField(choices=Rank, default=Rank.NOTIFICATION)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=100, blank=True)
    send_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    internet_message_id = models.CharField(max_length=255, unique=True)
    secret = models.BinaryField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient", "channel"],
                condition=Q(event__isnull=False),
                name="one_delivery_per_event_recipient_channel",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rank", "send_at"],
                name="delivery_to_send",
                condition=Q(state__in=["queued", "retrying"]),
            ),
            models.Index(fields=["claimed_until"], name="delivery_in_flight", condition=Q(state="in_flight")),
            models.Index(fields=["address", "created_at"], name="delivery_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.template} to {self.address}: {self.state}"
