"""Sign-in by token: `Authorization: Token …`. Every refusal reads the same, whatever was wrong with it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from helpdesk import actions
from helpdesk.models import ApiToken
from tickets.models import User


class TokenAuthentication(BaseAuthentication):
    """The person whose token it is. Revoked, ended and unknown tokens and those of deactivated people fail
    alike."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = get_authorization_header(request).decode("latin-1")
        if not header:
            return None
        keyword, _space, secret = header.partition(" ")
        token = actions.use_token(secret.strip()) if keyword.lower() == self.keyword.lower() else None
        if token is None:
            raise AuthenticationFailed(_("This token does not work. Make a new one in your settings."))
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
