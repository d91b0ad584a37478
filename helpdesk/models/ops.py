"""Rows by which the running system watches and repeats itself safely."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """When a part (`worker`, `beat`, `smtp`) last said that it lives."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()


class OnceKey(models.Model):
    """A request that may be repeated: its key, and the answer that every repetition gets
    (`helpdesk.once`)."""

    owner = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_run_per_key")]
        indexes = [models.Index(fields=["created_at"], name="once_key_by_age")]


class Tally(models.Model):
    """How often something was tried since the instant `since` (`helpdesk.limits`); `key` is a SHA-256. The
    table is unlogged: counting costs no disk flush, and a crash of the database merely forgets the counts."""

    key = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()
