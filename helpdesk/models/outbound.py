"""The outbox: one event told to one recipient by one channel."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import Event, Message, User


class Delivery(models.Model):
    """One event told to one recipient. Rendered and sent by a worker that holds a lease (`claimed_until`).

    `message` is set only where it carries our own words: public ones to a customer, those of a side
    conversation to the address outside.
    `template` names the text (`ticket.replied`, `ticket.received`, `survey.invited`, `account.code` …).
    `send_at` is the earliest instant of the next try; a held reply can be withdrawn until then.
    `give_up_at` is the instant after which nobody is helped by it any more (a code that expired); without
    one it is tried for five days from `first_tried_at`. `attempts` is counted before each try.
    `offered_at` is set before the final dot goes out: a lease that ends with it set leaves open whether the
    mail was taken. `lost_answers` counts such tries; after the first there is one more, after the second
    none. `internet_message_id` (no angle brackets) is given at the first claim and is the same at every try.
    HELD is neither sent nor given up: what it carries is not whole, and somebody has to look. `warned_at` is
    when the author was told that it waits for too long, `dismissed_at` when somebody took it off the list of
    what is stuck.
    `carried_by` is the delivery whose mail says this one's news too (COLLECTED, `helpdesk.mail.digests`).
    `secret` holds what an account mail carries, encrypted (`helpdesk.sealed`), and is emptied at the end.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        IN_FLIGHT = "in_flight", _("Being sent")
        RETRYING = "retrying", _("Trying again")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not delivered")
        UNCERTAIN = "uncertain", _("May have arrived")
        SUPPRESSED = "suppressed", _("Not sent")
        HELD = "held", _("Held back")
        COLLECTED = "collected", _("Told in one mail with others")

    class Rank(models.IntegerChoices):
        """The lower goes first."""

        ACCOUNT = 0
        REPLY = 1
        NOTIFICATION = 2
        SURVEY = 3

    class Reason(models.TextChoices):
        """Why a delivery ended without being sent."""

        WITHDRAWN = "withdrawn", _("Taken back before it left")
        BUDGET = "budget", _("Too many automatic mails to this address")
        UNWANTED = "unwanted", _("The sender wants no automatic answer")
        OWN_ADDRESS = "own_address", _("Our own address")
        NO_ADDRESS = "no_address", _("No address")
        INACTIVE = "inactive", _("This person is deactivated")
        UNDELIVERABLE = "undeliverable", _("Mail to this address keeps failing")
        OUTDATED = "outdated", _("No longer true when it was to be sent")
        HISTORY = "history", _("Happened before this installation sent mail")
        REFUSED = "refused", _("The receiving server refused it")
        BAD_ADDRESS = "bad_address", _("This is not a usable address")
        RENDERING = "rendering", _("It could not be written")
        GAVE_UP = "gave_up", _("Tried for too long")
        FILE_MISSING = "file_missing", _("A file is missing or damaged")
        DELETED = "deleted", _("The ticket was deleted")
        STOPPED = "stopped", _("Somebody here stopped it")

    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="deliveries")
    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="deliveries")
    recipient = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="deliveries")
    address = models.CharField(max_length=254)
    channel = models.CharField(max_length=10, default="mail")
    template = models.CharField(max_length=50)
    rank = models.PositiveSmallIntegerField(choices=Rank, default=Rank.NOTIFICATION)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    send_at = models.DateTimeField()
    give_up_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lost_answers = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    internet_message_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    secret = models.BinaryField(null=True, blank=True)
    carried_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="carried", db_index=False
    )

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "recipient", "channel"],
                condition=Q(event__isnull=False),
                name="one_delivery_per_event_recipient_channel",
            ),
            models.UniqueConstraint(
                fields=["event", "address", "channel"],
                condition=Q(event__isnull=False, recipient__isnull=True),
                name="one_delivery_per_event_address_channel",
            ),
            models.CheckConstraint(
                condition=Q(secret=None) | Q(ended_at=None), name="no_secret_outlives_its_delivery"
            ),
        ]
        indexes = [
            models.Index(
                fields=["rank", "send_at"],
                name="delivery_to_send",
                condition=Q(ended_at=None, state__in=["queued", "retrying", "uncertain"]),
            ),
            models.Index(fields=["claimed_until"], name="delivery_in_flight", condition=Q(state="in_flight")),
            models.Index(
                fields=["first_tried_at"], name="delivery_under_way", condition=Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=["-id"],
                name="delivery_in_trouble",
                condition=Q(state__in=["failed", "uncertain"], dismissed_at=None),
            ),
            models.Index(fields=["address", "created_at"], name="delivery_by_address"),
            models.Index(
                fields=["carried_by"], name="delivery_carried", condition=Q(carried_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} #{self.pk}: {self.state}"


class SentMail(models.Model):
    """A mail as it was written, kept instead of sent where no mail server is configured (`/mailbox/`)."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="copies")
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.CharField(max_length=254)
    subject = models.CharField(max_length=998, blank=True)
    raw = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="sent_mail_newest")]

    def __str__(self) -> str:
        return self.subject
