"""Periodic work on tickets. Run late, twice or at once: same result."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from tickets import actions, jobs, queries
from tickets.handover import hand_over

BATCH = 200


@shared_task(name="tickets.close_resolved")
def close_resolved() -> int:
    """Close tickets that stayed resolved for their team's number of days. Returns how many.

    Each is asked again under its lock: one that was reopened a moment ago stays open.
    """
    now, closed = timezone.now(), 0
    for pk in list(queries.due_to_close(now).values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            locked = queries.due_to_close(now).select_for_update(of=("self",), skip_locked=True)
            if ticket := locked.filter(pk=pk).first():
                actions.close(ticket, by=None)
                closed += 1
    return closed


@shared_task(name="tickets.run_job")
def run_job(pk: int) -> None:
    """Work on a job for one turn, and hand it on if there is more to do."""
    if jobs.run(pk):
        hand_over("tickets.run_job", pk)


@shared_task(name="tickets.sweep_jobs")
def sweep_jobs() -> int:
    """Hand over again the jobs that nobody is at. Returns how many."""
    pks = jobs.left_behind()
    for pk in pks:
        hand_over("tickets.run_job", pk)
    return len(pks)
