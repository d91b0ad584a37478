"""Words that are not said yet: kept on the server while they are written, or until their time comes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.people import User
from tickets.models.ticket import Blob, Ticket


class DraftKind(models.TextChoices):
    REPLY = "reply", _("Reply")
    NOTE = "note", _("Note")


class Draft(models.Model):
    """What one member writes on one ticket: a reply or a note, seen by nobody else.

    `version` counts the savings of its words (0 while it has only files); who saves names the version they
    saw, so that two tabs never overwrite each other. A reply with `send_at` is said at that instant (its
    `said_at` is the moment of release). When the customer writes first, the ticket is merged, its
    requester is another or nobody may say it any more, `send_at` is emptied, `cancelled_at` and `why_not`
    tell the author, and the words stay. `then` is the status to go on to.
    """

    class WhyNot(models.TextChoices):
        """Why a reply that waited for its time was not sent."""

        CUSTOMER_WROTE = "customer_wrote", _("The customer wrote first")
        NOT_ALLOWED = "not_allowed", _("You could no longer write on this ticket")
        MERGED = "merged", _("The ticket was merged into another one")
        SPAM = "spam", _("The ticket was closed as spam")
        DELETED = "deleted", _("The ticket was deleted")
        REQUESTER = "requester", _("The ticket got another requester")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=5, choices=DraftKind)
    text = models.TextField(blank=True)
    then = models.CharField(max_length=10, blank=True)
    version = models.PositiveIntegerField(default=1)
    send_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    why_not = models.CharField(max_length=20, choices=WhyNot, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "author", "kind"], name="one_draft_of_a_kind"),
            models.CheckConstraint(
                condition=Q(send_at=None) | Q(kind=DraftKind.REPLY, cancelled_at=None),
                name="only_a_reply_waits_for_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["send_at"], name="draft_to_release", condition=Q(send_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.ticket_id}, version {self.version}"


class DraftFile(models.Model):
    """A file that goes with a draft."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="draft_files")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
