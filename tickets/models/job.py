"""Long work that somebody asked for: how far it is, what came of it, and why it failed."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.people import User


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


UNFINISHED = (JobState.WAITING, JobState.RUNNING)


class Job(models.Model):
    """One piece of work that takes longer than a page may, done in slices by the workers (`tickets.jobs`).

    `kind` names its function in `settings.JOB_KINDS`; `arguments` hold ids, enumerations, numbers, instants
    and drafts of set-up, never anybody's words. `cursor` and `memory` are what the next slice goes on from,
    written in the same transaction as the slice itself, so that a worker that dies loses at most one slice.
    `done` of `total` is the progress (`total` None while it is unknown). Whoever works on it holds `claim`
    until `claimed_until`; `tries` counts claims since the last finished slice.
    """

    kind = models.CharField(max_length=40)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    arguments = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    cursor = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    memory = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    fault = models.CharField(max_length=500, blank=True)
    claim = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="job_unfinished", condition=Q(state__in=UNFINISHED)),
            models.Index(fields=["-id"], name="job_failed", condition=Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def percent(self) -> int | None:
        """Whole per cent done, never 100 before the end; None while the size is unknown."""
        if self.state == JobState.DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else None
