"""Guest links: a right to follow one ticket without an account.

The token stands in a mail and is stored hashed. Its first use puts the right into the browser's session and
leads to an address without it. The right ends 30 days after the ticket was closed, when the link is revoked,
when its person is deactivated or no longer the ticket's requester; each request asks again.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from helpdesk.models import GuestLink
from tickets.models import Ticket, User

AFTER_CLOSING = timedelta(days=30)
LONGEST = timedelta(days=730)
"""No link outlives this, whatever becomes of its ticket."""
_SESSION_KEY = "guest_links"
_MOST_HELD = 50


def digest(token: str) -> str:
    """What is stored instead of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(ticket: Ticket, person: User) -> str:
    """A new address (with scheme and host) by which `person` follows the ticket; shown nowhere again."""
    token = secrets.token_urlsafe(32)
    GuestLink.objects.create(
        ticket=ticket, person=person, token_hash=digest(token), expires_at=timezone.now() + LONGEST
    )
    return settings.PUBLIC_URL + reverse("portal:guest_link", args=[token])


def redeem(request: HttpRequest, token: str) -> Ticket | None:
    """Let this browser follow the link's ticket from now on. None for an unknown or ended token."""
    link = _living().filter(token_hash=digest(token)).select_related("ticket").first()
    if link is None:
        return None
    hold(request, link)
    return link.ticket


def hold(request: HttpRequest, link: GuestLink) -> None:
    """Put the right of `link` into this browser's session."""
    held = [pk for pk in _held(request) if pk != link.pk]
    request.session[_SESSION_KEY] = [*held, link.pk][-_MOST_HELD:]
    _forget(request)


def grant(request: HttpRequest, ticket: Ticket, person: User) -> None:
    """Let this browser follow a ticket that it has just opened."""
    link = GuestLink.objects.create(
        ticket=ticket,
        person=person,
        token_hash=digest(secrets.token_urlsafe(32)),
        expires_at=timezone.now() + LONGEST,
    )
    hold(request, link)


def links_of(request: HttpRequest) -> dict[int, GuestLink]:
    """The living rights of this browser, by ticket number; asked once a request."""
    known: dict[int, GuestLink] | None = getattr(request, "_guest_links", None)
    if known is None:
        held = _held(request)
        rows = _living().filter(pk__in=held).select_related("person") if held else ()
        known = {link.ticket_id: link for link in rows}
        request._guest_links = known  # type: ignore[attr-defined]
    return known


def revoke_links(ticket: Ticket) -> int:
    """End every link of a ticket at once; returns how many there were."""
    return GuestLink.objects.filter(ticket=ticket, revoked_at=None).update(revoked_at=timezone.now())


def forget_ended() -> int:
    """Delete the links that have ended for good. Returns how many."""
    now = timezone.now()
    ended = Q(ticket__closed_at__lt=now - AFTER_CLOSING) | Q(revoked_at__lt=now) | Q(expires_at__lt=now)
    return GuestLink.objects.filter(ended).delete()[0]


def _held(request: HttpRequest) -> list[int]:
    return [pk for pk in request.session.get(_SESSION_KEY, []) if isinstance(pk, int)]


def _forget(request: HttpRequest) -> None:
    if hasattr(request, "_guest_links"):
        del request._guest_links


def _living() -> QuerySet[GuestLink]:
    now = timezone.now()
    return GuestLink.objects.filter(
        Q(ticket__closed_at=None) | Q(ticket__closed_at__gt=now - AFTER_CLOSING),
        revoked_at=None,
        expires_at__gt=now,
        person__is_active=True,
        person=F("ticket__requester"),
        ticket__deleted_at=None,
    )
