"""What workers do for the distribution of work. Run late, twice or at once: same result."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from duty import actions, queries
from tickets.handover import hand_over

LEFT_BEHIND = timedelta(seconds=15)
"""What nobody shared out for so long was lost by the hand-over."""


@shared_task(name="duty.share_out")
def share_out(pk: int) -> bool:
    """Give a ticket that came into a team to whoever is next. False where nobody got it."""
    return actions.share_out(pk) is not None


@shared_task(name="duty.sweep_arrivals")
def sweep_arrivals() -> int:
    """Hand over again what a lost hand-over left lying, and what waits since nobody was there as far as
    somebody is now. Returns how many."""
    lost = queries.left_behind(timezone.now() - LEFT_BEHIND) + actions.share_out_left()
    for pk in lost:
        hand_over("duty.share_out", pk)
    return len(lost)
