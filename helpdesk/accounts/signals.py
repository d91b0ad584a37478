"""Whoever entered a code that was mailed to an address has proven it."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed
from django.dispatch import receiver

from tickets import actions
from tickets.models import User


@receiver(authentication_step_completed)
def prove_address(user: User, method: str, **kwargs: Any) -> None:
    if method == "code" and kwargs.get("email") == user.email:
        actions.prove_address(user)
