"""Filters under a name: a view of the queue that somebody made, for themselves or for others too."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.people import Team, User


class SavedView(models.Model):
    """What `text` finds (`tickets.searching`), read anew for each reader: “me” is whoever looks, and nobody
    sees a ticket by it that they may not work on. `sort` is the order until the reader chooses another."""

    class Shared(models.TextChoices):
        MINE = "mine", _("Only me")
        TEAM = "team", _("A team")
        ALL = "all", _("Everybody who works here")

    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    text = models.CharField(max_length=400)
    shared = models.CharField(max_length=4, choices=Shared, default=Shared.MINE)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    sort = models.CharField(max_length=10, default="due")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_saved_view_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
