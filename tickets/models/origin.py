"""Where an imported row came from."""

from __future__ import annotations

from django.db import models


class Origin(models.Model):
    """One row of ours that was imported, and what its source called it: so nothing is imported twice."""

    class Kind(models.TextChoices):
        TICKET = "ticket"
        PERSON = "person"
        TEAM = "team"

    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=120)
    object_id = models.BigIntegerField()
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "key"], name="origin_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.key}"
