"""Long work: asking for it, stopping it, trying it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tickets import access
from tickets.actions.base import NotAllowed
from tickets.events import record
from tickets.handover import hand_over
from tickets.jobs import end
from tickets.models import Job, JobState, User


def ask_job(
    kind: str, *, by: User | None, arguments: Mapping[str, Any] | None = None, now: bool = False
) -> Job:
    """Let the workers do something long. Whether `by` may have it done is the caller's question.

    `now` leaves it to the caller to `tickets.jobs.run` it after the commit; the sweep finds it if that fails.
    Raises ValueError for a kind that `settings.JOB_KINDS` does not name.
    """
    if kind not in settings.JOB_KINDS:
        raise ValueError(f"unknown kind of job {kind!r}: add it to settings.JOB_KINDS")
    with transaction.atomic():
        job = Job.objects.create(kind=kind, asked_by=by, arguments=dict(arguments or {}))
        record("job.asked", subject=job, by=by, data={"job": job.pk, "kind": kind})
        if not now:
            hand_over("tickets.run_job", job.pk)
        return job


def cancel_job(job: Job, *, by: User | None) -> Job:
    """Stop a job between two slices; what it did already stays. One that is finished stays as it is."""
    _demand(job, by)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if not job.is_finished:
            end(job, JobState.CANCELLED)
            record("job.cancelled", subject=job, by=by, data={"job": job.pk, "kind": job.kind})
        return job


def retry_job(job: Job, *, by: User | None) -> Job:
    """Take a failed or cancelled job up again from where it stopped."""
    _demand(job, by)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            job.state, job.fault, job.tries, job.finished_at = JobState.WAITING, "", 0, None
            job.save()
            record("job.retried", subject=job, by=by, data={"job": job.pk, "kind": job.kind})
            hand_over("tickets.run_job", job.pk)
        return job


def _demand(job: Job, by: User | None) -> None:
    if by is not None and not access.can_administer(by) and by.pk != job.asked_by_id:
        raise NotAllowed(_("Only administrators and the person who asked for it may change this."))
