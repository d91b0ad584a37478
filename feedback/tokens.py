"""The token of a link that takes an answer: derived from the id of the survey (or of what else asks), so that
its mail can be rendered again. Pure of rows.

130 bits of HMAC-SHA-256 (RFC 2104) in lower-case base32 (RFC 4648). Only the SHA-256 of the token is stored,
so a link goes on working when SECRET_KEY is replaced; a mail still to be rendered needs the old key among the
fallbacks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.conf import settings


def new_token(pk: int, of: str = "survey") -> str:
    """The token of survey `pk`, or of that row of another kind, under the present key."""
    return _derive(pk, of, settings.SECRET_KEY)


def find_token(pk: int, token_hash: str | None, of: str = "survey") -> str | None:
    """The token whose hash was stored, under whichever known key it was made; None if that key is gone."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derive(pk, of, key)
        if token_hash and hmac.compare_digest(hash_token(token), token_hash):
            return token
    return None


def hash_token(token: str) -> str:
    """What is stored of a token: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(pk: int, of: str, key: str) -> str:
    secret = hashlib.sha256(b"feedback.tokens:" + key.encode()).digest()
    digest = hmac.new(secret, f"{of}:{pk}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:26]
