"""How often somebody may try to sign in, or have mail sent. The numbers are settings; the counts are rows."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from helpdesk import limits
from tickets.models import User

_DEVICE_COOKIE = "device"
_DEVICE_SALT = "helpdesk.accounts.device"
_A_YEAR = timedelta(days=365)


def wait(name: str, **who: str | int) -> timedelta | None:
    """Count one try at `name` against each of its limits (`settings.TRIES`): how long to wait, or None.

    `who` gives the values of the things that the limits count by: `address`, `account`, `mail`.
    """
    waits = [
        limits.wait_for(f"{name} {by} {per}", who[by], limit=limit, per=per)
        for by, limit, per in settings.TRIES[name]
        if by in who
    ]
    return max((one for one in waits if one is not None), default=None)


def address_of(request: HttpRequest) -> str:
    """Whom to count: the client's IPv4 address, or the /64 network of its IPv6 address."""
    text = request.META.get("REMOTE_ADDR") or ""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    return str(ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)


def sign_in(request: HttpRequest, email: str) -> timedelta | None:
    """Count one try with a password. A device that has signed in to the account before is counted apart, so
    that strangers who guess at an account do not lock its owner out."""
    account = email.lower()
    if knows(request, account):
        return wait("sign-in", pair=f"device {account}", address=address_of(request))
    address = address_of(request)
    return wait("sign-in", pair=f"{address} {account}", account=account, address=address)


def remember_device(response: HttpResponse, user: User, *, secure: bool) -> None:
    """Mark this browser as one from which the person has signed in."""
    response.set_cookie(
        _DEVICE_COOKIE,
        signing.dumps(user.email, salt=_DEVICE_SALT),
        max_age=int(_A_YEAR.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def knows(request: HttpRequest, account: str) -> bool:
    """Whether the account has signed in from this browser before."""
    try:
        known = signing.loads(request.COOKIES.get(_DEVICE_COOKIE, ""), salt=_DEVICE_SALT, max_age=_A_YEAR)
    except signing.BadSignature:
        return False
    return bool(known == account)
