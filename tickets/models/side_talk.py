"""A side conversation: words with somebody outside about a ticket, of which its customer sees nothing."""

from __future__ import annotations

from django.db import models

from tickets.models.people import User
from tickets.models.ticket import Ticket


class SideTalk(models.Model):
    """What members write about a ticket to one address outside (a supplier, a colleague), and its answers.

    Its messages are never public, which the database holds. Nothing in it moves a clock or the ticket's
    status.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="side_talks")
    address = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=500)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="side_talks", db_index=False)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name or self.address

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
