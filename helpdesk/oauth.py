"""Access tokens for mailboxes: a refresh token is exchanged for them as needed (RFC 6749 section 6)."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from helpdesk import targets

ANSWER_BYTES = 64 * 1024
EARLY = 300
"""Seconds before its end from which a token counts as over."""

PROVIDERS = {
    "microsoft": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    "google": "https://oauth2.googleapis.com/token",
}


class Refused(Exception):
    """The provider does not take the refresh token or the client any more."""


class Unanswered(Exception):
    """The provider could not be asked, or gave no token."""


def renewed(secret: dict[str, Any]) -> dict[str, Any]:
    """The secret with an access token that holds for some minutes; the very same where it does already.

    The provider may give a new refresh token with it, which then replaces the old one: what this returns must
    be kept. Raises Refused, Unanswered, and `targets.Refused`.
    """
    if secret.get("access_token") and secret.get("expires_at", 0) - EARLY > time.time():
        return secret
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": secret.get("refresh_token", ""),
        "client_id": secret.get("client_id", ""),
    }
    if secret.get("client_secret"):
        asked["client_secret"] = secret["client_secret"]
    said = _post(secret.get("token_url", ""), asked)
    token, seconds, fresh = said.get("access_token"), said.get("expires_in", 3600), said.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise Unanswered
    lasts = int(seconds) if isinstance(seconds, (int, float)) or str(seconds).isdigit() else 3600
    return secret | {
        "access_token": token,
        "expires_at": int(time.time()) + lasts,
        "refresh_token": fresh if isinstance(fresh, str) and fresh else asked["refresh_token"],
    }


def _post(url: str, fields: dict[str, str]) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Unanswered
    line = _Line(parts.hostname, parts.port or 443, timeout=10.0, context=ssl.create_default_context())
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path or "/", urlencode(fields), {
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
        })  # fmt: skip
        answer = line.getresponse()
        body = answer.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException, targets.Unknown) as error:
        raise Unanswered from error
    finally:
        line.close()
    if answer.status in (400, 401, 403):
        raise Refused
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Unanswered from error
    if answer.status != 200 or not isinstance(said, dict):
        raise Unanswered
    return said


class _Line(http.client.HTTPSConnection):
    """A connection that goes to a judged address (`helpdesk.targets`)."""

    def connect(self) -> None:
        line = targets.connect(self.host, self.port, ports=(443,))
        line.settimeout(self.timeout)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(line, server_hostname=self.host)
