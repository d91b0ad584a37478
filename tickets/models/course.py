"""What a ticket's events add up to, once it was settled."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from tickets.models.ticket import Ticket


class Course(models.Model):
    """How a ticket that was resolved or closed went, so that reports need not read its events again.

    `replies` are the public answers of people on our side that were not taken back, `owners` the times that
    somebody got it, `moves` the changes of team, `reopened` how often it came back; `in_…` is how long it
    stood in each status. A trigger of the event table (`tickets_course_renew`) adds the events up anew when
    one of them comes; events are never changed, so it is always what they say.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="course")
    replies = models.IntegerField()
    owners = models.IntegerField()
    moves = models.IntegerField()
    reopened = models.IntegerField()
    in_new = models.DurationField(default=timedelta)
    in_open = models.DurationField(default=timedelta)
    in_waiting = models.DurationField(default=timedelta)
    in_on_hold = models.DurationField(default=timedelta)

    def __str__(self) -> str:
        return f"#{self.ticket_id}: {self.replies} replies"
