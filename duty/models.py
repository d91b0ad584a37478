"""Who is there, how much each takes, and how a team's new tickets find their owners."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from sla.models import Calendar
from tickets.models import Event, Team, Ticket, User


class Duty(models.Model):
    """How one person works. Who has no row is there, without limit, in their teams' hours.

    `away_since` is when they went away (None: they are there), `away_until` when they come back by
    themselves (None: when they say so). `limit` is how many unresolved tickets they are given at most.
    `calendar` holds their own working hours; without one those of the team count.
    """

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="duty")
    away_since = models.DateTimeField(null=True, blank=True)
    away_until = models.DateTimeField(null=True, blank=True)
    limit = models.PositiveSmallIntegerField(null=True, blank=True)
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"duty of {self.person_id}"

    def is_away(self, at: datetime) -> bool:
        """Whether the person is away at `at`: they said so, and the time that they named is still to come."""
        return self.away_since is not None and (self.away_until is None or at < self.away_until)


class Sharing(models.Model):
    """How a team's tickets find their owners. A team without a row gives them out by hand.

    `calendar` holds the hours in which its people work, where they have none of their own; without one they
    work at any hour.
    """

    class Mode(models.TextChoices):
        BY_HAND = "by_hand", _("By hand")
        IN_TURN = "in_turn", _("In turn")
        BY_LOAD = "by_load", _("By load")

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="sharing")
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.BY_HAND)
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"team {self.team_id}: {self.mode}"


class Turn(models.Model):
    """When a person was last given a ticket of a team by the sharing: the number of that event.

    Follows from the events (`ticket.assigned` with a reason) and can be made again from them.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="turns")
    person = models.ForeignKey(User, models.CASCADE, related_name="turns")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "person"], name="one_turn_in_a_team")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.team_id}: {self.event_id}"


class Arrival(models.Model):
    """A ticket that came into a team without an owner and is still to be shared out; gone when that is
    done. `left_at`: since when it waits in the queue because nobody was there, or everybody had enough."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+", db_index=False)
    event = models.OneToOneField(Event, models.PROTECT, related_name="+")
    arrived_at = models.DateTimeField(db_index=True)
    left_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"#{self.ticket_id} in {self.team_id}"
