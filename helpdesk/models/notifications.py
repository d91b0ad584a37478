"""News for those who work here, as the app shows them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tickets.models import Event, Ticket, User


class Notification(models.Model):
    """One event told to one member of the staff in the app; `kind` is one of `helpdesk.wishes.WISHES`.

    `told_at` is when the event was written down, `read_at` when the person opened the ticket, acted on it or
    marked it as read.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="notifications", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="notifications")
    event = models.ForeignKey(Event, models.PROTECT, related_name="notifications", db_index=False)
    kind = models.CharField(max_length=40)
    told_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "person"], name="one_notification_per_event_and_person"),
        ]
        indexes = [
            models.Index(
                fields=["person", "ticket"], name="notification_unread", condition=Q(read_at__isnull=True)
            ),
            models.Index(fields=["person", "ticket", "id"], name="notification_of_person"),
            models.Index(fields=["told_at"], name="notification_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of #{self.ticket_id} to {self.person_id}"
