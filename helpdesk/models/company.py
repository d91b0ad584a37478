"""The company as its customers meet it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models import Blob, Team


class Company(models.Model):
    """The one company that this installation works for (the row with primary key 1). `accent` is its colour
    as #rrggbb, `footer` lines such as an imprint: below its pages and its mails."""

    name = models.CharField(max_length=100, default="Support")
    logo = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")
    logo_type = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=12, default="en")
    accent = models.CharField(max_length=7, blank=True, default="", db_default="")
    footer = models.TextField(blank=True, default="", db_default="")
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


class TeamLook(models.Model):
    """How a team's mails to customers look. `sender` is the address they come from, where the team has
    several; `accent` a colour as #rrggbb, `footer` lines such as an imprint."""

    class Logo(models.TextChoices):
        NONE = "none", pgettext_lazy("logo", "None")
        COMPANY = "company", _("The company’s")
        OWN = "own", _("The team’s own")

    team = models.OneToOneField(Team, models.CASCADE, related_name="look")
    sender = models.ForeignKey(SupportAddress, models.SET_NULL, null=True, blank=True, related_name="+")
    accent = models.CharField(max_length=7, blank=True)
    footer = models.TextField(blank=True)
    logo_choice = models.CharField(max_length=10, choices=Logo, default=Logo.NONE)
    logo = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")


class SavedReply(models.Model):
    """A text that agents insert; for one team, or (without one) for all. `folder` groups them, `uses` counts
    the insertions."""

    title = models.CharField(max_length=100)
    folder = models.CharField(max_length=60, blank=True, default="", db_default="")
    text = models.TextField()
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="saved_replies")
    uses = models.PositiveIntegerField(default=0, db_default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title
