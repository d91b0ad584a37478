"""What follows from a sign-in: a proven address, and a line in the security log (who, what, from where)."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from helpdesk.accounts import tries
from tickets import actions
from tickets.models import User

security = logging.getLogger("helpdesk.security")


@receiver(authentication_step_completed)
def prove_address(user: User, method: str, **kwargs: Any) -> None:
    """Whoever entered a code that was mailed to an address has proven it."""
    if method == "code" and kwargs.get("email") == user.email:
        actions.prove_address(user)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    _note("signed in", request, user)


@receiver(user_logged_out)
def note_sign_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _note("signed out", request, user)


@receiver(user_login_failed)
def note_refusal(request: HttpRequest | None = None, **kwargs: Any) -> None:
    _note("sign-in refused", request, None)


@receiver([password_changed, password_set, password_reset])
def note_password(request: HttpRequest, user: User, **kwargs: Any) -> None:
    _note("password replaced", request, user)


def _note(what: str, request: HttpRequest | None, user: User | None) -> None:
    """Numbers and addresses of machines only: the log holds no names and no secrets."""
    place = tries.address_of(request) if request is not None else "-"
    security.info("%s: person %s from %s", what, user.pk if user else "-", place)
