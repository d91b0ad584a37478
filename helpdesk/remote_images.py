"""Pictures on other hosts that a mail names, fetched by us once a reader asked for them.

The reader's browser never asks a sender's host for anything: we do, without cookie, referrer or name of the
reader, and hand over what we wrote anew. Which machines may be asked is decided by `helpdesk.targets`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from helpdesk import targets
from helpdesk.inline_images import LARGEST_FILE, LARGEST_SUM, MOST_IMAGES, as_address

SECONDS = 8.0
"""For all pictures of a mail together; what has not come by then stays an empty place."""
PORTS = (80, 443)
_AT_ONCE = 6


def fetched(addresses: Iterable[str]) -> dict[str, str]:
    """Web address → `data:` address of each picture that could be had within `SECONDS`. Never raises."""
    wanted = list(dict.fromkeys(addresses))[:MOST_IMAGES]
    if not wanted:
        return {}
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pictures = list(pool.map(lambda address: _picture(address, until), wanted))
    found: dict[str, str] = {}
    room = LARGEST_SUM
    for address, picture in zip(wanted, pictures, strict=True):
        if picture and len(picture) <= room:
            found[address] = picture
            room -= len(picture)
    return found


def _picture(address: str, until: float) -> str:
    try:
        return as_address(_get(address, until))
    except (OSError, ValueError, http.client.HTTPException, targets.Refused, targets.Unknown):
        return ""


def _get(address: str, until: float) -> bytes:
    """The body of a plain 200; no redirect is followed. Raises ValueError for everything else."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname.encode("idna").decode("ascii") if not parts.hostname.isascii() else parts.hostname
    if time.monotonic() > until:
        raise TimeoutError
    line = targets.connect(host, port, ports=PORTS)
    end = threading.Timer(max(0.1, until - time.monotonic()), _cut, [line])
    end.start()  # who sends a byte now and then keeps no reader waiting
    try:
        with line:
            return _body(_asked(line, parts, host, port), until)
    finally:
        end.cancel()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _asked(line: socket.socket, parts: SplitResult, host: str, port: int) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(host, port)
    connection.sock = line
    if parts.scheme == "https":
        connection.sock = ssl.create_default_context().wrap_socket(line, server_hostname=host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("GET", path, headers={"Accept": "image/*", "User-Agent": "Helpdesk"})
    answer = connection.getresponse()
    if answer.status != http.HTTPStatus.OK:
        raise ValueError(answer.status)
    return answer


def _body(answer: http.client.HTTPResponse, until: float) -> bytes:
    data = bytearray()
    while chunk := answer.read1(64 * 1024):
        data += chunk
        if len(data) > LARGEST_FILE or time.monotonic() > until:
            raise ValueError("too large or too slow")
    return bytes(data)
