"""Links to files that are too large for a mail: one for each file and recipient, which ends by itself.

The token stands in the mail and is stored hashed, in a table of its own, so that it opens this one file and
nothing else. Each request asks again whether the link lives, its person is active and still gets what is said
on the ticket, and customers may read the message.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from helpdesk.models import FileLink
from tickets import access
from tickets.actions.base import demand_work
from tickets.events import record
from tickets.models import Attachment, Follower, Message, Ticket, User

_PURPOSE = b"helpdesk file link:"


def digest(token: str) -> str:
    """What is stored instead of a token; the purpose is part of it."""
    return hashlib.sha256(_PURPOSE + token.encode()).hexdigest()


def make_link(file: Attachment, person: User) -> tuple[str, datetime]:
    """A new address by which `person` fetches the file, shown nowhere again; and when it ends."""
    token = secrets.token_urlsafe(32)
    ends_at = timezone.now() + settings.FILE_LINK_LASTS
    FileLink.objects.create(attachment=file, person=person, token_hash=digest(token), expires_at=ends_at)
    return settings.PUBLIC_URL + reverse("portal:file", args=[token]), ends_at


def find(token: str) -> FileLink | None:
    """The living link of a token, with its file; None for whatever opens nothing."""
    told = Message.objects.filter(access.public_now())
    found = living().filter(token_hash=digest(token), attachment__message__in=told)
    return found.select_related("attachment__blob").defer("attachment__blob__data").first()


def living() -> QuerySet[FileLink]:
    ticket = "attachment__message__ticket"
    in_copy = Follower.objects.filter(
        ticket=OuterRef(ticket), person=OuterRef("person"), state=Follower.State.ACCEPTED
    )
    return FileLink.objects.filter(
        Q(person=F(f"{ticket}__requester")) | Exists(in_copy),
        revoked_at=None,
        expires_at__gt=timezone.now(),
        person__is_active=True,
        **{f"{ticket}__deleted_at": None},
    )


def living_of(ticket: Ticket) -> QuerySet[FileLink]:
    """The links to files of a ticket that still open something."""
    return living().filter(attachment__message__ticket=ticket)


def revoke(message: Message, *, by: User) -> int:
    """End every link to the files of a message, at once. Returns how many there were. Raises NotAllowed."""
    with transaction.atomic():
        ticket = Ticket.with_deleted.select_for_update().get(pk=message.ticket_id)
        demand_work(by, ticket)
        ended = living().filter(attachment__message=message).update(revoked_at=timezone.now())
        if ended:
            data = {"message": message.pk}
            record("message.links_revoked", ticket=ticket, subject=message, by=by, data=data)
        return ended


def forget_ended() -> int:
    """Delete the links that have ended. Returns how many."""
    now = timezone.now()
    return FileLink.objects.filter(Q(revoked_at__lt=now) | Q(expires_at__lt=now)).delete()[0]
