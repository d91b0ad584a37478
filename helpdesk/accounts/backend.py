"""Who may sign in with a password."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from helpdesk.accounts.reading import signed_in
from tickets.models import User

DEMO_PASSWORD = "demo"  # noqa: S105 - printed at every start, refused outside the demo


class Backend(AuthenticationBackend):
    """allauth's, except that the well-known password of the demo people opens nothing outside the demo."""

    def get_user(self, user_id: Any) -> User | None:
        """Whose session it is, with what every page asks of them."""
        person = signed_in(int(user_id))
        return person if person is not None and self.user_can_authenticate(person) else None

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        if credentials.get("password") == DEMO_PASSWORD and not settings.DEMO:
            self._mitigate_timing_attack(DEMO_PASSWORD)
            return None
        return super().authenticate(request, **credentials)
