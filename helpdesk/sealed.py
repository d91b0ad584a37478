"""Small secrets kept in the database until they are used: a code that is still to be mailed, a link."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The bytes were sealed with a key that is no longer known, or were changed since."""


def seal(value: Any) -> bytes:
    """Encrypt something that JSON can hold (Fernet, key derived from SECRET_KEY by HKDF, RFC 5869)."""
    return _box().encrypt(json.dumps(value).encode())


def unseal(sealed: bytes | memoryview) -> Any:
    """What was sealed, also with a former key (SECRET_KEY_FALLBACKS). Raises Unreadable."""
    try:
        return json.loads(_box().decrypt(bytes(sealed)))
    except InvalidToken as error:
        raise Unreadable from error


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret: str) -> bytes:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"helpdesk.sealed")
    return base64.urlsafe_b64encode(derive.derive(secret.encode()))
