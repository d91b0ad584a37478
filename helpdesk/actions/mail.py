"""What an administrator does about mail that got stuck."""

from __future__ import annotations

from django.utils.translation import gettext as _

from helpdesk.models import InboundEmail
from tickets import access
from tickets.actions import NotAllowed
from tickets.handover import hand_over
from tickets.models import User


def read_again(row: InboundEmail, *, by: User | None) -> InboundEmail:
    """Put a mail that could not be read back in line, its tries counted anew.

    A mail that has become a message meanwhile is left alone."""
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators may do this."))
    state = InboundEmail.State
    stuck = InboundEmail.objects.filter(pk=row.pk, state=state.QUARANTINED, message=None)
    if stuck.update(state=state.WAITING, attempts=0, claimed_until=None, processed_at=None):
        hand_over("mail.process", row.pk)
    return InboundEmail.objects.defer("raw").get(pk=row.pk)
