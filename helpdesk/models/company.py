"""The company as its customers meet it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tickets.models import Blob, Team


class Company(models.Model):
    """The one company that this installation works for (the row with primary key 1)."""

    name = models.CharField(max_length=100, default="Support")
    logo = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")
    logo_type = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    default_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class SupportAddress(models.Model):
    """An e-mail address of ours; mail to it goes to its team, the team's mail comes from it."""

    address = models.EmailField(max_length=254, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="addresses")
    name = models.CharField(max_length=100, blank=True)
    signature = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return self.address


class SavedReply(models.Model):
    """A text that agents insert; for one team, or (without one) for all."""

    title = models.CharField(max_length=100)
    text = models.TextField()
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="saved_replies")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title
