"""People whom an administrator waits for. The first invitation is mailed by what hears of it (notify)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.accounts import invitations
from tickets import access
from tickets.actions import NotAllowed
from tickets.models import User


def invite_again(person: User, *, by: User | None) -> None:
    """Mail another link to somebody who was invited and has not joined yet."""
    if by is not None and not access.can_administer(by):
        raise NotAllowed(_("Only administrators invite people."))
    if not (person.is_member and person.is_active and person.email):
        raise NotAllowed(_("Only an active member with an address can be invited again."))
    if person.last_login is not None:
        raise NotAllowed(_("%(name)s has joined already.") % {"name": person})
    with transaction.atomic():
        invitations.mail_invitation(person)
