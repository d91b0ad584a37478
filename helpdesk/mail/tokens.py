"""Secrets in our mail: the reply address and our Message-IDs. Both are signed, so nobody can make one up.

The reply token sits in the plus part of a support address (RFC 5233 subaddress):
`support+r42-7-<signature>@…` says ticket 42, given to person 7. It must survive mail systems that lower the
case, so it has digits and a-z only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from django.conf import settings

_REPLY = re.compile(r"^r(\d{1,18})-(\d{1,18})-([a-z2-7]{26})$")
_SIDE_TALK = re.compile(r"^s(\d{1,18})-([a-z2-7]{26})$")
_BOUNCE = re.compile(r"^b(\d{1,18})-([a-z2-7]{26})$")
_MESSAGE_ID = re.compile(r"^d(\d{1,18})\.([a-z2-7]{26})@")


def reply_address(box: str, ticket: int, person: int) -> str:
    """The address to which `person` answers on `ticket`; `box` is the support address."""
    local, _, domain = box.partition("@")
    return f"{local}+r{ticket}-{person}-{_sign(f'reply:{ticket}:{person}')}@{domain}"


def read_reply_address(address: str) -> tuple[int, int] | None:
    """(ticket id, person id) of a reply address that we gave out, else None."""
    local = address.lower().partition("@")[0]
    match = _REPLY.match(local.partition("+")[2])
    if not match:
        return None
    ticket, person, signature = int(match[1]), int(match[2]), match[3]
    return (ticket, person) if _holds(f"reply:{ticket}:{person}", signature) else None


def side_talk_address(box: str, talk: int) -> str:
    """The address to which somebody outside answers in a side conversation; `box` is the support address."""
    local, _, domain = box.partition("@")
    return f"{local}+s{talk}-{_sign(f'side talk:{talk}')}@{domain}"


def read_side_talk_address(address: str) -> int | None:
    """The side conversation of an address that we gave out, else None."""
    match = _SIDE_TALK.match(address.lower().partition("@")[0].partition("+")[2])
    if not match:
        return None
    talk = int(match[1])
    return talk if _holds(f"side talk:{talk}", match[2]) else None


def bounce_address(box: str, delivery: int) -> str:
    """Where the news goes that a delivery failed (its envelope sender); `box` is the support address."""
    local, _, domain = box.partition("@")
    return f"{local}+b{delivery}-{_sign(f'bounce:{delivery}')}@{domain}"


def read_bounce_address(address: str) -> int | None:
    """The delivery of a bounce address that we gave out, else None."""
    match = _BOUNCE.match(address.lower().partition("@")[0].partition("+")[2])
    if not match:
        return None
    delivery = int(match[1])
    return delivery if _holds(f"bounce:{delivery}", match[2]) else None


def message_id(delivery: int) -> str:
    """Our Message-ID for a delivery, without angle brackets: the same at every try."""
    return f"d{delivery}.{_sign(f'delivery:{delivery}')}@{settings.MAIL_DOMAIN}"


def read_message_id(value: str) -> int | None:
    """The delivery whose Message-ID (without angle brackets) this is, else None. Forged ones are None."""
    match = _MESSAGE_ID.match(value.strip().strip("<>").lower())
    if not match:
        return None
    delivery = int(match[1])
    return delivery if _holds(f"delivery:{delivery}", match[2]) else None


def is_of_another_installation(value: str) -> bool:
    """A Message-ID of our form that is not ours: another installation of this product gave it out."""
    return bool(_MESSAGE_ID.match(value.strip().strip("<>").lower())) and read_message_id(value) is None


def _sign(text: str, key: str | None = None) -> str:
    """130 bits of HMAC-SHA-256 (RFC 2104), in lower-case base32 (RFC 4648)."""
    secret = hashlib.sha256(b"helpdesk.mail.tokens:" + (key or settings.SECRET_KEY).encode()).digest()
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def _holds(text: str, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any([hmac.compare_digest(_sign(text, key), signature) for key in keys])  # noqa: C419 - every key is tried, so that the time tells nothing
