"""How much is open: numbers that the database keeps by itself, so that no page counts tickets."""

from django.db import models

from tickets.models.people import Team, User
from tickets.models.ticket import Status


class OpenTally(models.Model):
    """How many unresolved tickets a team and an owner have in a status, put off or not: the sum over the rows
    of one kind.

    Triggers of the ticket table add a row for every change, in the same transaction (so a sum is never older
    or newer than the tickets), and none of them waits for another. `tickets.add_up` makes one of many.
    """

    team = models.ForeignKey(Team, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    assignee = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status)
    is_snoozed = models.BooleanField()
    number = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.number:+} {self.status}"
