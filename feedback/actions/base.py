"""What the actions on surveys share."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal

from feedback.models import Survey
from tickets.events import record
from tickets.models import User


def is_reachable(person: User) -> bool:
    """Mail reaches the person: there is an address, and it is not known to fail."""
    return bool(person.email and person.is_active and person.undeliverable_at is None)


def has_declined(person: User) -> bool:
    """The person wants no surveys any more."""
    return person.preferences.get("surveys") is False


def chance(*of: int) -> float:
    """A number from 0 to below 1 that is always the same for the same ids, and evenly spread over them: what
    is decided by it needs no memory, and is decided alike when it is done twice."""
    digest = hashlib.sha256(":".join(map(str, of)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def is_drawn(probability: Decimal, *of: int) -> bool:
    """Whether these ids belong to the sample."""
    return chance(*of) < probability


def tell(kind: str, survey: Survey, *, at: datetime) -> None:
    record(kind, ticket=survey.ticket, subject=survey, at=at, data={"survey": survey.pk})


def give_up(survey: Survey, state: str, reason: str, at: datetime) -> Survey:
    """Nobody is asked, or no longer. The ticket's lock (or the survey's own) is held."""
    survey.state, survey.reason, survey.remind_at = state, reason, None
    survey.save(update_fields=["state", "reason", "remind_at"])
    data = {"survey": survey.pk, "reason": str(reason)}
    record("survey.cancelled", ticket=survey.ticket, subject=survey, at=at, data=data)
    return survey
