"""Connections that an administrator's entry makes us open: to public machines, and to listed ones of our own.

A name is resolved once, every address it has is judged before any packet leaves, and the connection goes to
the very address that was judged, so that a second answer of the name server changes nothing. There are no
redirects here: whoever needs another target asks again.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext as _

CONNECT_SECONDS = 5.0  # for each of at most two addresses
_NAME = re.compile(r"(?i)^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9.])?$")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """This target may not be connected to; the text says why and may be shown."""


class Unknown(Exception):
    """No address belongs to this name; the text may be shown."""


def connect(host: str, port: int, *, ports: Collection[int], only_own: bool = False) -> socket.socket:
    """A connection to an address that `judge` allows. Raises Refused, Unknown and OSError."""
    problem: OSError | None = None
    for address in judge(host, port, ports=ports, only_own=only_own)[:2]:
        try:
            return socket.create_connection((str(address), port), timeout=CONNECT_SECONDS)
        except OSError as error:
            problem = error
    assert problem is not None
    raise problem


def judge(host: str, port: int, *, ports: Collection[int], only_own: bool = False) -> list[Address]:
    """The addresses of a host that may be connected to. Raises Refused and Unknown; no packet goes there.

    `ports` are those of the protocol: others are for listed targets alone, as all are with `only_own`.
    """
    demand_name(host)
    if _is_listed_name(host):
        return _addresses(host, port)
    addresses = _addresses(host, port)
    listed = [one for one in addresses if _is_listed(one)]
    if len(listed) == len(addresses):
        return addresses
    if only_own:
        raise Refused(
            _("Passwords are not sent without TLS. Choose TLS, or list %(host)s in PRIVATE_TARGETS.")
            % {"host": host}
        )
    if not all(_is_public(one) or one in listed for one in addresses):
        raise Refused(
            _("%(host)s is not a public address. List it in PRIVATE_TARGETS if it is a server of yours.")
            % {"host": host}
        )
    if port not in ports:
        raise Refused(
            _("Port %(port)s is not for this. List %(host)s in PRIVATE_TARGETS if it is a server of yours.")
            % {"port": port, "host": host}
        )
    return addresses


def demand_name(host: str) -> None:
    """Raise Refused for what is neither a host name nor an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not _NAME.match(host):
            raise Refused(_("Enter a host name, such as imap.example.com.")) from None


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unknown(_("There is no server named %(host)s.") % {"host": host}) from None
    unique = dict.fromkeys(str(place[4][0]).partition("%")[0] for place in found)
    return [ipaddress.ip_address(one) for one in unique]


def _is_public(address: Address) -> bool:
    """Whether anybody on the internet may have it: nothing private, local, shared, mapped or reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return _is_public(inner)
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


def _is_listed_name(host: str) -> bool:
    return host.lower().rstrip(".") in {one.lower().rstrip(".") for one in settings.PRIVATE_TARGETS}


def _is_listed(address: Address) -> bool:
    for one in settings.PRIVATE_TARGETS:
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError:
            continue
        if address.version == network.version and address in network:
            return True
    return False
