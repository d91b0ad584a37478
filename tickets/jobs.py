"""Long work in slices: who does it, how it survives a killed worker, how it is stopped.

A kind of work is one function, named in `settings.JOB_KINDS`. It gets the `Job` row under its lock, in a
transaction, does one slice of about a second, moves `cursor`, `memory`, `done` and `total`, and returns
None, or the result (a dict) when nothing is left. The slice and the note of how far it came commit
together: a killed worker's slice never happened, and the next worker goes on from the last one. Cancelling
takes the same lock, so it falls between two slices.

A worker claims a job by compare-and-set for a short lease, works on it for a turn, and hands it on, so that
no job keeps sweeps and mail from a worker. A lease that ran out is found by `sweep`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from tickets.events import record
from tickets.models import UNFINISHED, Job, JobState

logger = logging.getLogger(__name__)

Slice = Callable[[Job], dict[str, Any] | None]

LEASE = timedelta(seconds=30)
"""How long a claim holds after the last slice; while a slice runs, the row's lock holds it."""
TURN_SECONDS = 5.0
"""How long a worker stays with one job before mail, sweeps and other jobs may have their turn."""
TRIES = 5
"""A job that was claimed so often without finishing a slice is given up."""
FORGOTTEN = timedelta(seconds=10)
"""A job that waits so long was lost by the hand-over."""
KEPT = timedelta(days=180)
"""How long a finished job and its result are kept."""


def slice_of(kind: str) -> Slice:
    """The function that does a kind's slices. Raises KeyError for a kind that is not in `JOB_KINDS`."""
    function: Slice = import_string(settings.JOB_KINDS[kind])
    return function


def run(pk: int) -> bool:
    """Work on a job for one turn. True if there is more to do (the caller hands it over again)."""
    claim = _claim(pk)
    if claim is None:
        return False
    turn_ends = time.monotonic() + TURN_SECONDS
    try:
        while _do_slice(pk, claim):
            if time.monotonic() >= turn_ends:
                return _release(pk, claim)
    except (OperationalError, InterfaceError):
        # The database went away or broke a deadlock: nothing of the slice happened, the sweep tries it again.
        logger.warning("job %s was cut off", pk, exc_info=True)
    except Exception as error:
        logger.exception("job %s failed", pk)
        _fail(pk, claim, error)
    return False


def _claim(pk: int) -> int | None:
    """Take the job for a lease: the number of the claim, or None if it is not to be had."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    with transaction.atomic():
        jobs = Job.objects.select_for_update(skip_locked=True)
        job = jobs.filter(free, pk=pk, state__in=UNFINISHED).first()
        if job is None:
            return None
        if job.tries >= TRIES:
            fault = _("Cut off %(number)d times at the same place. Try again when the workers run.")
            end(job, JobState.FAILED, fault=fault % {"number": TRIES})
            return None
        job.state, job.claim, job.tries = JobState.RUNNING, job.claim + 1, job.tries + 1
        job.started_at = job.started_at or timezone.now()
        job.claimed_until = Now() + LEASE
        job.save()
        return job.claim


def _do_slice(pk: int, claim: int) -> bool:
    """One slice. False when the job is done, or no longer ours (cancelled, or another's after our lease)."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=pk, claim=claim, state=JobState.RUNNING).first()
        if job is None:
            return False
        result = slice_of(job.kind)(job)
        if result is not None:
            end(job, JobState.DONE, result=result)
            return False
        job.tries, job.claimed_until = 0, Now() + LEASE
        job.save(update_fields=["cursor", "memory", "done", "total", "tries", "claimed_until"])
        return True


def _release(pk: int, claim: int) -> bool:
    """Give the job back for its next turn. False if it is no longer ours."""
    ours = Job.objects.filter(pk=pk, claim=claim, state=JobState.RUNNING)
    return bool(ours.update(claimed_until=None))


def _fail(pk: int, claim: int, error: Exception) -> None:
    fault = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=pk, claim=claim, state=JobState.RUNNING).first()
        if job is not None:
            end(job, JobState.FAILED, fault=fault)


def end(job: Job, state: JobState, *, result: dict[str, Any] | None = None, fault: str = "") -> None:
    """The end of a job, in the caller's transaction and under its lock; what it remembered is let go."""
    job.state, job.result, job.fault, job.claimed_until = state, result, fault[:500], None
    job.finished_at = timezone.now()
    if state == JobState.DONE:
        job.memory, job.done = {}, job.total or job.done
    job.save()
    if state == JobState.DONE:
        record("job.done", subject=job, data={"job": job.pk, "kind": job.kind})
    elif state == JobState.FAILED:
        record("job.failed", subject=job, data={"job": job.pk, "kind": job.kind})


def left_behind() -> list[int]:
    """Jobs that nobody is at although they are not finished, oldest first; what was kept long enough goes."""
    Job.objects.filter(finished_at__lt=Now() - KEPT).exclude(state__in=UNFINISHED).delete()
    lost = Q(claimed_until__lt=Now()) | Q(claimed_until=None, created_at__lt=Now() - FORGOTTEN)
    jobs = Job.objects.filter(lost, state__in=UNFINISHED).order_by("created_at", "pk")
    return list(jobs.values_list("pk", flat=True)[:100])
