"""What happened: the append-only record from which clocks, surveys, mail and reports are made."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from tickets.models.people import User
from tickets.models.ticket import Ticket


class Event(models.Model):
    """One thing that happened to a ticket, or (without one) to the set-up. Never edited: a trigger refuses.

    `at` is when it happened, `recorded_at` when the row was written; both UTC. `seq` numbers a ticket's
    events
    from 1 without gaps, given under the ticket's row lock. `data` holds ids, enumerations, numbers and
    instants only (`tickets.events.KINDS` lists the keys), so that erasing a person never touches an event.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="events")
    seq = models.PositiveIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="acts")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "seq"], name="one_event_per_ticket_and_seq"),
            models.CheckConstraint(
                condition=models.Q(ticket__isnull=True, seq__isnull=True)
                | models.Q(ticket__isnull=False, seq__isnull=False),
                name="seq_goes_with_ticket",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "at"], name="event_by_kind"),
            models.Index(fields=["subject_kind", "subject_id"], name="event_by_subject"),
            # Reports of a year read every resolution, but nothing else of it: this index alone.
            models.Index(
                fields=["at"],
                include=["ticket", "id"],
                name="event_resolved",
                condition=models.Q(kind="ticket.resolved"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.data}"
