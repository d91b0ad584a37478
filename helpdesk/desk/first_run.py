"""What a new installation still needs before the first ticket comes in, for who may set it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk.context import path_of
from helpdesk.models import MailSource, SupportAddress
from sla.models import Calendar
from tickets import access


@dataclass(frozen=True)
class Step:
    """One thing to set up, and whether it is done. `is_next` is the one that the page is for."""

    title: str
    words: str
    path: str
    button: str
    is_done: bool
    is_next: bool = False


def steps(user: Any) -> list[Step]:
    """Hours, mailbox, team; nothing for who may not set up. Four queries."""
    if not access.is_administrator(user) or not path_of("setup:sources_new"):
        return []
    found = [_hours(), _mailbox(), _team(user)]
    first = next((step for step in found if not step.is_done), None)
    return [Step(**(vars(step) | {"is_next": step is first})) for step in found]


def _hours() -> Step:
    calendar = Calendar.objects.filter(is_default=True).first()
    words = _("Set when promises count.")
    if calendar:
        words = _("“%(name)s” holds. Change it when you like.") % {"name": calendar}
    return Step(_("Working hours"), words, path_of("setup:hours"), _("Review"), calendar is not None)


def _mailbox() -> Step:
    address = SupportAddress.objects.filter(is_active=True).first()
    words = _("Mail to your address becomes tickets.")
    if address:
        words = _("Mail to %(address)s becomes tickets.") % {"address": address.address}
    is_done = MailSource.objects.filter(is_active=True).exists()
    path = path_of("setup:sources") if is_done else path_of("setup:sources_new")
    return Step(
        _("Connect a mailbox"), words, path, _("Review") if is_done else _("Connect a mailbox"), is_done
    )


def _team(user: Any) -> Step:
    many = access.members_visible_to(user).count()
    words = _("Only you can sign in so far.")
    if many > 1:
        words = ngettext("%(number)s person can sign in.", "%(number)s people can sign in.", many)
        words %= {"number": many}
    return Step(_("Invite your team"), words, path_of("setup:people_invite"), _("Invite people"), many > 1)
