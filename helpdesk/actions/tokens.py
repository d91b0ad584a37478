"""API tokens: made, used, ended."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.models import ApiToken
from tickets import access
from tickets.actions import NotAllowed
from tickets.events import record
from tickets.models import User
from tickets.text import clean_line

NOTED_EVERY = timedelta(minutes=1)
"""How exact an API token's last use is kept: not every request needs to write."""


def digest(secret: str) -> str:
    """The form in which a handed-out secret is kept: SHA-256, as the secrets are random and need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_token(
    person: User,
    *,
    by: User | None,
    name: str = "",
    days: int | None = None,
    at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for the API. The second value is the secret, shown once: only its digest is kept.

    It ends after `days` (default: `settings.API_TOKEN_DAYS`). People make tokens for themselves only.
    """
    if by is not None and by.pk != person.pk:
        raise NotAllowed(_("You may make tokens for yourself only."))
    if not person.is_active:
        raise NotAllowed(_("%(name)s is deactivated.") % {"name": person})
    at = at or timezone.now()
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            person=person,
            name=clean_line(name, 100),
            token_hash=digest(secret),
            created_at=at,
            expires_at=at + timedelta(days=days or settings.API_TOKEN_DAYS),
        )
        record("token.issued", subject=token, by=by, at=at, data={"person": person.pk, "token": token.pk})
    return token, secret


def revoke_token(token: ApiToken, *, by: User | None, at: datetime | None = None) -> ApiToken:
    """The token works no more from the next request on. For its person and for administrators."""
    if by is not None and by.pk != token.person_id and not access.can_administer(by):
        raise NotAllowed(_("You may end your own tokens only."))
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(pk=token.pk)
        if token.revoked_at is None:
            token.revoked_at = at or timezone.now()
            token.save(update_fields=["revoked_at"])
            data = {"person": token.person_id, "token": token.pk}
            record("token.revoked", subject=token, by=by, at=token.revoked_at, data=data)
        return token


def use_token(secret: str, *, at: datetime | None = None) -> ApiToken | None:
    """The token that a request presents, with its person; None if unknown, ended, or its person
    deactivated."""
    at = at or timezone.now()
    token = (
        ApiToken.objects.select_related("person", "person__organization")
        .filter(token_hash=digest(secret), revoked_at=None, person__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=at))
        .first()
    )
    if token is not None and (token.last_used_at is None or token.last_used_at < at - NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token
