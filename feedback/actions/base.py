"""What the actions on surveys share."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from feedback.models import Survey
from tickets.events import record
from tickets.models import Message, Speaker, Ticket, User

Held = TypeVar("Held", bound=Model)


def hold(rows: QuerySet[Held], row: Any) -> tuple[Held, User] | None:
    """A row that goes to a `person` about a `ticket` (a survey, a follow-up) as it is now, read by `rows`;
    its ticket (or itself, without one) and its person locked. None while somebody else has it.

    Two rows of one person are decided one after the other, or both would be sent.
    """
    holder = Ticket if row.ticket_id else rows.model
    free = holder._default_manager.select_for_update(skip_locked=True)
    if not free.filter(pk=row.ticket_id or row.pk).exists():
        return None
    fresh: Any = rows.get(pk=row.pk)
    return fresh, User.objects.select_for_update(no_key=True).get(pk=fresh.person_id)


def kept_from(ticket: Ticket | None, person: User) -> str:
    """Why a person gets no mail of ours by itself about a ticket (one of `Survey.Reason`); ""."""
    if ticket is not None and ticket.spam_at is not None:
        return Survey.Reason.SPAM
    if ticket is not None and ticket.merged_into_id is not None:
        return Survey.Reason.MERGED
    if person.is_member:
        return Survey.Reason.INTERNAL
    return "" if is_reachable(person) else Survey.Reason.NO_ADDRESS


def is_robots(ticket: Ticket) -> bool:
    """Opened by automatic mail, and no person has spoken since."""
    if ticket.spoke_first != Speaker.CUSTOMER:
        return False
    return not Message.objects.filter(ticket=ticket, by=Speaker.CUSTOMER, automatic=False).exists()


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
