"""What allauth asks us: where mail goes, where people go, how often they may try."""

from __future__ import annotations

import logging
import math
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from helpdesk.accounts import sessions, tries
from helpdesk.models import ApiToken
from helpdesk.outbox import queue_account_mail
from tickets.models import User

security = logging.getLogger("helpdesk.security")

_MAILS = {
    "account/email/login_code": "account.code",
    "account/email/unknown_account": "account.unknown",
    "account/email/password_reset_key": "account.reset",
    "account/email/password_changed": "account.password_changed",
    "account/email/password_set": "account.password_changed",
    "account/email/password_reset": "account.password_changed",
}
_SAID = {
    "account/messages/password_changed.txt": gettext_lazy("Your password is changed."),
    "account/messages/password_set.txt": gettext_lazy("Your password is set."),
    "account/messages/logged_out.txt": gettext_lazy("You are signed out."),
}


class Adapter(DefaultAccountAdapter):
    """All mail leaves through the outbox; every refusal says what to do next."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("The email address and the password do not match."),
        "incorrect_code": gettext_lazy("This is not the code from the newest email. Enter it again."),
        "too_many_login_attempts": gettext_lazy("This code has ended. Ask for a new one."),
        "enter_current_password": gettext_lazy("Enter your current password"),
        "invalid_password_reset": gettext_lazy("This link no longer works."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue what allauth wants to send. Raises KeyError for a mail that we have no text for."""
        template = _MAILS[template_prefix]
        person = User.objects.filter(email=email.lower(), is_active=True).first()
        words = self._words(template, context)
        queue_account_mail(email, template, person=person, words=words, language=get_language() or "")

    def _words(self, template: str, given: dict[str, Any]) -> dict[str, str]:
        site = settings.PUBLIC_URL
        if template == "account.code":
            link = reverse("account_confirm_login_code") + "?" + urlencode({"code": given["code"]})
            minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
            return {"code": given["code"], "link": site + link, "minutes": str(minutes)}
        if template == "account.reset":
            return {"link": given["password_reset_url"]}
        route = "portal:new" if template == "account.unknown" else "account_reset_password"
        return {"link": site + reverse(route)}

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Built from our own address, never from what the request claims to be ours."""
        uid, _dash, token = key.partition("-")
        return settings.PUBLIC_URL + reverse("account_reset_password_from_key", args=[uid, token])

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise a validation error when this is one try too many."""
        wait = tries.sign_in(request, credentials.get("email") or "")
        if wait is not None:
            raise too_many(request, wait)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        sessions.begin(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        tries.remember_device(response, user, secure=request.is_secure())
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Members go to the desk, everybody else to their tickets."""
        return home_of(request.user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_preferences")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return "/"

    def set_password(self, user: User, password: str) -> None:
        """Write the new password alone (never a stale row), and end the person's API tokens with it."""
        with transaction.atomic():
            user.set_password(password)
            user.save(update_fields=["password"])
            ApiToken.objects.filter(person=user, revoked_at=None).update(revoked_at=timezone.now())

    def is_safe_url(self, url: str | None) -> bool:
        request = context.request
        return is_own_path(request, url)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what is worth saying: that somebody is signed in shows by itself."""
        text = message or _SAID.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)


def too_many(request: HttpRequest, wait: timedelta) -> forms.ValidationError:
    """The refusal of one try too many; the view answers 429 with `Retry-After`."""
    request.wait = wait  # type: ignore[attr-defined]
    security.warning("one try too many at %s from %s", request.path, tries.address_of(request))
    minutes = math.ceil(wait.total_seconds() / 60)
    text = _("Too many tries. Wait %(minutes)s min, or use a one-time code.") % {"minutes": minutes}
    return forms.ValidationError(text, code="too_many")


def home_of(user: Any) -> str:
    """Where somebody goes after signing in."""
    if getattr(user, "is_member", False):
        return "/desk/"
    return reverse("portal:tickets")


def is_own_path(request: HttpRequest, url: str | None) -> bool:
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
