"""Who may see and handle recovery cases. What a ticket shows of a survey is not asked here."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from feedback.models import Recovery, Survey
from tickets import access
from tickets.models import Ticket, User


def cases_visible_to(user: Any) -> QuerySet[Recovery]:
    """Supervisors and administrators see all cases, agents those that they own and whose ticket they work
    on. None about deleted tickets."""
    cases = Recovery.objects.filter(ticket__deleted_at=None)
    if access.is_overseer(user):
        return cases
    if not access.is_member(user):
        return cases.none()
    return cases.filter(owner=user.pk, ticket__in=access.worked_by(user)).exclude(rated=user.pk)


def can_handle_case(user: Any, case: Recovery) -> bool:
    """May contact the customer about it and say how it ended: who sees it, but never who was rated."""
    return case.rated_id != user.pk and cases_visible_to(user).filter(pk=case.pk).exists()


def can_assign_case(user: Any, case: Recovery) -> bool:
    """May say who owns it: supervisors and administrators."""
    return access.is_overseer(user)


def can_own_case(person: User, case: Recovery) -> bool:
    """May own it: who may work on its ticket, except whom the score counts for."""
    return person.pk != case.rated_id and access.can_be_assigned(person, case.ticket)


def owners_for(case: Recovery) -> QuerySet[User]:
    """Everybody for whom `can_own_case` holds, in order of name."""
    return access.assignable_to(case.ticket).exclude(pk=case.rated_id or 0)


def can_open_case(user: Any, survey: Survey, ticket: Ticket | None) -> bool:
    """May open a case by hand about an answer: supervisors and administrators."""
    return access.is_overseer(user) and ticket is not None and survey.after_case_id is None
