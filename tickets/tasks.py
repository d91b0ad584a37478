"""Periodic work on tickets. Run late, twice or at once: same result."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import DatabaseError, transaction
from django.utils import timezone

from tickets import actions, jobs, queries
from tickets.actions import counting
from tickets.handover import hand_over

logger = logging.getLogger(__name__)

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


@shared_task(name="tickets.release_drafts")
def release_drafts() -> int:
    """Say the replies whose time has come. Returns how many were said."""
    released = 0
    for pk in list(queries.drafts_to_release()[:BATCH]):
        try:
            released += actions.release_draft(pk) is not None
        except DatabaseError:
            raise
        except Exception:  # one that cannot be said holds up no other
            logger.exception("draft %s could not be said", pk)
    return released


@shared_task(name="tickets.wake_snoozed")
def wake_snoozed() -> int:
    """Bring back the tickets whose time has come. Returns how many."""
    return sum(actions.wake(pk) is not None for pk in list(queries.snoozes_to_end()[:BATCH]))


@shared_task(name="tickets.purge_deleted")
def purge_deleted() -> int:
    """Erase the tickets that were deleted long enough ago, some at a time. Returns how many."""
    due = queries.due_to_purge(timezone.now()).values_list("pk", flat=True)
    return sum(actions.purge(pk) for pk in list(due[:BATCH]))


@shared_task(name="tickets.add_up")
def add_up() -> int:
    """Add up the numbers of open tickets that changes left as rows. Returns how many rows fewer there are."""
    return counting.add_up()


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
