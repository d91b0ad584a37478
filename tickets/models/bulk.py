"""Several tickets changed at once: what became of each, so that the change can be told and taken back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.job import Job
from tickets.models.ticket import Ticket


class BulkOutcome(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    CHANGED = "changed", _("Changed")
    SAME = "same", _("Was so already")
    SKIPPED = "skipped", _("Skipped")
    PUT_BACK = "put_back", _("Put back")
    LEFT = "left", _("Left as it is")


class BulkWhy(models.TextChoices):
    """Why a ticket was skipped, or left as it is by the Undo."""

    NOT_ALLOWED = "not_allowed", _("not allowed")
    SETTLED = "settled", _("resolved already")
    NOT_IN_TEAM = "not_in_team", _("the person does not work on its team")
    TIME_OVER = "time_over", _("the time is over")
    CHANGED_SINCE = "changed_since", _("changed again since")


class BulkTicket(models.Model):
    """One ticket of a `tickets.bulk` job.

    `old` is what stood there before (ids, enumerations, instants), `seq` the ticket's last event when the
    change was done: what happened to the same property after it was somebody else, and stays.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="tickets")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=10, choices=BulkOutcome, default=BulkOutcome.WAITING)
    why = models.CharField(max_length=20, choices=BulkWhy, blank=True)
    old = models.JSONField(default=dict)
    seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "ticket"], name="a_bulk_change_touches_a_ticket_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} in {self.job_id}: {self.outcome}"
