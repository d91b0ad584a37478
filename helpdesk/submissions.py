"""Forms of senders who are not signed in: held until a link that is mailed to their address confirms them.

Until then there is no ticket, no clock, and nothing that the form said goes anywhere. A link speaks for its
address: it shows everything that waits under it, so that one mail in ten minutes is enough.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk import guests, limits, topics
from helpdesk.models import HeldFile, HeldSubmission, Topic
from helpdesk.outbox import queue_account_mail
from tickets import actions
from tickets.models import Channel, Priority, Team, Ticket, User

CONFIRM_FOR = timedelta(hours=24)
MAIL_LIMITS = ((1, timedelta(minutes=10)), (5, timedelta(days=1)))


def hold(
    email: str,
    *,
    subject: str,
    text: str,
    files: Iterable[actions.NewFile] = (),
    topic: Topic | None = None,
) -> HeldSubmission:
    """Keep a form and mail its sender a link (at most one in ten minutes and five a day to an address)."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        held = HeldSubmission.objects.create(
            email=email.lower(),
            content={"subject": subject, "text": text, "topic": topic.pk if topic else None},
            token_hash=guests.digest(token),
            expires_at=timezone.now() + CONFIRM_FOR,
        )
        HeldFile.objects.bulk_create(
            HeldFile(
                submission=held, name=file.name[:255], content_type=file.content_type[:255], data=file.data
            )
            for file in files
        )
        if _may_mail(held.email):
            link = settings.PUBLIC_URL + reverse("portal:confirm", args=[token])
            words = {"link": link, "hours": str(int(CONFIRM_FOR.total_seconds() // 3600))}
            queue_account_mail(
                held.email, "account.confirm_ticket", words=words, language=get_language() or ""
            )
        return held


def _may_mail(email: str) -> bool:
    return all(
        limits.wait_for("confirmation mail", f"{per} {email}", limit=limit, per=per) is None
        for limit, per in MAIL_LIMITS
    )


def by_token(token: str) -> HeldSubmission | None:
    """The form whose link this is, while the link lives."""
    return HeldSubmission.objects.filter(
        token_hash=guests.digest(token), expires_at__gt=timezone.now()
    ).first()


def waiting_beside(held: HeldSubmission) -> QuerySet[HeldSubmission]:
    """Everything that waits under the same address, this one included, oldest first."""
    return HeldSubmission.objects.filter(
        email=held.email, ticket=None, expires_at__gt=timezone.now()
    ).order_by("created_at", "pk")


def confirm(held: HeldSubmission, chosen: Collection[int], team: Team) -> list[Ticket]:
    """Turn the chosen forms of the link's address into tickets. Safe to repeat: each becomes one ticket.

    Raises NotAllowed when the address belongs to somebody who was deactivated.
    """
    with transaction.atomic():
        rows = list(waiting_beside(held).filter(pk__in=chosen).select_for_update(of=("self",)))
        if not rows:
            return []
        person = actions.prove_address(actions.meet(held.email, language=get_language() or ""))
        return [_open(row, person, team) for row in rows]


def _open(row: HeldSubmission, person: User, team: Team) -> Ticket:
    files = tuple(
        actions.NewFile(name=file.name, data=bytes(file.data), content_type=file.content_type)
        for file in row.files.all()
    )
    said, topic = row.content, topics.chosen(row.content.get("topic"))
    ticket = open_from_form(person, said["subject"], said["text"], files, team, topic)
    row.files.all().delete()
    row.ticket, row.content = ticket, {}
    row.save(update_fields=["ticket", "content"])
    return ticket


def open_from_form(
    person: User,
    subject: str,
    text: str,
    files: tuple[actions.NewFile, ...],
    team: Team,
    topic: Topic | None = None,
) -> Ticket:
    """The ticket that a form of a known sender opens, as its topic says. Raises NotAllowed for somebody who
    was deactivated."""
    if not person.is_active:
        raise actions.NotAllowed(_("Tickets cannot be opened from this address."))
    return actions.open_ticket(
        requester=person,
        subject=subject,
        team=topic.team if topic else team,
        priority=topic.priority if topic else Priority.NORMAL,
        tags=topic.tags if topic else (),
        by=person,
        channel=Channel.PORTAL,
        words=actions.Words(text=text, files=files),
    )


def forget_expired() -> int:
    """Delete the forms that nobody confirmed in time, and the traces of those that became tickets."""
    return HeldSubmission.objects.filter(expires_at__lt=timezone.now()).delete()[0]
