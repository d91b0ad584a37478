"""Words that administrators chose for our notifications."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from tickets.models import User


class Wording(models.Model):
    """One version of the words of one notification in one language; the latest is in force.

    Never edited: a change is a new version, going back to our own words one with `is_reset`.
    """

    key = models.CharField(max_length=50)
    language = models.CharField(max_length=10)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    is_reset = models.BooleanField(default=False)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "language", "version"], name="one_wording_a_version"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.language} {self.version}"
